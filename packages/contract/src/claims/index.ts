import { ADMIN_API } from './admin-api.ts'
import { ATTACKS } from './attacks.ts'
import { CALLERS } from './callers.ts'
import { CHECK_CATALOGUE } from './check-catalogue.ts'
import { CHECK_DISCORD } from './check-discord.ts'
import { CHECK_SERVERS } from './check-servers.ts'
import { CHECK_SLACK } from './check-slack.ts'
import { CHECK_CONTAINERS } from './check-containers.ts'
import { CHECK_DATA } from './check-data.ts'
import { CHECK_DRILLS } from './check-drills.ts'
import { CHECK_EDGE } from './check-edge.ts'
import { CHECK_CONFIGURATION } from './check-configuration.ts'
import { CHECK_OBSERVABILITY } from './check-observability.ts'
import { CHECK_COMMAND } from './check-command.ts'
import { CHECK_REPORT } from './check-report.ts'
import type { Claim } from './claim.ts'
import { CHECKLIST_BOOK } from './checklist-book.ts'
import { COMMAND } from './command.ts'
import { COMPATIBILITY } from './compatibility.ts'
import { CONFIG } from './config.ts'
import { DOOR } from './door.ts'
import { ENTRIES } from './entries.ts'
import { EVENTS } from './events.ts'
import { FEATURES } from './features.ts'
import { FLEET } from './fleet.ts'
import { HANDOVER } from './handover.ts'
import { GROUPS } from './groups.ts'
import { HEALTH } from './health.ts'
import { KEYS } from './keys.ts'
import { LIMITS } from './limits.ts'
import { OBSERVE } from './observe.ts'
import { OPERATE } from './operate.ts'
import { ONCE } from './once.ts'
import { QUESTIONS } from './questions.ts'
import { QUOTAS } from './quotas.ts'
import { RECORD } from './record.ts'
import { RELOAD } from './reload.ts'
import { RELIABILITY } from './reliability.ts'
import { SECRETS } from './secrets.ts'
import { SESSIONS } from './sessions.ts'
import { SLACK_BEHIND } from './slack-behind.ts'
import { SLACK_CLIENT } from './slack-client.ts'
import { SLACK_INSTALLATIONS } from './slack-installations.ts'
import { SLACK_OAUTH } from './slack-oauth.ts'
import { SLACK_READING } from './slack-reading.ts'
import { SLACK_SERVING } from './slack-serving.ts'
import { SLACK_COMMAND } from './slack-command.ts'
import { SLACK_SCENARIOS } from './slack-scenarios.ts'
import { SLACK_SETTINGS } from './slack-settings.ts'
import { SLACK_ONCE, SLACK_WRITE } from './slack-write.ts'
import { STORE } from './store.ts'
import { SUPERVISION } from './supervision.ts'
import { TENANCY } from './tenancy.ts'
import { TOKENS } from './tokens.ts'
import { TOOLS } from './tools.ts'
import { TRANSPORTS } from './transports.ts'
import { UPSTREAMS } from './upstreams.ts'
import { USERS } from './users.ts'
import { WIRE } from './wire.ts'

export type { Claim } from './claim.ts'

/** Every promise by its id, in the order in which a request meets them. `npm run claims` holds tests to it. */
export const CLAIMS = {
  ...DOOR,
  ...KEYS,
  ...ATTACKS,
  ...USERS,
  ...TOKENS,
  ...WIRE,
  ...TRANSPORTS,
  ...TOOLS,
  ...FEATURES,
  ...QUESTIONS,
  ...COMPATIBILITY,
  ...LIMITS,
  ...QUOTAS,
  ...TENANCY,
  ...UPSTREAMS,
  ...CALLERS,
  ...GROUPS,
  ...SUPERVISION,
  ...FLEET,
  ...RECORD,
  ...ONCE,
  ...STORE,
  ...SECRETS,
  ...CHECKLIST_BOOK,
  ...HANDOVER,
  ...HEALTH,
  ...OBSERVE,
  ...OPERATE,
  ...ADMIN_API,
  ...SESSIONS,
  ...EVENTS,
  ...RELIABILITY,
  ...CONFIG,
  ...RELOAD,
  ...ENTRIES,
  ...COMMAND,
  ...SLACK_WRITE,
  ...SLACK_ONCE,
  ...SLACK_READING,
  ...SLACK_SERVING,
  ...SLACK_SETTINGS,
  ...SLACK_BEHIND,
  ...SLACK_CLIENT,
  ...SLACK_INSTALLATIONS,
  ...SLACK_OAUTH,
  ...SLACK_COMMAND,
  ...SLACK_SCENARIOS,
  ...CHECK_CATALOGUE,
  ...CHECK_SERVERS,
  ...CHECK_SLACK,
  ...CHECK_DISCORD,
  ...CHECK_CONTAINERS,
  ...CHECK_DATA,
  ...CHECK_EDGE,
  ...CHECK_DRILLS,
  ...CHECK_CONFIGURATION,
  ...CHECK_OBSERVABILITY,
  ...CHECK_COMMAND,
  ...CHECK_REPORT,
} as const satisfies Readonly<Record<string, Claim>>

/** The id of a promise, such as `door/host/foreign`. */
export type ClaimId = keyof typeof CLAIMS
