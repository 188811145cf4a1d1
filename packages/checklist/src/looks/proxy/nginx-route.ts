import { allNearest, type Chain, nearest } from './nginx-chain.ts'
import type { Directive } from './nginx-syntax.ts'
import type { Placed, ProxyRoute, ProxyUpstream } from './site.ts'

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
/** Source: nginx documentation, ngx_http_proxy_module. */
const DEFAULT_SILENCE_MS = 60_000
const PASSES = ['proxy_pass', 'grpc_pass', 'fastcgi_pass', 'uwsgi_pass', 'scgi_pass']

/** What the innermost of these blocks does with a request; undefined where it passes nothing on. */
export function routeThrough(chain: Chain, http: readonly Directive[]): ProxyRoute | undefined {
  const pass = chain.at(-1)?.find(({ name }) => PASSES.includes(name))
  if (pass === undefined) return undefined
  return {
    at: pass.at,
    upstreams: upstreamsOf(pass, chain, http),
    buffering: bufferingOf(chain, pass.at),
    silenceMs: silenceOf(chain, pass.at),
    authorization: authorizationOf(chain, pass.at),
    host: hostOf(chain, pass.at),
    layers: layersOf(chain),
  }
}

function upstreamsOf(
  { name, args, at }: Directive,
  chain: Chain,
  http: readonly Directive[],
): readonly ProxyUpstream[] {
  const said = filled(args[0] ?? '', chain)
  const [, scheme = name.replace('_pass', ''), rest = said] = /^(\w+):\/\/(.*)$/.exec(said) ?? []
  if (rest.startsWith('unix:'))
    return [{ scheme: 'unix', host: rest, port: undefined, isBackup: false, at }]
  const authority = rest.replace(/\/.*$/, '')
  const group = http.find((one) => one.name === 'upstream' && one.args[0] === authority)
  if (group === undefined) return [{ ...addressOf(authority, scheme), isBackup: false, at }]
  return (group.block ?? [])
    .filter((one) => one.name === 'server' && !one.args.includes('down'))
    .map((one) => ({
      ...addressOf(one.args[0] ?? '', scheme),
      isBackup: one.args.includes('backup'),
      at: one.at,
    }))
}

function addressOf(
  authority: string,
  scheme: string,
): Pick<ProxyUpstream, 'scheme' | 'host' | 'port'> {
  const [, host = authority, port] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? []
  const isKnown = !authority.includes('$')
  const usual = scheme === 'https' ? 443 : 80
  return { scheme, host, port: isKnown ? Number(port ?? usual) : undefined }
}

/** `set $name value` in place of `$name`. */
function filled(text: string, chain: Chain): string {
  return text.replaceAll(/\$\{?(\w+)\}?/g, (all, name: string) => {
    const found = chain.flat().findLast((one) => one.name === 'set' && one.args[0] === `$${name}`)
    return found?.args[1] ?? all
  })
}

function bufferingOf(chain: Chain, at: string): Placed<boolean> {
  const found = nearest(chain, 'proxy_buffering')
  if (found === undefined) return { value: true, at }
  return { value: found.args[0] !== 'off', at: found.at }
}

function silenceOf(chain: Chain, at: string): Placed<number> {
  const found = nearest(chain, 'proxy_read_timeout')
  if (found === undefined) return { value: DEFAULT_SILENCE_MS, at }
  return { value: timeOf(found.args[0] ?? ''), at: found.at }
}

/** Milliseconds of `1h30m`, `90s` or `90`, which are seconds. */
export function timeOf(text: string): number {
  let totalMs = 0
  for (const [, digits, unit = 's'] of text.matchAll(/(\d+)(ms|[smhdw])?/g)) {
    totalMs += Number(digits) * (UNITS_MS[unit] ?? 0)
  }
  return totalMs
}

function headerOf(chain: Chain, header: string): Directive | undefined {
  // One header set further in takes away all that are set further out.
  return allNearest(chain, 'proxy_set_header').find(({ args }) => args[0]?.toLowerCase() === header)
}

function authorizationOf(chain: Chain, at: string): ProxyRoute['authorization'] {
  const all = nearest(chain, 'proxy_pass_request_headers')
  if (all?.args[0] === 'off') return { value: 'dropped', at: all.at }
  const found = headerOf(chain, 'authorization')
  if (found === undefined) return { value: 'passed', at }
  const [, value = ''] = found.args
  if (value === '') return { value: 'dropped', at: found.at }
  const isSame = /^\$\{?http_authorization\}?$/.test(value)
  return { value: isSame ? 'passed' : 'replaced', at: found.at }
}

function hostOf(chain: Chain, at: string): ProxyRoute['host'] {
  const found = headerOf(chain, 'host')
  const isSame = /^\$\{?(?:host|http_host)\}?(?::\$\{?server_port\}?)?$/.test(found?.args[1] ?? '')
  return { value: isSame ? 'passed' : 'replaced', at: found?.at ?? at }
}

function layersOf(chain: Chain): readonly Placed<string>[] {
  const layers: Placed<string>[] = []
  const add = (name: string, isOn: (value: string) => boolean): void => {
    const found = nearest(chain, name)
    if (found !== undefined && isOn(found.args[0] ?? '')) layers.push({ value: name, at: found.at })
  }
  add('auth_basic', (value) => value !== 'off')
  add('auth_request', (value) => value !== 'off')
  add('ssl_verify_client', (value) => value === 'on')
  const deny = nearest(chain, 'deny')
  if (deny?.args[0] === 'all' && nearest(chain, 'allow') !== undefined) {
    layers.push({ value: 'allow and deny', at: deny.at })
  }
  return layers
}
