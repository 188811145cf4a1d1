import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import type { Workspace } from '../tools/slack-context.ts'
import {
  CHANNEL_KINDS,
  type ChannelEntry,
  SLACK_KINDS,
  slackChannel,
  toChannelEntry,
} from './channel-entry.ts'
import type { ChannelFinder, KnownChannel } from './channel-finder.ts'
import type { DirectoryPage } from './team-directory.ts'
import { type DirectoriesRules, TeamDirectories } from './team-directories.ts'

/** Source: Slack, "conversations.list": at most 1,000 a page. */
const PAGE = 1_000
/** A name that was not there a minute ago may be there now. */
const MISS_AGE_MS = 60_000
/** What writes may rely on is at most this old. */
const FRESH_MS = 60_000
/** A name whose channel was renamed is looked for again. */
const NAME_ATTEMPTS = 3
/** Names have no capitals, but somebody may write GENERAL. */
const ID = /^(?=.*\d)[CGD][A-Z0-9]{5,20}$/

const RULES: DirectoriesRules = {
  entriesMax: 50_000,
  totalMax: 100_000,
  teamsMax: 1_000,
  lifeMs: 5 * 60_000,
}

const listReply = z.object({
  channels: z.array(slackChannel),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
})
const infoReply = z.object({ channel: slackChannel })

/** A conversation as far as it is known; of an id that nobody asked Slack about only the id is. */
export type ChannelGuess = Pick<ChannelEntry, 'id'> & Partial<ChannelEntry>

/** Whether the text has the form of an id of a conversation. */
export function isChannelId(text: string): boolean {
  return ID.test(text)
}

/** The channels of each workspace by name and id. */
export class ChannelDirectory implements ChannelFinder {
  readonly #clock: Clock
  readonly #teams: TeamDirectories<ChannelEntry>

  constructor(clock: Clock, rules: Partial<DirectoriesRules> = {}) {
    this.#clock = clock
    this.#teams = new TeamDirectories({ ...RULES, ...rules })
  }

  /**
   * The conversation that is meant. An id is taken as it is, without asking; a name (`general`, `#general`) is
   * looked up among the channels that the app can see.
   *
   * @throws {AppError} `slack_channel_unknown` for a name that no channel has; whatever `SlackApi.call` throws
   */
  async resolve(workspace: Workspace, ref: string, signal: AbortSignal): Promise<ChannelGuess> {
    const id = ref.trim()
    if (isChannelId(id)) return this.#known(workspace, id) ?? { id }
    const name = id.replace(/^#/, '').toLowerCase()
    const found = await this.#teams.of(workspace).search(
      (entry) => entry.name === name && entry.kind !== 'group_dm',
      (cursor) => this.#load(workspace, cursor, signal),
      { ageMs: MISS_AGE_MS, clock: this.#clock, signal },
    )
    if (found === undefined) throw unknownName()
    return found
  }

  /** @throws {AppError} `slack_channel_unknown`; whatever `SlackApi.call` throws */
  async byId(workspace: Workspace, id: string, signal: AbortSignal): Promise<KnownChannel> {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#teams.of(workspace).get(id, nowMs, FRESH_MS)
    return toKnown(known ?? (await this.#ask(workspace, id, signal)))
  }

  /**
   * A name is only believed after its channel was asked lately: it may have been given to another one.
   *
   * @throws {AppError} `slack_channel_unknown`; whatever `SlackApi.call` throws
   */
  async byName(workspace: Workspace, name: string, signal: AbortSignal): Promise<KnownChannel> {
    for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt += 1) {
      const { id } = await this.resolve(workspace, `#${name}`, signal)
      const now = await this.byId(workspace, id, signal)
      if (now.name?.toLowerCase() === name.toLowerCase()) return now
    }
    throw unknownName()
  }

  /** Keeps what another call brought. */
  learn(workspace: Workspace, entries: readonly ChannelEntry[]): void {
    const directory = this.#teams.of(workspace)
    const nowMs = this.#clock.monotonicMs()
    for (const entry of entries) directory.put(entry, nowMs)
  }

  /** Drops what is known of one channel, after a change of it. */
  forgetChannel(workspace: Workspace, id: string): void {
    this.#teams.of(workspace).forget(id)
  }

  /** Drops what is known of a workspace. */
  forgetTeam(app: string, team: string): void {
    this.#teams.forget(app, team)
  }

  #known(workspace: Workspace, id: string): ChannelEntry | undefined {
    return this.#teams.of(workspace).get(id, this.#clock.monotonicMs())
  }

  async #ask(workspace: Workspace, id: string, signal: AbortSignal): Promise<ChannelEntry> {
    const asked = { reply: infoReply, signal }
    const { channel } = await workspace.api.call('conversations.info', { channel: id }, asked)
    const entry = toChannelEntry(channel)
    this.learn(workspace, [entry])
    return entry
  }

  async #load(
    workspace: Workspace,
    cursor: string | undefined,
    signal: AbortSignal,
  ): Promise<DirectoryPage<ChannelEntry>> {
    const args = {
      types: listableKinds(workspace, ['public', 'private']),
      exclude_archived: false,
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    }
    const reply = await workspace.api.call('conversations.list', args, { reply: listReply, signal })
    const next = reply.response_metadata?.next_cursor
    return { entries: reply.channels.map(toChannelEntry), next: next === '' ? undefined : next }
  }
}

/**
 * Slack's `types` for the kinds that the bot may list.
 *
 * @throws {AppError} `slack_scope_missing` when it may list none of them
 */
export function listableKinds(
  { installation }: Pick<Workspace, 'installation'>,
  kinds: readonly (typeof CHANNEL_KINDS)[number][],
): string {
  const may = kinds.filter((kind) => installation.botScopes.includes(SLACK_KINDS[kind].listScope))
  if (may.length > 0) return may.map((kind) => SLACK_KINDS[kind].type).join(',')
  const scopes = kinds.map((kind) => SLACK_KINDS[kind].listScope).join(' or ')
  throw new AppError('slack_scope_missing', `listing these channels needs the scope ${scopes}`)
}

function toKnown({ id, name, user }: ChannelEntry): KnownChannel {
  return { id, name: name ?? null, user: user ?? null }
}

function unknownName(): AppError {
  return new AppError(
    'slack_channel_unknown',
    'no channel of that name is visible to the app: all were looked through; use slack_list_channels for names and ids, and invite the app into private channels',
  )
}
