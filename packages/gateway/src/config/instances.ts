import {
  gatewayConfig,
  judgeName,
  parseListen,
  type GatewayConfig,
  type ServerConfig,
} from '@sallyport/contract/config'
import type { ConfigProblem, Environment } from '@sallyport/kit/config'
import { isLoopback } from '@sallyport/kit/http'
import { toServerName } from './server-name.ts'
import { tokenFault } from './token-fault.ts'

const PORT_DEFAULT = '9100'
const BODY_MAX = '64KiB'

interface Instance {
  readonly name: string
  readonly url: URL
}

type Report = (variable: string, message: string, remedy: string) => void

export interface InstancesReading {
  /** Absent when something is refused. Names no store. */
  readonly config: GatewayConfig | undefined
  readonly problems: readonly ConfigProblem[]
}

/**
 * Makes a configuration out of `INSTANCES=a=http://host:9090,b=...` and the variables beside it. One of
 * `MCP_GATEWAY_AUTH_TOKEN` (what clients present) and `MCP_AUTH_TOKEN` (what instances expect) serves both.
 */
export function readInstances(env: Environment): InstancesReading {
  const problems: ConfigProblem[] = []
  const report: Report = (variable, message, remedy) => {
    const place = { file: 'environment', line: 0, column: 0 }
    problems.push({ severity: 'error', path: variable, ...place, message, remedy })
  }
  const instances = parseInstances(env['INSTANCES'], report)
  const addresses = parseAddresses(env, report)
  const tokens = parseTokens(env, report)
  if (problems.length > 0 || addresses === undefined || tokens === undefined) {
    return { config: undefined, problems }
  }
  const config = gatewayConfig.parse({
    ...addresses,
    auth: { tokens: [{ name: 'gateway', value: tokens.client }] },
    mcpServers: Object.fromEntries(
      instances.map(({ name, url }) => [
        name,
        { url: url.href, headers: { Authorization: `Bearer ${tokens.instance}` } },
      ]),
    ),
    limits: { requestBytes: BODY_MAX },
  })
  return { config: { ...config, servers: withHostHeaders(config.servers, instances) }, problems }
}

/** Instances check `Host` against rebinding and expect a loopback name, wherever they run. */
function withHostHeaders(
  servers: Readonly<Record<string, ServerConfig>>,
  instances: readonly Instance[],
): Record<string, ServerConfig> {
  const result: Record<string, ServerConfig> = { ...servers }
  for (const { name, url } of instances) {
    const server = result[name]
    const port = url.port || (url.protocol === 'https:' ? '443' : '80')
    if (server?.kind === 'http') result[name] = { ...server, hostHeader: `localhost:${port}` }
  }
  return result
}

function parseInstances(text: string | undefined, report: Report): Instance[] {
  const remedy = 'write `INSTANCES=name=http://host:9090,other=http://host2:9090`'
  const entries = (text ?? '').split(',').map((entry) => entry.trim())
  if (entries.every((entry) => entry === '')) {
    report('INSTANCES', text === undefined ? 'INSTANCES is not set' : 'INSTANCES is empty', remedy)
    return []
  }
  const found = new Map<string, Instance>()
  for (const [index, entry] of entries.entries()) {
    if (entry === '') continue
    const instance = parseInstance(entry)
    const which = `entry ${index + 1} of INSTANCES`
    if (typeof instance === 'string') report('INSTANCES', `${which} ${instance}`, remedy)
    else if (found.has(instance.name)) {
      report('INSTANCES', `the name \`${instance.name}\` appears twice in INSTANCES`, 'rename one')
    } else found.set(instance.name, instance)
  }
  return [...found.values()]
}

/** One `name=url`, or what is wrong with it. */
function parseInstance(entry: string): Instance | string {
  const split = entry.indexOf('=')
  if (split < 0) return 'lacks `=` between name and URL'
  const name = toServerName(entry.slice(0, split).trim())
  const fault = judgeName(name)
  if (fault !== undefined) return `has no usable name: ${fault}`
  const url = URL.parse(entry.slice(split + 1).trim())
  if (url === null || !/^https?:$/.test(url.protocol)) return 'has no http or https URL after `=`'
  if (`${url.username}${url.password}${url.hash}` !== '') {
    return 'has a URL with user, password or fragment'
  }
  if (url.pathname === '/') url.pathname = '/mcp'
  return { name, url }
}

interface Addresses {
  readonly listen: string
  readonly admin: string
}

function parseAddresses(env: Environment, report: Report): Addresses | undefined {
  const text = env['GATEWAY_PORT'] || PORT_DEFAULT
  const port = Number(text)
  const portFits = /^\d{1,5}$/.test(text) && port <= 65_534
  if (!portFits) {
    const message = 'GATEWAY_PORT is not a whole number from 0 to 65534'
    report('GATEWAY_PORT', message, 'write a number such as 9100; the next one is the admin port')
  }
  const bind = env['GATEWAY_BIND_ADDR'] || '127.0.0.1'
  const host = bind.includes(':') && !bind.startsWith('[') ? `[${bind}]` : bind
  const address = parseListen(`${host}:1`)
  if (address === undefined) {
    const message = 'GATEWAY_BIND_ADDR is not an IP address or localhost'
    report('GATEWAY_BIND_ADDR', message, 'write one such as 127.0.0.1, 0.0.0.0 or ::1')
  }
  if (!portFits || address === undefined) return undefined
  // What clients need from outside is the data listener; the other stays on this machine.
  const adminHost = isLoopback(address.host) ? host : '127.0.0.1'
  return { listen: `${host}:${port}`, admin: `${adminHost}:${port === 0 ? 0 : port + 1}` }
}

interface Tokens {
  readonly client: string
  readonly instance: string
}

function parseTokens(env: Environment, report: Report): Tokens | undefined {
  const gateway = env['MCP_GATEWAY_AUTH_TOKEN'] || undefined
  const shared = env['MCP_AUTH_TOKEN'] || undefined
  const client = gateway ?? shared
  const instance = shared ?? gateway
  if (client === undefined || instance === undefined) {
    const message = 'neither MCP_GATEWAY_AUTH_TOKEN nor MCP_AUTH_TOKEN is set'
    report('MCP_GATEWAY_AUTH_TOKEN', message, 'set it to a random token: `openssl rand -hex 32`')
    return undefined
  }
  for (const [variable, value] of Object.entries({
    MCP_GATEWAY_AUTH_TOKEN: gateway,
    MCP_AUTH_TOKEN: shared,
  })) {
    const fault = value === undefined ? undefined : tokenFault(value)
    if (fault !== undefined) report(variable, `${variable}: ${fault.message}`, fault.remedy)
  }
  return { client, instance }
}
