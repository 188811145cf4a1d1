import { AppError, type ErrorCode } from '@sallyport/kit/errors'
import type { z } from 'zod'
import type { WriteGuard } from '../guard/write-guard.ts'
import type { Workspace } from './slack-context.ts'

/** Slack said what it did not do: after these nothing was done. */
const CERTAIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...([
    'slack_refused',
    'slack_channel_unknown',
    'slack_user_unknown',
    'slack_scope_missing',
  ] as const),
  ...(['slack_reinstall', 'slack_rate_limited', 'slack_write_refused', 'request_invalid'] as const),
])

/** One write on its way: where it may go, and whether Slack has been told of it. */
export class Writing {
  readonly workspace: Workspace
  readonly guard: WriteGuard
  readonly signal: AbortSignal
  #sent = false

  constructor(workspace: Workspace, guard: WriteGuard, signal: AbortSignal) {
    this.workspace = workspace
    this.guard = guard
    this.signal = signal
  }

  /** The id of a place that may be written to; see `WriteGuard.channel`. */
  channel(given: string): Promise<string> {
    return this.guard.channel(this.workspace, given, this.signal)
  }

  /**
   * Tells Slack to do it, once.
   *
   * @param budget what Slack counts by besides the method
   * @throws {AppError} as `SlackApi.call`
   */
  async send<Reply>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    reply: z.ZodType<Reply>,
    budget?: string,
  ): Promise<Reply> {
    this.#sent = true
    const ask = { reply, signal: this.signal, write: true }
    return await this.workspace.api.call(
      method,
      args,
      budget === undefined ? ask : { ...ask, budget },
    )
  }

  /** Asks Slack for something, which changes nothing. */
  async read<Reply>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    reply: z.ZodType<Reply>,
  ): Promise<Reply> {
    return await this.workspace.api.call(method, args, { reply, signal: this.signal })
  }

  /** Hands bytes to Slack, which shows them to nobody yet. */
  async upload(url: string, bytes: Buffer): Promise<void> {
    await this.workspace.api.upload(url, bytes, { signal: this.signal })
  }

  /** The failure, with what is known about whether something was done. */
  failed(thrown: unknown): AppError {
    const error = AppError.from(thrown)
    if (!this.#sent) return error.withOutcome('not_sent')
    if (error.outcome !== undefined) return error
    return error.withOutcome(CERTAIN.has(error.code) ? 'not_sent' : 'unknown')
  }
}

/**
 * Runs what Slack may refuse because it is so already, and says which it was.
 *
 * @param codes Slack's codes for that
 */
export async function unlessAlready(
  codes: readonly string[],
  act: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await act()
    return true
  } catch (thrown) {
    const { slackError } = AppError.from(thrown).details
    if (typeof slackError === 'string' && codes.includes(slackError)) return false
    throw thrown
  }
}
