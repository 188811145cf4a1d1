import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { SlackConfig } from '@sallyport/contract/config'
import { Secret } from '@sallyport/kit/secret'
import type { RunnableConfig } from './load-gateway-config.ts'
import { slackAddress } from './slack-rules.ts'

/** Variables of the child, by name. Most are no secrets; which ones are is not looked into. */
export type ChildVariables = Readonly<Record<string, Secret>>

/** The gateway is its only caller and has bounds for each of its own. */
const UNBOUNDED = {
  SLACK_RATE_PER_SECOND: '100000',
  SLACK_RATE_BURST: '100000',
  SLACK_CONCURRENT: '10000',
  SLACK_CONNECTIONS_PER_ADDRESS: '100000',
} as const
/** What of the gateway's own environment says how its log looks, and what tests may do. */
const SHARED = ['MCP_JSON_LOGS', 'NO_COLOR', 'SALLYPORT_ALLOW_TEST_HOSTS'] as const
const SQLITE = 'sqlite:'
const DAY_MS = 86_400_000
const TOKEN_BYTES = 32
const APPS_BYTES_MAX = 1_048_576

export interface ChildWorld {
  /** The gateway's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What the gateway presents to the child. */
  readonly token: Secret
  /** Public key of what the gateway says of callers; undefined = nobody is vouched for. */
  readonly callers?: string | undefined
}

/** The environment of the Slack server of a configuration; undefined where it has none. */
export function childVariables(
  config: RunnableConfig,
  { environment, token, callers }: ChildWorld,
): ChildVariables | undefined {
  const { slack } = config
  const address = slackAddress(config)
  if (slack === undefined || address === undefined) return undefined
  const variables: Record<string, string | undefined> = {
    ...appVariables(slack),
    ...toolVariables(slack),
    ...storeVariables(config),
    ...UNBOUNDED,
    HOST: '127.0.0.1',
    PORT: '0',
    PUBLIC_BASE_URL: address.publicUrl,
    SLACK_REDIRECT_URI: address.redirectUri,
    ALLOWED_HOSTS: [new URL(address.redirectUri).host, ...config.allowedHosts].join(','),
    TRUSTED_PROXIES: '127.0.0.1',
    SALLYPORT_TOKEN: `gateway=${token.reveal()}`,
    LOG_LEVEL: environment['MCP_LOG_LEVEL'],
    SESSION_TTL_MS: String(Math.max(1_000, config.limits.session.idleMs)),
    SLACK_CALL_MS: String(Math.min(300_000, config.servers['slack']?.callMs ?? 30_000)),
    SLACK_DRAIN_MS: String(Math.min(300_000, config.limits.drainMs)),
    SLACK_REQUEST_BYTES: String(slack.requestSize),
    SLACK_AUDIT_KEEP_DAYS: String(Math.min(3_650, Math.ceil(config.audit.keepMs / DAY_MS))),
  }
  if (callers !== undefined) {
    const { slack: entry } = config.servers
    variables['SALLYPORT_CALLERS'] = callers
    variables['SALLYPORT_CALLERS_AUDIENCE'] = entry?.kind === 'http' ? entry.url : undefined
  }
  for (const name of SHARED) variables[name] = environment[name]
  for (const name of referencedBy(slack.apps)) variables[name] ??= environment[name]
  const set = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, new Secret(value)] as const],
  )
  return Object.fromEntries(set)
}

function appVariables(slack: SlackConfig): Record<string, string | undefined> {
  const teams = Object.entries(slack.tenantTeams).map(([name, ids]) => `${name}=${ids.join('+')}`)
  return {
    SLACK_CLIENT_ID: slack.clientId,
    SLACK_CLIENT_SECRET: slack.clientSecret?.reveal(),
    SLACK_SIGNING_SECRET: slack.signingSecret?.reveal(),
    SLACK_SCOPES: slack.scopes.join(','),
    SLACK_USER_SCOPES: slack.userScopes.join(','),
    SLACK_DISTRIBUTION: slack.distribution,
    SLACK_APPS: slack.apps,
    SLACK_TENANT_TEAMS: teams.join(','),
    SLACK_API_URL: slack.apiUrl,
    SLACK_AUTHORIZE_URL: slack.authorizeUrl,
    SLACK_STATE_TTL_MS: String(slack.stateTtl),
    SLACK_REFRESH_MARGIN_MS: String(slack.refreshMargin),
  }
}

function toolVariables(slack: SlackConfig): Record<string, string | undefined> {
  const { writeChannels, uploads } = slack
  return {
    SLACK_TOOLSETS: slack.toolsets.join(','),
    SLACK_WRITE_CHANNELS: writeChannels === '*' ? '*' : writeChannels.join(','),
    SLACK_UPLOAD_KINDS: uploads.kinds.join(','),
    SLACK_UPLOAD_BYTES: String(uploads.size),
    SLACK_UPLOAD_FOLDER: uploads.folder,
    SLACK_FILE_BYTES: String(slack.fileSize),
    SLACK_SEARCH: slack.searchPrivate ? 'all' : 'public',
  }
}

/** The same PostgreSQL, or a file of its own beside the embedded store. */
function storeVariables({ store, masterKey }: RunnableConfig): Record<string, string | undefined> {
  const path = store.startsWith(SQLITE) ? store.slice(SQLITE.length) : undefined
  return {
    SALLYPORT_STORE: path === undefined ? store : `${SQLITE}${join(dirname(path), 'slack.db')}`,
    SALLYPORT_MASTER_KEY: masterKey?.map((key) => key.reveal()).join(','),
  }
}

/** Names of the variables that a file of apps refers to. What is wrong with the file the child says. */
function referencedBy(file: string | undefined): readonly string[] {
  if (file === undefined) return []
  try {
    const text = readFileSync(file, 'utf8').slice(0, APPS_BYTES_MAX)
    return [...text.matchAll(/\$\{env:([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name = '']) => name)
  } catch {
    return [] // told by the child, with the place
  }
}

/** The same as texts, for whoever looks at what the child has and lets nobody in. */
export function slackVariables(
  config: RunnableConfig,
  environment: ChildWorld['environment'],
): Readonly<Record<string, string>> | undefined {
  const token = new Secret(randomBytes(TOKEN_BYTES).toString('hex'))
  const variables = childVariables(config, { environment, token })
  if (variables === undefined) return undefined
  const texts = Object.entries(variables).map(([name, value]) => [name, value.reveal()])
  return Object.fromEntries(texts)
}
