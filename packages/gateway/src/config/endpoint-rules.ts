import type { EndpointConfig, GatewayConfig } from '@sallyport/contract/config'
import type { ConfigPath, ReportPath } from '@sallyport/kit/config'
import { splitName } from '@sallyport/kit/tool-name'
import { selects } from '../routing/glob.ts'

type ReportKey = (path: ConfigPath, message: string, remedy: string) => void

/**
 * What endpoints must keep beyond their schema: servers that exist, overrides of tools that they show, and
 * names that cannot collide, as far as the file alone can tell. What servers list is learned later; two
 * tools that then claim one name both keep their prefix.
 */
export function judgeEndpoints({ endpoints, servers }: GatewayConfig, report: ReportPath): void {
  for (const endpoint of Object.values(endpoints)) {
    const tell: ReportKey = (path, message, remedy) => {
      report(['endpoints', endpoint.name, ...path], message, { remedy })
    }
    for (const [index, server] of endpoint.servers.entries()) {
      if (Object.hasOwn(servers, server)) continue
      const remedy = 'name a server of `mcpServers`, or remove it'
      tell(['servers', index], `there is no server \`${server}\``, remedy)
    }
    judgeOverrides(endpoint, tell)
    judgeRenames(endpoint, tell)
    if (endpoint.dropPrefix) judgePlainNames(endpoint, tell)
  }
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
    const plain = /[*?]/.test(full) ? undefined : splitName(full)?.tool
    if (plain === undefined || Object.hasOwn(rename, full)) continue
    const other = claimed.get(plain)
    claimed.set(plain, full)
    if (other === undefined || other === full) continue
    const message = `\`${other}\` and \`${full}\` would both be called \`${plain}\` without their prefix`
    tell(['tools', 'allow', index], message, 'rename one of them, or set `dropPrefix` to false')
  }
}
