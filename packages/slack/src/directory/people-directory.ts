import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import type { Workspace } from '../tools/slack-context.ts'
import { cleanLine } from '../tools/untrusted.ts'
import { type DirectoriesRules, TeamDirectories } from './team-directories.ts'
import type { DirectoryPage } from './team-directory.ts'

/** Source: Slack, "users.list": no more than 200 recommended, 1,000 allowed. */
const PAGE = 1_000
const MISS_AGE_MS = 60_000
const ID = /^(?=.*\d)[UWB][A-Z0-9]{5,20}$/
/** A name is not waited for any longer: its message is there with the id. */
const NAME_WAIT_MS = 2_000
/** Look-ups of people that run at once for one answer. */
const AT_ONCE = 4

const RULES: DirectoriesRules = {
  entriesMax: 50_000,
  totalMax: 100_000,
  teamsMax: 1_000,
  lifeMs: 10 * 60_000,
}

/** A person or an app as Slack tells of it, as far as we use it. Source: Slack, "User object". */
export const slackUser = z.object({
  id: z.string(),
  name: z.string().optional(),
  real_name: z.string().optional(),
  deleted: z.boolean().optional(),
  is_bot: z.boolean().optional(),
  is_admin: z.boolean().optional(),
  is_restricted: z.boolean().optional(),
  tz: z.string().optional(),
  profile: z
    .object({
      display_name: z.string().optional(),
      real_name: z.string().optional(),
      title: z.string().optional(),
      email: z.string().optional(),
      phone: z.string().optional(),
      status_text: z.string().optional(),
      status_emoji: z.string().optional(),
    })
    .optional(),
})
export type SlackUser = z.output<typeof slackUser>

const listReply = z.object({
  members: z.array(slackUser),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
})
const infoReply = z.object({ user: slackUser })

/** What is kept of a person: names, no address and no number. */
export interface PersonEntry {
  readonly id: string
  /** The one to show. */
  readonly name: string
  /** Further names that they may be called by, lower case. */
  readonly handles: readonly string[]
}

/** Whether the text has the form of an id of a person or an app. */
export function isUserId(text: string): boolean {
  return ID.test(text)
}

export function toPersonEntry(user: SlackUser): PersonEntry {
  const names = [user.profile?.display_name, user.real_name, user.profile?.real_name, user.name]
  const known = names.map((name) => cleanLine(name ?? '')).filter((name) => name !== '')
  const handles = [...new Set(known.map((name) => name.toLowerCase()))]
  return { id: user.id, name: known[0] ?? user.id, handles }
}

/** The people of each workspace by name and id. */
export class PeopleDirectory {
  readonly #clock: Clock
  readonly #teams: TeamDirectories<PersonEntry>

  constructor(clock: Clock, rules: Partial<DirectoriesRules> = {}) {
    this.#clock = clock
    this.#teams = new TeamDirectories({ ...RULES, ...rules })
  }

  /**
   * The id of the person that is meant: an id as it is, without asking; `@ana` and `Ana Silva` by the names of
   * the workspace.
   *
   * @throws {AppError} `slack_user_unknown` for a name that nobody has; whatever `SlackApi.call` throws
   */
  async resolve(workspace: Workspace, ref: string, signal: AbortSignal): Promise<string> {
    const id = ref.trim()
    if (isUserId(id)) return id
    const name = id.replace(/^@/, '').toLowerCase()
    const found = await this.#teams.of(workspace).search(
      (entry) => entry.handles.includes(name),
      (cursor) => this.#load(workspace, cursor, signal),
      { ageMs: MISS_AGE_MS, clock: this.#clock, signal },
    )
    if (found !== undefined) return found.id
    throw new AppError(
      'slack_user_unknown',
      'nobody of that name is in the workspace: all were looked through; use slack_search_users for ids',
    )
  }

  /**
   * Names for ids: those that are known, and as many of the others as may be asked for. A look-up that fails
   * leaves its id without a name.
   */
  async names(
    workspace: Workspace,
    ids: readonly string[],
    { lookUpsMax, signal }: { readonly lookUpsMax: number; readonly signal: AbortSignal },
  ): Promise<ReadonlyMap<string, string>> {
    const directory = this.#teams.of(workspace)
    const nowMs = this.#clock.monotonicMs()
    const unknown = [...new Set(ids)].filter((id) => directory.get(id, nowMs) === undefined)
    const mayAsk = workspace.installation.botScopes.includes('users:read')
    const asked = mayAsk ? unknown.filter((id) => /^[UW]/.test(id)).slice(0, lookUpsMax) : []
    await inTurns(asked, AT_ONCE, async (id) => {
      const entry = await this.#ask(workspace, id, signal)
      if (entry !== undefined) directory.put(entry, this.#clock.monotonicMs())
      return entry !== undefined
    })
    const names = new Map<string, string>()
    for (const id of ids) {
      const name = directory.get(id, this.#clock.monotonicMs())?.name
      if (name !== undefined) names.set(id, name)
    }
    return names
  }

  /** Keeps what another call brought. */
  learn(workspace: Workspace, entries: readonly PersonEntry[]): void {
    const directory = this.#teams.of(workspace)
    const nowMs = this.#clock.monotonicMs()
    for (const entry of entries) directory.put(entry, nowMs)
  }

  /** Drops what is known of a workspace. */
  forgetTeam(app: string, team: string): void {
    this.#teams.forget(app, team)
  }

  async #ask(
    workspace: Workspace,
    id: string,
    signal: AbortSignal,
  ): Promise<PersonEntry | undefined> {
    try {
      const deadlineMs = this.#clock.monotonicMs() + NAME_WAIT_MS
      const asked = { reply: infoReply, signal, deadlineMs }
      return toPersonEntry((await workspace.api.call('users.info', { user: id }, asked)).user)
    } catch (error) {
      signal.throwIfAborted()
      const code = AppError.from(error).code
      // A name is an extra. Somebody unknown is remembered as such.
      return code === 'slack_user_unknown' ? { id, name: id, handles: [] } : undefined
    }
  }

  async #load(
    workspace: Workspace,
    cursor: string | undefined,
    signal: AbortSignal,
  ): Promise<DirectoryPage<PersonEntry>> {
    const args = { limit: PAGE, ...(cursor !== undefined && { cursor }) }
    const reply = await workspace.api.call('users.list', args, { reply: listReply, signal })
    const next = reply.response_metadata?.next_cursor
    const there = reply.members.filter(({ deleted }) => deleted !== true)
    return { entries: there.map(toPersonEntry), next: next === '' ? undefined : next }
  }
}

/** Runs over the ids, a few at once, until one says false. */
async function inTurns(
  ids: readonly string[],
  atOnce: number,
  run: (id: string) => Promise<boolean>,
): Promise<void> {
  const waiting = [...ids]
  const worker = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      if (!(await run(id))) waiting.length = 0
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, ids.length) }, worker))
}
