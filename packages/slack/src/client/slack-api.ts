import type { z } from 'zod'
import type { TokenKind } from '../installations/installation.ts'

/** How one method of Slack's Web API is called. */
export interface SlackAsk<Reply> {
  /** Reads of the reply what is needed; a reply that does not fit is `slack_protocol`. */
  readonly reply: z.ZodType<Reply>
  readonly signal: AbortSignal
  /** `bot` unless said otherwise. */
  readonly as?: TokenKind
  /** Whether it changes something: never sent twice, and an ambiguous failure is `slack_outcome_unknown`. */
  readonly write?: boolean
  /** A further part of what Slack counts by, such as the channel of a post. */
  readonly budget?: string
}

/**
 * Slack's Web API with the token of one installation and of no other.
 */
export interface SlackApi {
  /**
   * Calls a method, within Slack's limits: waits for them only as long as the deadline lets it.
   *
   * @throws {AppError} `slack_refused`, `slack_scope_missing`, `slack_reinstall`, `slack_rate_limited` (with
   *   `retryAfterMs`), `slack_unavailable`, `slack_protocol`, `slack_outcome_unknown`, the signal's own reason
   */
  call<Reply>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    ask: SlackAsk<Reply>,
  ): Promise<Reply>
}
