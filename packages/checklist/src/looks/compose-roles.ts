import { type Deployment, fact } from '../deployment.ts'
import { composeFacts, type ComposeService } from './compose.ts'

/** What a service is to a deployment. `backend`: an MCP server that the gateway calls over the network. */
export type ServiceRole =
  | 'gateway'
  | 'backend'
  | 'proxy'
  | 'postgres'
  | 'redis'
  | 'store'
  | 'prometheus'
  | 'alertmanager'
  | 'grafana'
  | 'exporter'
  | 'other'

/** Last words of image names. */
const ROLES: readonly (readonly [ServiceRole, RegExp])[] = [
  ['exporter', /exporter|cadvisor/],
  ['postgres', /^(?:postgres|postgresql|postgis|pgvector|timescaledb)/],
  ['redis', /^(?:redis|valkey|keydb|dragonfly)/],
  [
    'store',
    /^(?:mysql|mariadb|mongo|mongodb|memcached|rabbitmq|nats|etcd|minio|clickhouse|elasticsearch|opensearch|cockroach)/,
  ],
  ['prometheus', /^prometheus$/],
  ['alertmanager', /^(?:prometheus-)?alertmanager$/],
  ['grafana', /^grafana/],
  ['proxy', /^(?:nginx|caddy|traefik|haproxy|envoy|httpd|openresty)/],
  ['gateway', /sallyport|mcp-gateway/],
]

/** The role of every service of the compose files. */
export const composeRoles = fact(
  async (deployment, signal): Promise<ReadonlyMap<ComposeService, ServiceRole>> => {
    const { services } = await composeFacts(deployment, signal)
    const hosts = new Set([
      ...configuredHosts(deployment),
      ...services.flatMap((service) => instanceHosts(service)),
    ])
    return new Map(services.map((service) => [service, roleOf(service, hosts)]))
  },
)

/** The hosts that an `INSTANCES` of a service names. */
function instanceHosts({ environment }: ComposeService): string[] {
  const entries = (environment.get('INSTANCES')?.value ?? '').split(',')
  return entries.flatMap((entry) => hostOf(entry.slice(entry.indexOf('=') + 1).trim()) ?? [])
}

function configuredHosts({ config }: Deployment): string[] {
  return Object.values(config?.servers ?? {}).flatMap((server) =>
    server.kind === 'http' ? (hostOf(server.url) ?? []) : [],
  )
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined
}

function roleOf(service: ComposeService, hosts: ReadonlySet<string>): ServiceRole {
  const { name, environment } = service
  if (environment.has('INSTANCES') || environment.has('MCP_GATEWAY_AUTH_TOKEN')) return 'gateway'
  if (environment.has('MCP_BIND_ADDR') || environment.has('DISCORD_TOKEN')) return 'backend'
  const image = imageName(service)
  const known = ROLES.find(([, pattern]) => pattern.test(image))?.[0]
  if (known === 'postgres' || known === 'redis') return isServer(service) ? known : 'other'
  if (known !== undefined) return known
  return hosts.has(name) ? 'backend' : 'other'
}

/** `postgres` of `registry.example.com/library/postgres:16@sha256:...`; the service's name where it is built. */
function imageName({ image, build, name }: ComposeService): string {
  const named = image === undefined || (build !== undefined && image === '') ? name : image
  const last = named.split('@')[0]?.split('/').pop() ?? named
  return (last.split(':')[0] ?? last).toLowerCase()
}

const SHELL = /^(?:ba|da|a)?sh$/
const SERVER = /^(?:postgres|(?:redis|valkey|keydb)-server|dragonfly|docker-entrypoint\.sh)$/

/** Not where the image serves for its tools alone, as for a dump each night. */
function isServer({ entrypoint, command }: ComposeService): boolean {
  const words = [...entrypoint, ...command].flatMap((word) => word.split(/\s+/))
  const first = (words[0] ?? '').split('/').pop() ?? ''
  if (first === '' || first.startsWith('-') || SERVER.test(first)) return true
  if (!SHELL.test(first)) return false
  return /(?:redis|valkey|keydb)-server|docker-entrypoint|(?:exec|&&|^)\s*postgres\b/.test(
    words.join(' '),
  )
}
