import { AppError } from '@sallyport/kit/errors'
import { failed, type Probe, proved, unproved } from '../../answers/answer.ts'
import { prometheusApi } from '../../looks/prometheus.ts'
import { noPrometheus, throughPrometheus } from './through-prometheus.ts'

/** `prometheus/reachable` */
export const prometheusReachable: Probe = {
  kind: 'probe',
  title: 'Prometheus answers, and runs the configuration that it was last given',
  remedy: 'start Prometheus, or correct `checklist.prometheus.url`',
  async look(deployment, signal) {
    const api = await prometheusApi(deployment, signal)
    if (api === undefined) return noPrometheus()
    try {
      const version = await api.version(signal)
      const { reloadConfigSuccess } = await api.runtime(signal)
      if (!reloadConfigSuccess) {
        const text = `${api.url} refused its last configuration and runs an older one`
        return failed([{ kind: 'http', text }], 'correct what `promtool check config` names')
      }
      return proved({ kind: 'http', text: `${api.url} answers as Prometheus ${version}` })
    } catch (thrown) {
      signal.throwIfAborted()
      if (thrown instanceof AppError && thrown.code === 'server_unauthorized') {
        const remedy = 'name an address of Prometheus that this machine may ask without a login'
        return unproved('http', thrown.message, remedy)
      }
      return failed([{ kind: 'http', text: AppError.from(thrown).message }])
    }
  },
}

/** Incidents are looked at days later. */
const KEPT_DAYS_MIN = 7

/** `prometheus/retention` */
export const prometheusRetention: Probe = {
  kind: 'probe',
  title: `Prometheus keeps what it measured for ${KEPT_DAYS_MIN} days or more`,
  remedy: 'start Prometheus with `--storage.tsdb.retention.time=30d`',
  look: throughPrometheus(async (api, _deployment, signal) => {
    const { storageRetention } = await api.runtime(signal)
    const days = daysOf(storageRetention)
    const text = `${api.url} keeps samples for ${storageRetention}`
    if (days === undefined) return unproved('http', `${text}, which says nothing of their age`)
    return days < KEPT_DAYS_MIN ? failed([{ kind: 'http', text }]) : proved({ kind: 'http', text })
  }),
}

const DAYS = { y: 365, w: 7, d: 1, h: 1 / 24, m: 1 / 1_440, s: 1 / 86_400, ms: 1 / 86_400_000 }
const SPAN = /(\d+)(ms|[ywdhms])/g

/** Days of a retention like `1w2d` or `15d or 512MiB`; undefined where only a size bounds it. */
function daysOf(retention: string): number | undefined {
  const time = retention.split(' or ').find((part) => /^(?:\d+(?:ms|[ywdhms]))+$/.test(part))
  if (time === undefined) return undefined
  const parts = time.matchAll(SPAN)
  return [...parts].reduce(
    (days, [, count, unit]) => days + Number(count) * DAYS[unit as keyof typeof DAYS], // what the pattern takes
    0,
  )
}
