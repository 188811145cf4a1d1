import type { Deployment, GatewayView, SlackTeam, SlackView } from '@sallyport/checklist'
import type { ChecklistSettings } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { Secret } from '@sallyport/kit/secret'
import type { SlackSettings } from '@sallyport/slack/settings'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { findSettings } from '../slack-settings.ts'

/** What a deployment has besides its Slack server. */
interface Around {
  readonly settings: ChecklistSettings
  readonly gateway: GatewayView | undefined
  /** Whether the configuration has a Slack server, and not only the environment. */
  readonly isBehind: boolean
}

/** The Slack server of a deployment, behind its gateway or of this environment; undefined where there is none. */
export async function openSlack(
  context: Context,
  options: ConfigOptions,
  around: Around,
): Promise<Deployment['slack']> {
  if (!around.isBehind && !context.environment['SLACK_CLIENT_ID']) return undefined
  try {
    return viewOf(context, options, { ...around, found: await findSettings(context, options) })
  } catch (thrown) {
    return {
      unreadable: `the settings of the Slack server are wrong: ${AppError.from(thrown).message}`,
    }
  }
}

function viewOf(
  context: Context,
  options: ConfigOptions,
  { found, ...around }: Around & { readonly found: SlackSettings },
): SlackView {
  const { tokens, apps, limits } = found
  return {
    ...addressesOf(found, around),
    publicUrl: found.publicUrl,
    redirectUri: found.redirectUri,
    logLevel: found.logLevel,
    scopes: apps[0]?.scopes ?? [],
    toolsets: [...found.toolsets],
    origins: found.origins,
    callMs: limits.callMs,
    store: found.store,
    boundTeams: boundTeamsOf(found, around),
    teams: () => readTeams(context, options),
    token: (signal) => tokenOf(tokens, around, signal),
  }
}

/** Behind the gateway its own token is bound to all; of those before it the first one that is used counts. */
function boundTeamsOf(
  { tokens, tenantTeams }: SlackSettings,
  { isBehind }: Around,
): readonly string[] {
  if (isBehind) return [...tenantTeams.values()].flat()
  return tokens[0]?.teams ?? []
}

function addressesOf(
  { listen, publicUrl }: SlackSettings,
  { settings, gateway, isBehind }: Around,
): Pick<SlackView, 'mcpUrl' | 'webUrl'> {
  const given = settings.slack?.url?.replace(/\/$/, '')
  if (given !== undefined) return { mcpUrl: `${given}/mcp`, webUrl: given }
  if (isBehind) {
    const webUrl = gateway?.dataUrl ?? publicUrl
    return { mcpUrl: `${webUrl}/servers/slack/mcp`, webUrl }
  }
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  const webUrl = `http://${host.replace(/^0\.0\.0\.0$/, '127.0.0.1').replace(/^\[::\]$/, '[::1]')}:${listen.port}`
  return { mcpUrl: `${webUrl}/mcp`, webUrl }
}

async function tokenOf(
  tokens: SlackSettings['tokens'],
  { settings, gateway, isBehind }: Around,
  signal: AbortSignal,
): Promise<Secret> {
  if (settings.slack?.token !== undefined) return settings.slack.token
  if (isBehind && gateway !== undefined) return gateway.key(signal)
  const [first] = isBehind ? [] : (tokens[0]?.values ?? [])
  if (first !== undefined) return first
  throw new AppError(
    'usage',
    'there is no token to call the Slack server with: set `checklist.slack.token`',
  )
}

async function readTeams(context: Context, options: ConfigOptions): Promise<readonly SlackTeam[]> {
  const { readTeams: read } = await import('../verbs/slack-teams.ts')
  const installations = await read(context, await findSettings(context, options))
  return installations.map(({ team, app, state, botScopes, expiresAtMs }) => {
    return { team, app, state, scopes: botScopes, expiresAtMs }
  })
}
