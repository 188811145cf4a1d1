import type { BudgetLimit } from '@sallyport/kit/store'
import type { Distribution } from '../settings/settings.ts'

const MINUTE_MS = 60_000

/** Requests a minute. Source: Slack, "Rate limits": tiers 2 to 4, and what it calls special. */
const TIER_2 = 20
const TIER_3 = 50
const TIER_4 = 100
/** About one a second in a channel, and a few at once. */
const POSTS_PER_CHANNEL = 60
const POSTS_AT_ONCE = 5
const POST = 'chat.postMessage'
const MANY = 300

/** Methods by what Slack allows a minute, for each app and workspace. Source: Slack, each method's page. */
const PER_MINUTE: Readonly<Record<string, number>> = {
  'auth.test': MANY,
  'bookmarks.add': TIER_2,
  'bookmarks.edit': TIER_2,
  'bookmarks.list': TIER_3,
  'bookmarks.remove': TIER_2,
  'bots.info': TIER_3,
  'canvases.access.set': TIER_3,
  'canvases.create': TIER_2,
  'canvases.delete': TIER_3,
  'canvases.edit': TIER_3,
  'canvases.sections.lookup': TIER_3,
  'chat.delete': TIER_3,
  'chat.deleteScheduledMessage': TIER_3,
  'chat.getPermalink': MANY,
  'chat.meMessage': TIER_3,
  'chat.postEphemeral': TIER_4,
  [POST]: POSTS_PER_CHANNEL,
  'chat.scheduleMessage': TIER_3,
  'chat.scheduledMessages.list': TIER_3,
  'chat.update': TIER_3,
  'conversations.archive': TIER_2,
  'conversations.canvases.create': TIER_2,
  'conversations.close': TIER_2,
  'conversations.create': TIER_2,
  'conversations.history': TIER_3,
  'conversations.info': TIER_3,
  'conversations.invite': TIER_3,
  'conversations.join': TIER_3,
  'conversations.kick': TIER_3,
  'conversations.leave': TIER_3,
  'conversations.list': TIER_2,
  'conversations.mark': TIER_3,
  'conversations.members': TIER_4,
  'conversations.open': TIER_3,
  'conversations.rename': TIER_2,
  'conversations.replies': TIER_3,
  'conversations.setPurpose': TIER_2,
  'conversations.setTopic': TIER_2,
  'conversations.unarchive': TIER_2,
  'emoji.list': TIER_2,
  'files.completeUploadExternal': TIER_4,
  'files.delete': TIER_3,
  'files.getUploadURLExternal': TIER_4,
  'files.info': TIER_4,
  'files.list': TIER_3,
  'pins.add': TIER_2,
  'pins.list': TIER_2,
  'pins.remove': TIER_2,
  'reactions.add': TIER_3,
  'reactions.get': TIER_3,
  'reactions.list': TIER_2,
  'reactions.remove': TIER_2,
  'search.all': TIER_2,
  'search.files': TIER_2,
  'search.messages': TIER_2,
  'team.info': TIER_3,
  'usergroups.create': TIER_2,
  'usergroups.disable': TIER_2,
  'usergroups.enable': TIER_2,
  'usergroups.list': TIER_2,
  'usergroups.update': TIER_2,
  'usergroups.users.list': TIER_2,
  'usergroups.users.update': TIER_2,
  'users.conversations': TIER_3,
  'users.getPresence': TIER_3,
  'users.info': TIER_4,
  'users.list': TIER_2,
  'users.lookupByEmail': TIER_3,
  'users.profile.get': TIER_4,
  'views.open': TIER_4,
  'views.update': TIER_4,
}

/**
 * What apps outside the Marketplace may read. Source: Slack changelog, "Rate limit changes for non-Marketplace
 * apps", 29 May 2025.
 */
const UNLISTED: ReadonlySet<string> = new Set(['conversations.history', 'conversations.replies'])

/** Method names that may stand in a label of a metric. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(Object.keys(PER_MINUTE))

/**
 * What Slack allows of a method, for one app in one workspace. Half a minute's worth may go at once: a whole one
 * on top of the steady rate would be twice what the tier names.
 *
 * @param perMinute in place of Slack's own limits, for tests; undefined = Slack's
 */
export function methodLimit(
  method: string,
  distribution: Distribution,
  perMinute: number | undefined,
): BudgetLimit {
  const strict = distribution === 'unlisted' && UNLISTED.has(method)
  const allowed = perMinute ?? (strict ? 1 : (PER_MINUTE[method] ?? TIER_2))
  const burst = Math.max(1, Math.floor(allowed / 2))
  const posts = perMinute === undefined && method === POST
  return { intervalMs: MINUTE_MS / allowed, burst: posts ? POSTS_AT_ONCE : burst }
}

/** What Slack counts a request by besides its method: posts are counted for each channel. */
export function methodPart(
  method: string,
  args: Readonly<Record<string, unknown>>,
): string | undefined {
  const { channel } = args
  const isChannel = typeof channel === 'string' && /^[A-Z0-9]{1,32}$/.test(channel)
  return method === POST && isChannel ? channel : undefined
}
