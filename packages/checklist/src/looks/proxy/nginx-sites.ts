import { allNearest, type Chain } from './nginx-chain.ts'
import type { Directive } from './nginx-syntax.ts'
import { locationOf } from './nginx-location.ts'
import { routeThrough } from './nginx-route.ts'
import type { KeyFile, Placed, ProxyListen, ProxyPlace, ProxySite } from './site.ts'

const OLD = /^(?:SSLv[23]|TLSv1(?:\.1)?)$/

/** The servers of a configuration; a file without `http` is one that is included within it. */
export function sitesOf(directives: readonly Directive[], place: ProxyPlace): readonly ProxySite[] {
  const http = directives.find(({ name }) => name === 'http')?.block ?? directives
  return http
    .filter(({ name, block }) => name === 'server' && block !== undefined)
    .map((server) => toSite(server, http, place))
}

function toSite(server: Directive, http: readonly Directive[], place: ProxyPlace): ProxySite {
  const own = server.block ?? []
  const chain: Chain = [http, own]
  return {
    program: 'nginx',
    at: server.at,
    names: own.filter(({ name }) => name === 'server_name').flatMap(({ args }) => namesOf(args)),
    listens: listensOf(own, server.at),
    keyFiles: [
      ...keyFilesOf(chain, 'ssl_certificate', place),
      ...keyFilesOf(chain, 'ssl_certificate_key', place),
    ],
    oldVersions: allNearest(chain, 'ssl_protocols').flatMap(({ args, at }): Placed<string>[] =>
      args.filter((version) => OLD.test(version)).map((value) => ({ value, at })),
    ),
    route: (path) => {
      if (own.some(({ name }) => name === 'return')) return undefined
      const location = locationOf(own, path)
      return location && routeThrough([...chain, ...location], http)
    },
  }
}

function namesOf(args: readonly string[]): readonly string[] {
  // `_` is the usual name of nobody.
  return args
    .map((name) => (name.startsWith('~') ? name : name.toLowerCase()))
    .filter((name) => name !== '_' && name !== '')
}

function listensOf(own: readonly Directive[], at: string): readonly ProxyListen[] {
  const all = own.filter(({ name }) => name === 'listen')
  if (all.length === 0) return [{ port: 80, isTls: false, at }]
  return all.flatMap(({ args, at: place }) => {
    const [address = '', ...words] = args
    if (address.startsWith('unix:')) return []
    const port = /^\d+$/.test(address) ? address : /:(\d+)$/.exec(address)?.[1]
    return [{ port: Number(port ?? 80), isTls: words.includes('ssl'), at: place }]
  })
}

function keyFilesOf(
  chain: Chain,
  name: 'ssl_certificate' | 'ssl_certificate_key',
  { inside, locate }: ProxyPlace,
): readonly KeyFile[] {
  return allNearest(chain, name).flatMap(({ args, at }) => {
    const [said = ''] = args
    // A variable or an engine is nothing that could be looked for.
    if (said === '' || said.includes('$') || /^(?:data|engine|store):/.test(said)) return []
    const folder = inside.slice(0, inside.lastIndexOf('/'))
    const place = locate(said.startsWith('/') ? said : `${folder}/${said}`)
    return [{ what: name === 'ssl_certificate' ? 'certificate' : 'key', place, said, at } as const]
  })
}
