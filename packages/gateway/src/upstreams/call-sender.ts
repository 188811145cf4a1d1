import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { LogLevel } from '@sallyport/kit/mcp'
import type { Call } from './call.ts'
import type { ClientInfo } from './own-messages.ts'
import { SessionLogLevel } from './session-log-level.ts'
import type { Session } from './session.ts'
import type { Slot } from './slot.ts'

export interface CallSenderOptions {
  readonly clientInfo: ClientInfo
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Hands calls to sessions that stand, each once the session is ready for it. */
export class CallSender {
  readonly #options: CallSenderOptions

  constructor(options: CallSenderOptions) {
    this.#options = options
  }

  /** From here on the call counts as in flight on the slot. */
  hand(slot: Slot, session: Session, call: Call): void {
    slot.inFlight += 1
    call.slot = slot
    call.session = session
    const quietMs = this.#options.clock.monotonicMs() - slot.readyAtMs
    const held = session.era === 'legacy' ? slot.roots?.wait(call, quietMs) : undefined
    if (held === undefined) {
      this.#sendOn(slot, session, call)
      return
    }
    held.then(
      () => call.settled || this.#sendOn(slot, session, call),
      (thrown: unknown) => call.fail(AppError.from(thrown)),
    )
  }

  /** Makes a new session as talkative as the one before it was. */
  setLogLevel(slot: Slot, level: LogLevel | undefined): void {
    if (slot.session !== undefined && level !== undefined)
      void this.#raise(slot, slot.session, level)
  }

  #sendOn(slot: Slot, session: Session, call: Call): void {
    const { logLevel } = call.request
    const raised = logLevel && this.#raise(slot, session, logLevel)
    if (raised === undefined) send(session, call)
    else void raised.then(() => call.settled || send(session, call))
  }

  /** Undefined when there is nothing to wait for. */
  #raise(slot: Slot, session: Session, level: LogLevel): Promise<void> | undefined {
    if (session.era === 'modern' || slot.agreement?.capabilities.logging !== true) return undefined
    slot.logLevel ??= new SessionLogLevel()
    const { clientInfo, signal } = this.#options
    return slot.logLevel.raise(session, level, { clientInfo, signal })
  }
}

function send(session: Session, call: Call): void {
  try {
    session.send(call)
  } catch (thrown) {
    call.fail(AppError.from(thrown))
  }
}
