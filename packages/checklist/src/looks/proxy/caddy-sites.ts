import { durationOf } from './caddy-duration.ts'
import { routeOf } from './caddy-route.ts'
import type { Directive } from './nginx-syntax.ts'
import type { KeyFile, Placed, ProxyListen, ProxyPlace, ProxySite } from './site.ts'

const OLD = /^tls1\.[01]$/

/** What holds for all sites of a Caddyfile. */
interface Options {
  readonly httpPort: number
  readonly httpsPort: number
  /** `off`, `disable_redirects`, or nothing. */
  readonly autoHttps: string
  /** Longest that an answer may take, milliseconds; Infinity = for ever. */
  readonly writeMs: Placed<number>
}

interface Address {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly sendsOn: boolean
}

/** The sites of a Caddyfile, each with a further one where Caddy sends plain HTTP on to it by itself. */
export function caddySites(
  directives: readonly Directive[],
  place: ProxyPlace,
): readonly ProxySite[] {
  const all = withSnippets(oneSite(directives))
  const options = optionsOf(all.find(isOptions))
  const sites = all.filter((one) => one.block !== undefined && !isOptions(one) && !isSnippet(one))
  return sites.map((site) => toSite(site, options, place))
}

function isOptions({ name, block }: Directive): boolean {
  return name === '' && block !== undefined
}

function isSnippet({ name }: Directive): boolean {
  return name.startsWith('(')
}

/** A file of one site may do without braces: the first line is its address. */
function oneSite(directives: readonly Directive[]): readonly Directive[] {
  const at = directives.findIndex(
    (one) => !isOptions(one) && !isSnippet(one) && one.name !== 'import',
  )
  const first = directives[at]
  if (first === undefined || first.block !== undefined) return directives
  return [...directives.slice(0, at), { ...first, block: directives.slice(at + 1) }]
}

/** `import name` stands for what the snippet of that name holds. */
function withSnippets(directives: readonly Directive[]): readonly Directive[] {
  const snippets = new Map(
    directives.filter(isSnippet).map(({ name, block }) => [name.slice(1, -1), block ?? []]),
  )
  const filled = (all: readonly Directive[], depth: number): readonly Directive[] =>
    all.flatMap((one) => {
      const snippet = one.name === 'import' ? snippets.get(one.args[0] ?? '') : undefined
      if (snippet !== undefined && depth < 8) return filled(snippet, depth + 1)
      return one.block === undefined ? [one] : [{ ...one, block: filled(one.block, depth) }]
    })
  return filled(directives, 0)
}

function optionsOf(found: Directive | undefined): Options {
  const own = found?.block ?? []
  const value = (name: string): string | undefined => own.find((one) => one.name === name)?.args[0]
  const servers = own.filter(({ name }) => name === 'servers').flatMap(({ block }) => block ?? [])
  const timeouts = servers.find(({ name }) => name === 'timeouts')?.block ?? []
  const write = timeouts.find(({ name }) => name === 'write')
  return {
    httpPort: Number(value('http_port') ?? 80),
    httpsPort: Number(value('https_port') ?? 443),
    autoHttps: value('auto_https') ?? '',
    writeMs: { value: durationOf(write?.args[0]), at: write?.at ?? '' },
  }
}

function toSite(site: Directive, options: Options, place: ProxyPlace): ProxySite {
  const own = site.block ?? []
  const addresses = [site.name, ...site.args]
    .flatMap((word) => word.split(','))
    .filter((word) => word !== '')
    .map((word) => addressOf(word, own, options))
  const tls = own.filter(({ name }) => name === 'tls')
  return {
    program: 'caddy',
    at: site.at,
    names: addresses.flatMap(({ host }) => (host === '' ? [] : [host])),
    listens: addresses.flatMap((address) => listensOf(address, site.at, options)),
    keyFiles: tls.flatMap((one) => keyFilesOf(one, place)),
    oldVersions: tls.flatMap(({ block = [] }) =>
      block
        .filter(({ name }) => name === 'protocols')
        .flatMap(({ args, at }): Placed<string>[] =>
          args.filter((version) => OLD.test(version)).map((value) => ({ value, at })),
        ),
    ),
    route: (path) => routeOf(own, path, options.writeMs),
  }
}

function addressOf(word: string, own: readonly Directive[], options: Options): Address {
  const [, scheme, rest = ''] = /^(?:(https?):\/\/)?([^/]*)/.exec(word) ?? []
  const [, host = '', said] = /^(.*?)(?::(\d+))?$/.exec(rest) ?? []
  const { httpPort, httpsPort, autoHttps } = options
  const isPlain = scheme === 'http' || (scheme === undefined && Number(said) === httpPort)
  const asked = scheme === 'https' || own.some(({ name }) => name === 'tls')
  const isTls =
    !isPlain && (asked || (host !== '' && autoHttps !== 'off') || Number(said) === httpsPort)
  const port = Number(said ?? (isTls ? httpsPort : httpPort))
  const sendsOn = isTls && host !== '' && !['off', 'disable_redirects'].includes(autoHttps)
  return { host: host.toLowerCase(), port, isTls, sendsOn }
}

function listensOf(
  { port, isTls, sendsOn }: Address,
  at: string,
  { httpPort }: Options,
): ProxyListen[] {
  const own = { port, isTls, at }
  return sendsOn ? [own, { port: httpPort, isTls: false, at }] : [own]
}

function keyFilesOf({ args, at }: Directive, { inside, locate }: ProxyPlace): readonly KeyFile[] {
  const [certificate, key] = args
  if (certificate === undefined || key === undefined) return []
  const folder = inside.slice(0, inside.lastIndexOf('/'))
  const toFile = (what: KeyFile['what'], said: string): KeyFile => {
    const place = locate(said.startsWith('/') ? said : `${folder}/${said}`)
    return { what, place, said, at }
  }
  return [toFile('certificate', certificate), toFile('key', key)]
}
