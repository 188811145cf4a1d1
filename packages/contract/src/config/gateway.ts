import { z } from 'zod'
import { api } from './api.ts'
import { audit } from './audit.ts'
import { auth } from './auth.ts'
import { checklist } from './checklist.ts'
import { type EndpointConfig, endpoints, names, toEndpointConfig } from './endpoints.ts'
import { groups, toGroupConfig, type GroupConfig } from './groups.ts'
import { allowFrom, roles, tenants } from './identity.ts'
import { limits } from './limits.ts'
import { allowedHosts, listenAddress, origins, publicUrl, trustedProxies } from './listen.ts'
import { serverName } from './name.ts'
import { log, metrics } from './observe.ts'
import { server, toServerConfig, type ServerConfig } from './server.ts'
import { slack, toSlackEntry } from './slack.ts'
import { masterKey, postgres, store } from './store.ts'
import { refuse } from './text.ts'
import { tracing } from './tracing.ts'

const SERVERS_MAX = 1_000
/** The name of the Slack server among the servers. */
const SLACK = 'slack'

const gatewayFile = z.strictObject({
  $schema: z
    .string()
    .optional()
    .meta({ description: 'For editors: where the schema of this file is. Not read.' }),
  version: z.literal(1).default(1).meta({ description: 'Version of this format.' }),
  environment: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
      'an environment is a word of letters, digits, - and _',
    )
    .default('local')
    .meta({
      description:
        'Names the file laid over this one: `sallyport.<environment>.yaml` beside it. Maps merge by key, lists and scalars replace, `null` removes.',
    }),
  listen: listenAddress('127.0.0.1:9100', 'Address for MCP clients.'),
  admin: listenAddress('127.0.0.1:9101', 'Address of the admin API and of metrics.'),
  publicUrl,
  allowedHosts,
  origins,
  trustedProxies,
  store,
  postgres,
  masterKey,
  auth,
  allowFrom,
  roles,
  tenants,
  mcpServers: z
    .record(serverName, server)
    .prefault({})
    .superRefine((servers, context) => {
      if (Object.keys(servers).length <= SERVERS_MAX) return
      refuse(context, `more than ${SERVERS_MAX} servers`, 'run several gateways')
    })
    .meta({ description: 'The MCP servers behind the gateway, by name.' }),
  slack,
  groups,
  endpoints,
  api,
  names: names.default('full').meta({
    description:
      'Names of tools and prompts: `full`, or `short`: those over 64 characters, which model APIs refuse, are cut and end in `_` and 6 digits of their hash.',
  }),
  limits,
  audit,
  metrics,
  log,
  tracing,
  checklist,
})

/** Our own keys at the top of the file and in a server. */
export const CONFIG_KEYS = {
  top: Object.keys(gatewayFile.shape),
  server: Object.keys(server.shape),
} as const

/** The whole file. What comes out is complete: every default is in here. */
export const gatewayConfig = gatewayFile
  .transform(({ mcpServers, groups: sets, endpoints: entries, $schema: _unread, ...rest }) => {
    const { startMs, callMs } = rest.limits
    const servers: Record<string, ServerConfig> = {}
    for (const [name, entry] of Object.entries(mcpServers)) {
      servers[name] = toServerConfig(name, entry, { startMs, callMs })
    }
    // That the name is free is a rule of its own.
    if (rest.slack !== undefined && !Object.hasOwn(servers, SLACK)) {
      const entry = toServerConfig(SLACK, toSlackEntry(rest.slack), { startMs, callMs })
      if (entry.kind === 'http') servers[SLACK] = { ...entry, child: SLACK }
    }
    const grouped: Record<string, GroupConfig> = {}
    for (const [name, entry] of Object.entries(sets)) grouped[name] = toGroupConfig(name, entry)
    const selections: Record<string, EndpointConfig> = {}
    for (const [name, entry] of Object.entries(entries)) {
      selections[name] = toEndpointConfig(name, entry, rest.names)
    }
    return { ...rest, servers, groups: grouped, endpoints: selections }
  })
  .meta({
    title: 'Sallyport configuration',
    description: 'Configuration of a Sallyport gateway (sallyport.yaml).',
  })

/** A complete configuration: durations in `...Ms`, sizes in `...Bytes`, rates per second, secrets wrapped. */
export type GatewayConfig = z.output<typeof gatewayConfig>
/** The same as it stands in the file. */
export type GatewayConfigInput = z.input<typeof gatewayConfig>
