import type { z } from 'zod'
import type { TokenKind } from '../installations/installation.ts'

/** What every request to Slack is given. */
export interface SlackAim {
  readonly signal: AbortSignal
  /**
   * When it must be over, monotonic, milliseconds: Slack's limits are waited for only as long. The `api` of a
   * workspace fills in the deadline of its tool call; undefined elsewhere = 30 s from now.
   */
  readonly deadlineMs?: number
  /** Whose token; `bot` unless said otherwise. */
  readonly as?: TokenKind
}

/** How one method of Slack's Web API is called. */
export interface SlackAsk<Reply> extends SlackAim {
  /** Reads of the reply what is needed; a reply that does not fit is `slack_protocol`. */
  readonly reply: z.ZodType<Reply>
  /** Whether it changes something: never sent twice, and an ambiguous failure is `slack_outcome_unknown`. */
  readonly write?: boolean
  /** A further part of what Slack counts by; of posts it is their channel unless something else is given. */
  readonly budget?: string
}

/** A file that Slack keeps, for `SlackApi.download`. */
export interface FileAsk extends SlackAim {
  /** More is `result_too_large`. */
  readonly bytesMax: number
  /** What the file is by Slack's word. A page is only believed where one is expected: a login looks like one. */
  readonly mimeType?: string
}

/** The bytes of a file. */
export interface FileContent {
  readonly bytes: Buffer
  /** As Slack says, without parameters; `application/octet-stream` where it says nothing. */
  readonly mimeType: string
}

/**
 * Slack's Web API with the token of one installation and of no other. What Slack refused a call with stands in
 * `details.slackError` of the error.
 */
export interface SlackApi {
  /**
   * Calls a method, within Slack's limits: waits for them only as long as the deadline lets it.
   *
   * @throws {AppError} `slack_refused`, `slack_channel_unknown`, `slack_user_unknown`, `slack_scope_missing`,
   *   `slack_reinstall`, `slack_rate_limited` (with `retryAfterMs`), `slack_unavailable`, `slack_protocol`,
   *   `slack_outcome_unknown`, `result_too_large`, the signal's own reason
   */
  call<Reply>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    ask: SlackAsk<Reply>,
  ): Promise<Reply>
  /**
   * Brings a file from its `url_private`. Only Slack's own hosts are asked: they get the token.
   *
   * @throws {AppError} as `call`
   */
  download(url: string, ask: FileAsk): Promise<FileContent>
  /**
   * Hands bytes to an `upload_url`, which is a credential of its own: no token is sent. Never sent twice.
   *
   * @throws {AppError} as `call`
   */
  upload(url: string, bytes: Buffer, aim: SlackAim): Promise<void>
}
