import {
  failed,
  type Finding,
  judged,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import { ask, type HttpAnswer, isAnswer, jsonOf, type Reply } from '../../looks/exact-request.ts'
import { NO_PUBLIC_URL, type OpenPlace, openProbe } from './open-probe.ts'
import { healthBrief } from '@sallyport/contract/admin'

const LASTING = [301, 308]
const PORTS_MAX = 10

interface Asked {
  readonly url: string
  readonly reply: Reply
}

export const redirect: Probe = openProbe(
  {
    title: 'Plain HTTP is sent on to https for good',
    remedy:
      'answer plain HTTP with `return 308 https://$host$request_uri;` in nginx; Caddy does so by itself',
  },
  async (place, _deployment, signal) => {
    const { url } = place
    if (url === undefined) return NO_PUBLIC_URL
    const asked: Asked[] = []
    for (const port of plainPorts(place)) asked.push(await askPlain(url, port, signal))
    return judgeRedirects(asked, url)
  },
)

/** Where something answers in the clear it must send on to the public address. */
function judgeRedirects(asked: readonly Asked[], open: URL): Finding {
  const faults: Seen[] = []
  const good: Seen[] = []
  for (const { url, reply } of asked) {
    if (!isAnswer(reply)) continue
    const to = URL.parse(reply.headers['location'] ?? '', url)
    const text = `GET ${url}: ${reply.status}${to === null || reply.headers['location'] === undefined ? '' : ` to ${to.origin}`}`
    const isGood =
      LASTING.includes(reply.status) && to?.protocol === 'https:' && to.hostname === open.hostname
    if (isGood) good.push({ kind: 'http', text })
    else faults.push({ kind: 'http', text: `${text} instead of 301 or 308 to ${open.origin}` })
  }
  if (faults.length === 0 && good.length === 0) {
    const tried = asked.map(({ url }) => url).join(', ')
    return unproved(
      'http',
      tried === ''
        ? 'no plain port is known'
        : `nothing answers at ${tried}, so that nobody is sent on`,
    )
  }
  return judged(faults, good)
}

export const noPlain: Probe = openProbe(
  {
    title: 'The gateway answers nobody else in the clear',
    remedy:
      'set `publicUrl` to an https address, bind `listen` and `admin` to loopback, and let plain HTTP of the proxy do nothing but send on',
  },
  async (place, _deployment, signal) => {
    const { url, sites, exposure } = place
    const faults: Seen[] = sites
      .filter(({ listens }) => listens.some(({ isTls }) => !isTls))
      .flatMap(({ at, listens, program }) =>
        // Caddy sends on by itself where the site has TLS as well.
        program === 'caddy' && listens.some(({ isTls }) => isTls)
          ? []
          : [{ kind: 'file', text: `${at} passes MCP on from plain HTTP` } as const],
      )
    if (url === undefined) return faults.length > 0 ? failed(faults) : NO_PUBLIC_URL
    if (url.protocol === 'http:') {
      const text = `\`publicUrl\` is ${url.origin}, so that keys go over the network in the clear`
      return failed([...faults, { kind: 'config', text }])
    }
    const others = exposure.published === undefined ? exposure.listeners : []
    const bound = others.filter(({ reach }) => reach === 'everywhere').map(({ port }) => port)
    const good: Seen[] = []
    const unknown: Seen[] = []
    for (const port of new Set([...plainPorts(place), ...bound])) {
      const { url: asked, reply } = await askPlain(url, port, signal)
      if (isAnswer(reply) && isGateway(reply)) {
        faults.push({ kind: 'http', text: `GET ${asked}: the gateway answers ${reply.status}` })
      } else {
        const words = isAnswer(reply) ? String(reply.status) : reply.unreached
        // Of a name that leads nowhere from here nobody knows what answers.
        const list = words.includes('cannot be resolved') ? unknown : good
        list.push({ kind: 'http', text: `GET ${asked}: ${words}` })
      }
    }
    if (faults.length === 0 && unknown.length > 0) return { state: 'unproved', evidence: unknown }
    return faults.length > 0
      ? failed(faults)
      : proved({ kind: 'config', text: `\`publicUrl\` is ${url.origin}` }, ...good)
  },
)

function isGateway(answer: HttpAnswer): boolean {
  const { success } = healthBrief.safeParse(jsonOf(answer))
  return success || answer.headers['x-request-id'] !== undefined
}

/** Ports on which the proxies take plain HTTP; 80 where the public port is the usual one. */
function plainPorts({ proxies, url }: OpenPlace): readonly number[] {
  const own = proxies.sites
    .filter(({ names }) => names.length === 0 || url === undefined || names.includes(url.hostname))
    .flatMap(({ listens }) => listens.filter(({ isTls }) => !isTls).map(({ port }) => port))
  const usual = own.length === 0 && url?.port === '' ? [80] : []
  return [...new Set([...own, ...usual])].slice(0, PORTS_MAX)
}

async function askPlain({ hostname }: URL, port: number, signal: AbortSignal): Promise<Asked> {
  const url = `http://${hostname}:${port}/health/live`
  return { url, reply: await ask(url, {}, signal) }
}
