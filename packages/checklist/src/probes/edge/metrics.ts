import type { Probe } from '../../answers/answer.ts'
import { addresses, checkKey, withKey } from '../../looks/edge-answers.ts'
import { exposure } from '../../looks/exposure.ts'
import { ask, type HttpAnswer, type Said } from '../../looks/exact-request.ts'
import { NO_CONFIG } from './listeners.ts'
import { gatewayProbe, judgeSaid } from './said.ts'

/** Series that every gateway has, in the text format. */
const OURS = /^# TYPE sallyport_\w+ /m

export const served: Probe = gatewayProbe(
  {
    title: 'The admin listener serves metrics in the text format of Prometheus',
    remedy: 'let nothing answer in place of the admin listener',
  },
  async ({ deployment }, signal) => {
    const url = `${addresses(deployment).admin}/metrics`
    const key = await checkKey(deployment, signal)
    const reply = await ask(url, withKey({}, key.reveal()), signal)
    return judgeSaid([{ request: `GET ${url} with a key`, reply }], ({ status, text, headers }) => {
      if (status !== 200) return `answers ${status} instead of 200`
      if (!OURS.test(text)) return 'answers 200 without a series of the gateway'
      const type = headers['content-type'] ?? 'nothing'
      return type.startsWith('text/plain') ? undefined : `answers ${type} instead of text/plain`
    })
  },
)

export const isProtected: Probe = gatewayProbe(
  {
    title: 'Beyond loopback nobody reads metrics without a key',
    remedy: 'set `metrics.protect` to true, and pass no `/metrics` on in the proxy',
  },
  async ({ deployment, config }, signal) => {
    const known = await exposure(deployment, signal)
    if (known === undefined) return NO_CONFIG
    const { admin, data, open } = addresses(deployment)
    const said: Said[] = [await tell(`${data}/metrics`, signal)]
    if (open !== undefined) said.push(await tell(`${open}/metrics`, signal))
    const isOpen = known.published?.some(({ target }) => Number(target) === config?.admin.port)
    const reach = known.listeners.find(({ key }) => key === 'admin')?.reach
    if (isOpen === true || reach !== 'loopback') said.push(await tell(`${admin}/metrics`, signal))
    return judgeSaid(said, openFault)
  },
)

function openFault({ status, text }: HttpAnswer): string | undefined {
  return status < 400 && /^# (?:TYPE|HELP) \w+/m.test(text)
    ? `answers ${status} with series to anybody`
    : undefined
}

async function tell(url: string, signal: AbortSignal): Promise<Said> {
  return { request: `GET ${url} without a key`, reply: await ask(url, {}, signal) }
}
