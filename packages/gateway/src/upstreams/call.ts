import { AppError } from '@sallyport/kit/errors'
import type { Message } from '@sallyport/kit/mcp'
import type { Exchange, Session } from './session.ts'
import type { Slot } from './slot.ts'
import type { Asker, UpstreamReply, UpstreamRequest } from './upstream.ts'

/** What a call needs of the server it goes to. */
export interface CallOwner {
  /** The call is over, one way or the other. */
  onSettled(call: Call, error: AppError | undefined): void
  /** The server certainly did not act, so the call goes on elsewhere. */
  resend(call: Call): void
  /** Takes a call that waits off whatever queue it is in. */
  forget(call: Call): void
}

/**
 * One caller's request, from acceptance to its one outcome. It is its own abort listener and its own
 * exchange: a call allocates this object and its promise.
 */
export class Call implements Exchange {
  id = 0
  handedOver = false
  /** Whose session carries it or will carry it; undefined while it waits for room. */
  slot: Slot | undefined
  /** Set while it is with a session. */
  session: Session | undefined
  readonly request: UpstreamRequest
  readonly asker: Asker
  /** Key of the session it belongs on. */
  readonly key: string
  readonly #owner: CallOwner
  readonly #resolve: (reply: UpstreamReply) => void
  readonly #reject: (error: AppError) => void
  #moved = false
  #settled = false

  constructor(
    owner: CallOwner,
    what: { readonly key: string; readonly asker: Asker; readonly request: UpstreamRequest },
    resolve: (reply: UpstreamReply) => void,
    reject: (error: AppError) => void,
  ) {
    this.#owner = owner
    this.key = what.key
    this.asker = what.asker
    this.request = what.request
    this.#resolve = resolve
    this.#reject = reject
  }

  get settled(): boolean {
    return this.#settled
  }

  succeed(message: Message): void {
    if (this.#settled) return
    const era = this.session?.era ?? 'legacy'
    this.#settle(undefined)
    this.#resolve({ message, era })
  }

  /** Ends the call, or moves it on once when a lost session did not get to hand it over. */
  fail(error: AppError): void {
    if (this.#settled) return
    const movable = error.code === 'server_lost' && error.outcome === 'not_sent'
    if (movable && !this.#moved && !this.request.signal.aborted) {
      this.#moved = true
      this.#owner.resend(this)
      return
    }
    this.#settle(error)
    this.#reject(error)
  }

  /** A listener that throws is a defect of ours: it ends its own call, not the session. */
  hear(message: Message): void {
    try {
      this.request.onNotification?.(message)
    } catch (thrown) {
      this.session?.cancel(this, true)
      this.fail(AppError.from(thrown))
    }
  }

  /** The caller's signal aborted. */
  handleEvent(): void {
    if (this.#settled) return
    const { session, handedOver } = this
    if (session === undefined) this.#owner.forget(this)
    else session.cancel(this, true)
    const reason = AppError.from(this.request.signal.reason, 'cancelled')
    // A copy: whoever aborts may share the reason among calls.
    const error = reason.withOutcome(handedOver ? 'unknown' : 'not_sent')
    this.#settle(error)
    this.#reject(error)
  }

  #settle(error: AppError | undefined): void {
    this.#settled = true
    this.request.signal.removeEventListener('abort', this)
    this.#owner.onSettled(this, error)
  }
}
