import { SlackAccess } from '../access/slack-access.ts'
import { Budgets } from '../client/budgets.ts'
import { HttpExchange } from '../client/http-exchange.ts'
import { SlackClients } from '../client/slack-clients.ts'
import { askForTokens } from '../client/token-endpoint.ts'
import { Cursors } from '../cursors/cursors.ts'
import { Directories } from '../directory/directories.ts'
import { type Installations, LiveInstallations } from '../installations/index.ts'
import { openSlackOnce } from '../once/open-slack-once.ts'
import type { SlackOnce } from '../once/slack-once.ts'
import { createReadTools } from '../tools/read-tools.ts'
import type { SlackTool } from '../tools/slack-tool.ts'
import { createWriteTools } from '../tools/write-tools.ts'
import { createSlackWeb } from '../web/create-slack-web.ts'
import type { SlackWeb } from '../web/slack-web.ts'
import type { SlackBase } from './open-base.ts'

/** What is Slack's about a Slack server. */
export interface SlackParts {
  readonly installations: Installations
  /** Called when installations changed; set once somebody listens. */
  readonly news: { changed: () => void }
  readonly access: SlackAccess
  readonly tools: readonly SlackTool[]
  readonly web: SlackWeb
}

/** Opens installations, clients and tools; everything opened belongs to `scope`. */
export async function openSlack(base: SlackBase, scope: AsyncDisposableStack): Promise<SlackParts> {
  const { options, store, watch, metrics, deadlines } = base
  const { settings, clock, log } = options
  const { apiUrl } = settings
  const news = { changed: (): void => undefined }
  const exchange = scope.use(new HttpExchange(deadlines))
  const installations = scope.use(
    await LiveInstallations.open({
      ...{ store, watch, apps: settings.apps, clock, log },
      spend: (app, refreshToken, signal) =>
        askForTokens({ apiUrl, exchange }, app, { kind: 'refresh', refreshToken }, signal),
      marginMs: settings.refreshMarginMs,
      onChanged: () => news.changed(),
      onRefresh: (outcome) => metrics.slack.tokenRefreshed(outcome),
    }),
  )
  metrics.slack.watchInstallations(() => countStates(installations))
  const clients = createClients(base, installations, exchange)
  const access = new SlackAccess(settings, installations, clients)
  const web = scope.use(
    createSlackWeb(settings, {
      ...{ states: store.installStates, installations, exchange, clock, log },
      counters: metrics.slack,
    }),
  )
  const once = scope.use(
    openSlackOnce({
      ...{ store: store.outcomes, keys: store.ring.keys, clock, log },
      onDecided: (outcome) => metrics.stayUp.keyedCall(outcome),
    }),
  )
  const directories = new Directories(clock)
  installations.onEnded((place) => {
    clients.forget(place)
    directories.forgetTeam(place.app, place.team)
  })
  return { installations, news, access, tools: createTools(base, directories, once), web }
}

function createClients(
  { options, store, deadlines, metrics }: SlackBase,
  installations: Installations,
  exchange: HttpExchange,
): SlackClients {
  const { settings, clock, log } = options
  const { apiUrl, limits, testCallsPerMinute: callsPerMinute } = settings
  return new SlackClients({
    ...{ installations, deadlines, exchange, clock, log, apiUrl, callsPerMinute },
    budgets: new Budgets({ store: store.budgets, clock, deadlines }),
    meter: metrics.slackApi,
    responseBytesMax: limits.responseBytes,
  })
}

/** Every tool of this server, in the order in which they are listed. */
function createTools(
  { options, store }: SlackBase,
  directories: Directories,
  once: SlackOnce,
): readonly SlackTool[] {
  const { settings, clock } = options
  const cursors = new Cursors(store.ring.keys, clock)
  const { searchPrivate, fileBytesMax, uploads, writes: rule } = settings
  const { channels } = directories
  return [
    ...createReadTools({ cursors, directories, clock, searchPrivate, fileBytesMax }),
    ...createWriteTools({ rule, channels, once, uploads, clock }),
  ]
}

function countStates(
  installations: Installations,
): Readonly<Record<'active' | 'reinstall' | 'removed', number>> {
  const counts = { active: 0, reinstall: 0, removed: 0 }
  for (const { state } of installations.list()) counts[state] += 1
  return counts
}
