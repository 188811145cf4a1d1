import { AppError } from '@sallyport/kit/errors'
import {
  failed,
  type Finding,
  judged,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import {
  askGrafana,
  type Dashboard,
  grafanaDashboards,
  grafanaHealth,
} from '../../looks/grafana.ts'
import { prometheusApi } from '../../looks/prometheus.ts'
import { readPromql } from '../../looks/promql.ts'
import { DECLARE_PROMETHEUS, orUnseen } from './through-prometheus.ts'

const REACH = 'start Grafana, or correct `checklist.grafana.url`'

function none(): Finding {
  const remedy = 'name the Grafana that shows the figures as `checklist.grafana.url`'
  return unproved('config', 'no Grafana is declared under `checklist.grafana`', remedy)
}

/** `grafana/reachable` */
export const grafanaReachable: Probe = {
  kind: 'probe',
  title: 'Grafana answers, and so does its database',
  remedy: REACH,
  async look({ settings: { grafana } }, signal) {
    if (grafana === undefined) return none()
    try {
      const { database, version = 'of an unknown version' } = await grafanaHealth(
        grafana.url,
        signal,
      )
      const text = `${grafana.url} answers as Grafana ${version}, its database is ${database}`
      return database === 'ok' ? proved({ kind: 'http', text }) : failed([{ kind: 'http', text }])
    } catch (thrown) {
      signal.throwIfAborted()
      return failed([{ kind: 'http', text: AppError.from(thrown).message }])
    }
  },
}

const DEFAULT_USER = { user: 'admin', password: 'admin' }

/** `grafana/password` */
export const grafanaPassword: Probe = {
  kind: 'probe',
  title: 'Grafana refuses the password that it ships with',
  remedy: 'change it with `grafana-cli admin reset-admin-password`',
  look({ settings: { grafana } }, signal) {
    if (grafana === undefined) return Promise.resolve(none())
    return orUnseen(judgePassword(grafana.url, signal), REACH)
  },
}

async function judgePassword(url: string, signal: AbortSignal): Promise<Finding> {
  const { status } = await askGrafana(url, '/api/user', signal, DEFAULT_USER)
  const text = `${url} answers ${status} to admin with the password admin`
  if (status === 200) return failed([{ kind: 'http', text }])
  if (status === 401) return proved({ kind: 'http', text })
  return unproved('http', `${text}, which tells nothing`, REACH)
}

/** `grafana/dashboards` */
export const grafanaDashboardsShown: Probe = {
  kind: 'probe',
  title:
    'Grafana has a dashboard of the gateway, and every series that its panels draw is measured',
  remedy: 'import a dashboard that draws `sallyport_` series',
  deadlineMs: 20_000,
  look(deployment, signal) {
    if (deployment.settings.grafana === undefined) return Promise.resolve(none())
    return orUnseen(judgeDashboards(deployment, deployment.settings.grafana, signal), REACH)
  },
}

async function judgeDashboards(
  deployment: Deployment,
  { url, user, password }: NonNullable<Deployment['settings']['grafana']>,
  signal: AbortSignal,
): Promise<Finding> {
  const as = password === undefined ? undefined : { user, password: password.reveal() }
  const found = await grafanaDashboards(url, signal, as)
  if (found === undefined) {
    const who = as === undefined ? 'nobody in particular' : user
    const remedy =
      'give the password of a user that may see dashboards as `checklist.grafana.password`'
    return unproved('http', `${url} shows no dashboards to ${who}`, remedy)
  }
  const { dashboards, isCut } = found
  const own = dashboards.filter((each) =>
    seriesOf(each).some((name) => name.startsWith('sallyport_')),
  )
  if (own.length === 0) {
    const text = `none of ${dashboards.length} dashboards of ${url} draws a series of the gateway`
    return isCut
      ? unproved('http', `${text}, and there are more than were looked at`)
      : failed([{ kind: 'http', text }])
  }
  const api = await prometheusApi(deployment, signal)
  if (api === undefined) {
    const text = 'whether what the dashboards draw is measured cannot be seen'
    return unproved('config', text, DECLARE_PROMETHEUS)
  }
  const daySeconds = 86_400
  const known = await api.seriesNames(deployment.clock.nowMs() / 1_000 - daySeconds, signal)
  const faults = own.flatMap((dashboard) => emptyPanels(dashboard, known))
  const titles = own.map(({ title }) => title).join(', ')
  const finding = judged(faults, [
    { kind: 'http', text: `every panel of ${titles} has its series` },
  ])
  const remedy = 'correct the panels that it names, or scrape what exports their series'
  return faults.length > 0 ? { ...finding, remedy } : finding
}

function seriesOf({ panels }: Dashboard): string[] {
  return panels.flatMap(({ expressions }) => expressions.flatMap(namesIn))
}

/** Names that stand for themselves; what a variable fills in is not known here. */
function namesIn(expression: string): string[] {
  const { selectors } = readPromql(expression)
  return selectors.map(({ name }) => name).filter((name) => name !== '')
}

function emptyPanels({ title, panels }: Dashboard, known: ReadonlySet<string>): Seen[] {
  return panels.flatMap((panel) => {
    const missing = panel.expressions.flatMap(namesIn).filter((name) => !known.has(name))
    if (missing.length === 0) return []
    const names = [...new Set(missing)].join(', ')
    const text = `the panel ${panel.title} of ${title} draws ${names}, which nobody exports`
    return [{ kind: 'http' as const, text }]
  })
}
