import { durationOf } from './caddy-duration.ts'
import type { Directive } from './nginx-syntax.ts'
import type { Placed, ProxyRoute, ProxyUpstream } from './site.ts'

const ADDRESS = /^(?:remote|client)_ip$/
const GROUPS = new Set(['handle', 'handle_path', 'route'])

/** One `reverse_proxy` with the directives of the blocks around it. */
interface Found {
  readonly proxy: Directive
  readonly around: readonly Directive[]
  /** Characters of its path matcher: the longer one counts. */
  readonly weight: number
}

/**
 * Where a site passes requests of a path on to; undefined where it does not.
 *
 * Source: Caddy documentation, "reverse_proxy", "Request matchers".
 */
export function routeOf(
  own: readonly Directive[],
  path: string,
  writeMs: Placed<number>,
): ProxyRoute | undefined {
  const found = proxiesIn(own, own, path).toSorted((one, other) => other.weight - one.weight)[0]
  if (found === undefined) return undefined
  const { proxy, around } = found
  const block = proxy.block ?? []
  const { at } = proxy
  return {
    at,
    upstreams: upstreamsOf(proxy),
    buffering: bufferingOf(block, at),
    silenceMs: silenceOf(block, writeMs, at),
    authorization: authorizationOf(block, at),
    host: hostOf(block, at),
    layers: layersOf(around),
  }
}

function proxiesIn(
  block: readonly Directive[],
  around: readonly Directive[],
  path: string,
): readonly Found[] {
  return block.flatMap((one) => {
    const matcher = one.args[0]
    const weight = weightOf(matcher, path, around)
    if (weight === undefined) return []
    if (one.name === 'reverse_proxy') return [{ proxy: one, around, weight }]
    if (!GROUPS.has(one.name) || one.block === undefined) return []
    return proxiesIn(one.block, [...around, ...one.block], path).map((inner) => ({
      ...inner,
      weight: inner.weight + weight,
    }))
  })
}

/** Undefined where the matcher leaves the path out; 0 where it says nothing of paths. */
function weightOf(
  matcher: string | undefined,
  path: string,
  around: readonly Directive[],
): number | undefined {
  if (matcher?.startsWith('@')) {
    const named = around.find(({ name }) => name === matcher)
    const inner = named?.args[0] === 'path' ? named.args.slice(1) : pathsOf(named)
    if (inner.length === 0) return 0
    const weights = inner.flatMap((one) => weightOf(one, path, []) ?? [])
    return weights.length === 0 ? undefined : Math.max(...weights)
  }
  if (matcher === undefined || !matcher.startsWith('/')) return 0
  const isPrefix = matcher.endsWith('*')
  const fixed = isPrefix ? matcher.slice(0, -1) : matcher
  const fits = isPrefix ? path.startsWith(fixed) : path === fixed
  return fits ? matcher.length : undefined
}

function pathsOf(named: Directive | undefined): readonly string[] {
  return named?.block?.find(({ name }) => name === 'path')?.args ?? []
}

function upstreamsOf({ args, block = [], at }: Directive): readonly ProxyUpstream[] {
  const to = block.filter(({ name }) => name === 'to')
  const said = args.filter((word) => !/^[@/*]/.test(word))
  const isTls = block.some(
    ({ name, block: inner }) => name === 'transport' && inner?.some((one) => one.name === 'tls'),
  )
  return [
    ...said.map((word) => toUpstream(word, at, isTls)),
    ...to.flatMap((one) => one.args.map((word) => toUpstream(word, one.at, isTls))),
  ]
}

function toUpstream(word: string, at: string, isTls: boolean): ProxyUpstream {
  if (word.startsWith('unix/')) {
    return { scheme: 'unix', host: word, port: undefined, isBackup: false, at }
  }
  const [, said, rest = ''] = /^(?:(\w+):\/\/)?(.*)$/.exec(word) ?? []
  const scheme = said ?? (isTls ? 'https' : 'http')
  const [, host = rest, port] = /^(.*?)(?::(\d+))?$/.exec(rest) ?? []
  const usual = scheme === 'https' ? 443 : 80
  const isKnown = !rest.includes('{')
  const name = host === '' ? 'localhost' : host
  return {
    scheme,
    host: name,
    port: isKnown ? Number(port ?? usual) : undefined,
    isBackup: false,
    at,
  }
}

/** Streams of events are passed on at once, unless answers are collected. */
function bufferingOf(block: readonly Directive[], at: string): Placed<boolean> {
  const found = block.find(({ name }) => ['buffer_responses', 'response_buffers'].includes(name))
  return { value: found !== undefined, at: found?.at ?? at }
}

function silenceOf(
  block: readonly Directive[],
  writeMs: Placed<number>,
  at: string,
): Placed<number> {
  const transport = block.find(({ name }) => name === 'transport')?.block ?? []
  const found = transport.find(({ name }) => name === 'read_timeout')
  const own = { value: durationOf(found?.args[0]), at: found?.at ?? at }
  return own.value <= writeMs.value ? own : writeMs
}

function headerUp(block: readonly Directive[], header: string): Directive | undefined {
  return block.findLast(
    ({ name, args }) =>
      name === 'header_up' && args[0]?.replace(/^[-+?]/, '').toLowerCase() === header,
  )
}

function authorizationOf(block: readonly Directive[], at: string): ProxyRoute['authorization'] {
  const found = headerUp(block, 'authorization')
  if (found === undefined) return { value: 'passed', at }
  if (found.args[0]?.startsWith('-') || !found.args[1]) return { value: 'dropped', at: found.at }
  const isSame = /^\{(?:http\.request\.)?header\.authorization\}$/i.test(found.args[1])
  return { value: isSame ? 'passed' : 'replaced', at: found.at }
}

function hostOf(block: readonly Directive[], at: string): ProxyRoute['host'] {
  const found = headerUp(block, 'host')
  if (found === undefined) return { value: 'passed', at }
  const isSame = /^\{(?:http\.request\.)?(?:host|hostport)\}$/.test(found.args[1] ?? '')
  return { value: isSame ? 'passed' : 'replaced', at: found.at }
}

function layersOf(around: readonly Directive[]): readonly Placed<string>[] {
  const layers: Placed<string>[] = []
  for (const { name, args, block = [], at } of around) {
    if (['basicauth', 'basic_auth', 'forward_auth'].includes(name)) layers.push({ value: name, at })
    const names = [...args, ...block.map((one) => one.name)]
    const isUsed = around.some((one) => one.args[0] === name)
    if (name.startsWith('@') && isUsed && names.some((one) => ADDRESS.test(one))) {
      layers.push({ value: `${name}, which looks at addresses`, at })
    }
    if (name === 'tls' && block.some((one) => one.name === 'client_auth')) {
      layers.push({ value: 'client_auth', at })
    }
  }
  return layers
}
