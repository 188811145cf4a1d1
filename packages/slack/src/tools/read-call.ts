import type { z } from 'zod'
import type { CursorBinding } from '../cursors/cursors.ts'
import type { ReadServices } from './read-services.ts'
import type { SlackContext, Workspace } from './slack-context.ts'

/** A walk is not continued with less than this left, milliseconds. */
const SPARE_MS = 5_000
/** What is kept for answering, milliseconds. */
const ANSWER_MS = 1_000

/** One call of a tool that reads, in the workspace it is for. */
export class ReadCall {
  readonly workspace: Workspace
  readonly signal: AbortSignal
  readonly #services: ReadServices
  readonly #context: SlackContext
  readonly #tool: string

  /**
   * @param team from the arguments
   * @throws {AppError} `slack_team_unknown`, `slack_reinstall`
   */
  constructor(
    tool: string,
    context: SlackContext,
    services: ReadServices,
    team: string | undefined,
  ) {
    this.workspace = context.workspace(team)
    this.signal = context.call.signal
    this.#services = services
    this.#context = context
    this.#tool = tool
  }

  /** When Slack must have answered: ahead of the end of the call, so that what was found so far is handed out. */
  get deadlineMs(): number {
    return this.#context.call.deadlineMs - ANSWER_MS
  }

  /** Id of the workspace. */
  get team(): string {
    return this.workspace.installation.team
  }

  /** Whether Slack limits this app as one that is given out beside its Marketplace. */
  get isUnlisted(): boolean {
    return this.workspace.app.distribution === 'unlisted'
  }

  /** Whether there is time for one more request to Slack. */
  hasTime(): boolean {
    return this.#services.clock.monotonicMs() < this.#context.call.deadlineMs - SPARE_MS
  }

  /** Calls Slack with the bot's token. @throws {AppError} whatever `SlackApi.call` throws */
  ask<Reply>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    reply: z.ZodType<Reply>,
  ): Promise<Reply> {
    const { signal, deadlineMs } = this
    return this.workspace.api.call(method, args, { reply, signal, deadlineMs })
  }

  /** As `ask`, with the token of whoever installed the app. */
  askAsUser<Reply>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    reply: z.ZodType<Reply>,
  ): Promise<Reply> {
    const { signal, deadlineMs } = this
    return this.workspace.api.call(method, args, { reply, signal, deadlineMs, as: 'user' })
  }

  /** Seals a place of this walk; undefined for none. */
  seal(subject: CursorBinding['subject'], place: unknown): string | undefined {
    if (place === undefined) return undefined
    return this.#services.cursors.seal(this.#binding(subject), place)
  }

  /**
   * The place that the caller's cursor names; undefined when it gave none.
   *
   * @throws {AppError} `request_invalid`
   */
  open<State>(
    cursor: string | undefined,
    subject: CursorBinding['subject'],
    state: z.ZodType<State>,
  ): State | undefined {
    if (cursor === undefined) return undefined
    return this.#services.cursors.open(cursor, this.#binding(subject), state)
  }

  #binding(subject: CursorBinding['subject']): CursorBinding {
    const { app, team } = this.workspace.installation
    const { principal } = this.#context.call
    return { principal, tool: this.#tool, app, team, subject }
  }
}
