import type { EndpointConfig, GatewayConfig } from '@sallyport/contract/config'
import type { ConfigPath, ReportPath } from '@sallyport/kit/config'
import { splitName } from '@sallyport/kit/tool-name'
import { isDenied, selects } from '../routing/glob.ts'
import { canFitBelow, isPlain } from './glob-reach.ts'

type ReportKey = (
  path: ConfigPath,
  message: string,
  remedy: string,
  severity?: 'error' | 'warning',
) => void

/**
 * What endpoints must keep beyond their schema: servers that exist, globs that can fit something, overrides
 * of tools that they show, and names that cannot collide, as far as the file alone can tell. What servers list is learned later; two
 * tools that then claim one name both keep their prefix.
 */
export function judgeEndpoints(
  { endpoints, servers, groups }: GatewayConfig,
  report: ReportPath,
): void {
  const hidden = hiddenBy(groups)
  const all = [...Object.keys(servers), ...Object.keys(groups)]
  for (const endpoint of Object.values(endpoints)) {
    const tell: ReportKey = (path, message, remedy, severity = 'error') => {
      report(['endpoints', endpoint.name, ...path], message, { remedy, severity })
    }
    judgeServers(endpoint, { all, hidden }, tell)
    judgeNameGlobs(endpoint, all, tell)
    judgeUriGlobs(endpoint, tell)
    judgeOverrides(endpoint, tell)
    judgeRenames(endpoint, tell)
    if (endpoint.dropPrefix) judgePlainNames(endpoint, tell)
  }
}

/** Servers that are reached through a group only, each with that group. */
function hiddenBy(groups: GatewayConfig['groups']): ReadonlyMap<string, string> {
  const hiding = Object.values(groups).filter(({ hideMembers }) => hideMembers)
  return new Map(
    hiding.flatMap(({ name, members }) => members.map(({ server }) => [server, name] as const)),
  )
}

function judgeServers(
  endpoint: EndpointConfig,
  { all, hidden }: { all: readonly string[]; hidden: ReadonlyMap<string, string> },
  tell: ReportKey,
): void {
  const seen = new Set<string>()
  for (const [index, server] of endpoint.servers.entries()) {
    const path = ['servers', index]
    if (seen.has(server)) tell(path, `server \`${server}\` is named twice`, 'remove one of them')
    else if (hidden.has(server)) {
      const group = hidden.get(server)
      const message = `\`${server}\` is a hidden member of group \`${group}\``
      tell(path, message, `name \`${group}\` instead, or set its \`hideMembers\` to false`)
    } else if (!all.includes(server)) {
      const remedy = 'name a server of `mcpServers` or a group of `groups`, or remove it'
      tell(path, `there is no server \`${server}\``, remedy)
    }
    seen.add(server)
  }
}

const WORDS = { tools: 'tool', prompts: 'prompt' } as const

/** Globs over `<server>__<name>`: one that fits no name of these servers is a slip, and a `deny` a hole. */
function judgeNameGlobs(endpoint: EndpointConfig, all: readonly string[], tell: ReportKey): void {
  const reaches = (glob: string, servers: readonly string[]): boolean =>
    servers.some((server) => canFitBelow(glob, `${server}__`))
  for (const key of ['tools', 'prompts'] as const) {
    for (const { glob, path } of globsOf(endpoint, key)) {
      if (reaches(glob, endpoint.servers)) continue
      // Lists of what is denied are often shared by endpoints of other servers.
      const shared = path[1] === 'deny' && reaches(glob, all)
      const message = `\`${glob}\` can fit no ${WORDS[key]} of the servers of this endpoint`
      const remedy = `begin it with one of them, like \`${endpoint.servers[0] ?? ''}__*\`, or remove it`
      tell(path, message, remedy, shared ? 'warning' : 'error')
    }
    tellDenied(endpoint, key, tell)
  }
}

type Selected = 'tools' | 'prompts' | 'resources'

function globsOf(endpoint: EndpointConfig, key: Selected): { glob: string; path: ConfigPath }[] {
  const { allow = [], deny } = endpoint[key]
  return [
    ...allow.map((glob, index) => ({ glob, path: [key, 'allow', index] })),
    ...deny.map((glob, index) => ({ glob, path: [key, 'deny', index] })),
  ]
}

/** What is allowed by its whole name and denied as well is not shown. */
function tellDenied(endpoint: EndpointConfig, key: Selected, tell: ReportKey): void {
  const { allow = [], deny } = endpoint[key]
  for (const [index, glob] of allow.entries()) {
    if (!isPlain(glob) || !isDenied(deny, glob)) continue
    const message = `\`${glob}\` is denied here as well, so it is not shown`
    tell([key, 'allow', index], message, `remove it here or in \`${key}.deny\``, 'warning')
  }
}

/** Every URI has a scheme and a colon; a template may still fill them in. Source: RFC 3986 §3. */
function judgeUriGlobs(endpoint: EndpointConfig, tell: ReportKey): void {
  for (const { glob, path } of globsOf(endpoint, 'resources')) {
    if (!isPlain(glob) || /^[A-Za-z][A-Za-z0-9+.-]*:|\{/.test(glob)) continue
    const message = `\`${glob}\` can fit no resource, because it is no URI`
    tell(path, message, 'write the whole URI, or a glob like `file:///docs/*`')
  }
  tellDenied(endpoint, 'resources', tell)
}

/** An override of a tool that the endpoint does not show would never be seen. */
function judgeOverrides(endpoint: EndpointConfig, tell: ReportKey): void {
  for (const key of ['rename', 'describe', 'annotations'] as const) {
    for (const full of Object.keys(endpoint[key])) {
      const server = splitName(full)?.server ?? ''
      if (!endpoint.servers.includes(server)) {
        const remedy = 'add it to `servers`, or correct the name'
        tell([key, full], `the endpoint has no server \`${server}\``, remedy)
      } else if (!selects(endpoint.tools, full)) {
        const message = `\`${full}\` is not among the tools that the endpoint allows`
        tell([key, full], message, 'allow it in `tools`, or remove this')
      }
    }
  }
}

function judgeRenames({ rename, servers }: EndpointConfig, tell: ReportKey): void {
  const chosen = new Map<string, string>()
  for (const [full, name] of Object.entries(rename)) {
    const other = chosen.get(name)
    chosen.set(name, full)
    const owner = splitName(name)?.server
    if (other !== undefined) {
      const message = `\`${other}\` and \`${full}\` would both be called \`${name}\``
      tell(['rename', full], message, 'choose another name for one of them')
    } else if (owner !== undefined && servers.includes(owner)) {
      const message = `\`${full}\` would be called \`${name}\`, which belongs to server \`${owner}\``
      tell(['rename', full], message, `choose a name that does not start with \`${owner}__\``)
    }
  }
}

/** Tools that the file itself names, so that their collision is certain once they exist. */
function judgePlainNames({ rename, tools }: EndpointConfig, tell: ReportKey): void {
  const claimed = new Map(Object.entries(rename).map(([full, name]) => [name, full]))
  for (const [index, full] of (tools.allow ?? []).entries()) {
    const plain = isPlain(full) ? splitName(full)?.tool : undefined
    if (plain === undefined || Object.hasOwn(rename, full)) continue
    const other = claimed.get(plain)
    claimed.set(plain, full)
    if (other === undefined || other === full) continue
    const message = `\`${other}\` and \`${full}\` would both be called \`${plain}\` without their prefix`
    tell(['tools', 'allow', index], message, 'rename one of them, or set `dropPrefix` to false')
  }
}
