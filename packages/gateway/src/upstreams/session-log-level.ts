import { LOG_LEVELS, type LogLevel } from '@sallyport/kit/mcp'
import { ask } from './ask.ts'
import type { ClientInfo } from './own-messages.ts'
import type { Session } from './session.ts'

const SET_MS = 5_000

/**
 * How urgent a log message must be for one legacy session to send it. It is only ever made more talkative:
 * others may share the session, and what is too much for a client is left out on its way there.
 *
 * Source: MCP 2025-11-25, "Logging".
 */
export class SessionLogLevel {
  /** Place in `LOG_LEVELS`; the lower, the more is sent. */
  #rank = Infinity
  #setting: Promise<void> | undefined

  /** The level asked for last; undefined when none was. */
  get level(): LogLevel | undefined {
    return LOG_LEVELS[this.#rank]
  }

  /**
   * Sees that messages of this level are sent. Undefined when that is so already; otherwise resolves once
   * the server knows, or has refused: a call does not fail for its log messages.
   */
  raise(
    session: Session,
    level: LogLevel,
    { clientInfo, signal }: { readonly clientInfo: ClientInfo; readonly signal: AbortSignal },
  ): Promise<void> | undefined {
    const rank = LOG_LEVELS.indexOf(level)
    if (rank >= this.#rank) return this.#setting
    this.#rank = rank
    const method = 'logging/setLevel'
    const question = { method, params: { level }, clientInfo, withinMs: SET_MS, cancels: false }
    const over = (): void => {
      if (this.#setting === setting) this.#setting = undefined
    }
    const setting: Promise<void> = ask(session, question, signal).then(over, over)
    this.#setting = setting
    return setting
  }
}
