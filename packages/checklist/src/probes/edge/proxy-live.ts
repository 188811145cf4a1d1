import { healthDetail } from '@sallyport/contract/admin'
import { type Finding, type Probe, proved, unproved } from '../../answers/answer.ts'
import { type Deployment, fact, type Fact } from '../../deployment.ts'
import { addresses, checkKey, FOREIGN, withKey } from '../../looks/edge-answers.ts'
import {
  ask,
  type AskOptions,
  type HttpAnswer,
  isAnswer,
  jsonOf,
  type Reply,
} from '../../looks/exact-request.ts'
import { authorities, mayCarryKey } from '../../looks/tls-look.ts'
import { NO_PUBLIC_URL, openProbe } from './open-probe.ts'
import { hiddenInFront, judgeSaid } from './said.ts'

/** Tells whose key the store holds: the same at the listener and at the public address only of one gateway. */
const MARK_PATH = '/.well-known/sallyport-callers.json'
const FIRST_EVENT_MS = 1_000

/** A finding about the live proxy, or nothing where there is only its file. */
export type Live = Finding | undefined

export const inFront: Probe = openProbe(
  {
    title: 'Requests to the public address pass a proxy and reach this gateway',
    remedy:
      'have the proxy pass the public address on to `listen`, and list its address in `trustedProxies`',
  },
  async ({ url }, deployment, signal) => {
    const { gateway, config } = deployment
    if (url === undefined) return NO_PUBLIC_URL
    if (gateway === undefined) return NO_GATEWAY
    const { data } = addresses(deployment)
    const own = await ask(`${data}${MARK_PATH}`, {}, signal)
    if (!isAnswer(own)) {
      const text = `what this gateway answers at ${data} cannot be compared with: ${own.unreached}`
      return unproved('http', text)
    }
    const asked = `${url.href.replace(/\/+$/, '')}${MARK_PATH}`
    const reply = await ask(asked, {}, signal)
    const fault = (answer: HttpAnswer): string | undefined => {
      if (answer.headers['x-request-id'] === undefined || answer.text !== own.text) {
        return `answers ${answer.status}, but not with what this gateway answers at ${data}`
      }
      if (config?.trustedProxies.length === 0) {
        return 'passes the proxy, but `trustedProxies` is empty, so that all callers share its address'
      }
      return undefined
    }
    return judgeSaid([{ request: `GET ${asked}`, reply }], fault, hiddenInFront)
  },
)

const NO_GATEWAY: Finding = unproved(
  'gateway',
  'no gateway runs here that could be asked',
  'start it with `sallyport up`',
)

/** Whether the key that is sent to the public address reaches the gateway. */
export async function liveAuthorization(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<Live> {
  return keyed(deployment, signal, async (url, options) => {
    const reply = await ask(`${url}/health`, options, signal)
    const fault = (answer: HttpAnswer): string | undefined => {
      if (answer.status === 401) return 'answers 401: the key does not arrive as it was sent'
      const isDetailed = healthDetail.safeParse(jsonOf(answer)).success
      return isDetailed ? undefined : 'answers as to somebody without a key'
    }
    return judgeSaid([{ request: `GET ${url}/health with a key`, reply }], fault, hiddenInFront)
  })
}

/** Whether the first event of a stream arrives while the stream goes on. */
export async function liveStream(deployment: Deployment, signal: AbortSignal): Promise<Live> {
  return keyed(deployment, signal, async (url, options) => {
    const headers = { ...options.headers, accept: 'text/event-stream' }
    const request = `GET ${url}/sse with a key`
    const asked = { ...options, headers, until: 'event', deadlineMs: FIRST_EVENT_MS } as const
    let reply: Reply = await ask(`${url}/sse`, asked, signal)
    // Once may be a machine that was busy.
    if (isSilent(reply)) reply = await ask(`${url}/sse`, asked, signal)
    if (isSilent(reply)) {
      const silent: HttpAnswer = { status: 0, headers: {}, text: '', tookMs: FIRST_EVENT_MS }
      return judgeSaid(
        [{ request, reply: silent }],
        () => `no event arrives within ${FIRST_EVENT_MS} ms`,
      )
    }
    if (!isAnswer(reply) || reply.status !== 200) {
      const words = isAnswer(reply)
        ? `answers ${reply.status} instead of a stream`
        : reply.unreached
      return unproved('http', `${request}: ${words}`)
    }
    return proved({ kind: 'http', text: `${request}: the first event after ${reply.tookMs} ms` })
  })
}

function isSilent(reply: Reply): boolean {
  return !isAnswer(reply) && reply.unreached.startsWith('no answer')
}

/** Whether the proxy lets a foreign name through as one that the gateway knows. */
export const foreignThrough: Fact<Live> = fact(async (deployment, signal) => {
  const { open } = addresses(deployment)
  if (open === undefined || deployment.gateway === undefined) return undefined
  const request = `GET ${open}/health/live with a foreign Host`
  const reply = await ask(`${open}/health/live`, { headers: { host: FOREIGN } }, signal)
  // What the proxy answers by itself says nothing of what it passes on.
  if (!isAnswer(reply) || reply.headers['x-request-id'] === undefined) return undefined
  return judgeSaid([{ request, reply }], ({ status }) =>
    status === 403 ? undefined : `the gateway answers ${status}, as the proxy gave it another Host`,
  )
})

/** With a key that is sent only where the certificate is valid. */
async function keyed(
  deployment: Deployment,
  signal: AbortSignal,
  look: (url: string, options: AskOptions) => Promise<Finding>,
): Promise<Live> {
  const { open } = addresses(deployment)
  if (open === undefined || deployment.gateway === undefined) return undefined
  if (!open.startsWith('https:') || !(await mayCarryKey(deployment, signal))) {
    return unproved(
      'tls',
      `no key is sent to ${open}, as its certificate is not valid`,
      'mend TLS first',
    )
  }
  const key = await checkKey(deployment, signal)
  const trusted = await authorities(deployment, signal)
  return look(open, { ...withKey({}, key.reveal()), authorities: trusted })
}
