import {
  failed,
  type Finding,
  judged,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import { type ProxyRoute, publicPath } from '../../looks/proxies.ts'
import { type OpenPlace, openProbe } from './open-probe.ts'
import { foreignThrough, liveAuthorization, liveStream, type Live } from './proxy-live.ts'
import { both } from './said.ts'

const SILENCE_MS = 60_000

/** No file to judge. */
export const NO_FILES: Finding = unproved(
  'file',
  'no file of nginx or Caddy is found',
  'name the files of the proxy in `checklist.proxies`',
)

export const buffering: Probe = openProbe(
  {
    title: 'The proxy passes streams on at once',
    remedy: 'set `proxy_buffering off;` in nginx, or take `response_buffers` out of Caddy',
  },
  async (place, deployment, signal) =>
    withLive(judgeRoutes(place, bufferingFault), await liveStream(deployment, signal)),
)

function bufferingFault({ buffering: { value, at } }: ProxyRoute): string | undefined {
  return value ? `${at} collects answers before they are passed on` : undefined
}

export const timeouts: Probe = openProbe(
  {
    title: 'The proxy lets streams be silent for more than a minute',
    remedy:
      'set `proxy_read_timeout 1h;` in nginx, or take `read_timeout` and `write` out of Caddy',
  },
  (place) => judgeRoutes(place, timeoutFault),
)

function timeoutFault({ silenceMs: { value, at } }: ProxyRoute): string | undefined {
  return value > SILENCE_MS ? undefined : `${at} cuts what is silent for ${value / 1_000} s`
}

export const authorization: Probe = openProbe(
  {
    title: 'The proxy passes Authorization on as it came',
    remedy: 'take `Authorization` out of `proxy_set_header` or `header_up`',
  },
  async (place, deployment, signal) =>
    withLive(judgeRoutes(place, authorizationFault), await liveAuthorization(deployment, signal)),
)

function authorizationFault({ authorization: { value, at } }: ProxyRoute): string | undefined {
  if (value === 'passed') return undefined
  return value === 'dropped'
    ? `${at} drops Authorization, so that nobody's key arrives`
    : `${at} puts another credential in place of the caller's`
}

export const host: Probe = openProbe(
  {
    title: 'The proxy passes Host on as it came',
    remedy: 'set `proxy_set_header Host $host;` in nginx, or take `header_up Host` out of Caddy',
  },
  async (place, deployment, signal) =>
    withLive(judgeRoutes(place, hostFault), await foreignThrough(deployment, signal)),
)

function hostFault({ host: { value, at } }: ProxyRoute): string | undefined {
  return value === 'passed' ? undefined : `${at} gives the gateway another Host than the caller's`
}

export const extraAuth: Probe = openProbe(
  {
    title: 'Something besides the key keeps strangers away',
    remedy:
      'let only known addresses in (`allowFrom.listen`, or `allow` and `deny` at the proxy), ask for client certificates, or have somebody attest why the key is enough',
  },
  (place, { config }) => {
    const path = publicPath(place.url, '/mcp')
    const routes = place.sites.flatMap((site) => site.route(path) ?? [])
    // One site that anybody passes is a way around the others.
    const open = routes.find(({ layers }) => layers.length === 0)
    const layers = open === undefined ? routes.flatMap((route) => [...route.layers]) : []
    const found: Seen[] = layers.map(({ value, at }) => {
      return { kind: 'file', text: `${at}: ${value}` }
    })
    const { allowFrom, auth } = config ?? {}
    if (allowFrom?.listen !== undefined) {
      found.push({
        kind: 'config',
        text: `\`allowFrom.listen\` lets ${allowFrom.listen.length} networks in`,
      })
    }
    if (auth?.clientCertificates !== undefined) {
      found.push({ kind: 'config', text: '`auth.clientCertificates` names who comes in' })
    }
    if (found.length > 0) return judged([], found)
    const text = 'nothing is found but the key; what stands elsewhere cannot be seen from here'
    return unproved('file', open === undefined ? text : `${open.at}: ${text}`)
  },
)

/** Judges what every one of our sites does with MCP and with the older streams. */
function judgeRoutes(
  { sites, proxies, url }: OpenPlace,
  fault: (route: ProxyRoute) => string | undefined,
): Finding {
  if (proxies.files.length === 0) return NO_FILES
  const faults = new Set<string>()
  const good = new Set<string>()
  for (const site of sites) {
    for (const path of [publicPath(url, '/mcp'), publicPath(url, '/sse')]) {
      const route = site.route(path)
      if (route === undefined) continue
      const wrong = fault(route)
      if (wrong === undefined) good.add(`${site.at} passes ${path} on as it should`)
      else faults.add(wrong)
    }
  }
  const toSeen = (text: string): Seen => ({ kind: 'file', text })
  if (faults.size > 0) return failed([...faults].map(toSeen))
  // What could not be followed may say otherwise.
  if (proxies.gaps.length > 0) return { state: 'unproved', evidence: proxies.gaps.map(toSeen) }
  if (good.size > 0) return judged([], [...good].map(toSeen))
  return unproved('file', `no server of ${proxies.files.join(', ')} passes MCP on`)
}

/** A live look beside the file. Each proves by itself, unless the other fails. */
function withLive(file: Finding, live: Live): Finding {
  if (live === undefined) return file
  if (file.state === 'failed' || live.state === 'failed') return both(file, live)
  return live.state === 'proved'
    ? both(live, ...(file.state === 'proved' ? [file] : []))
    : both(file, live)
}
