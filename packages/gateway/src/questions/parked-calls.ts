import { randomBytes } from 'node:crypto'
import type { CallAbort } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import type { Deadline, Deadlines } from '@sallyport/kit/limits'
import type { Reservation } from '@sallyport/kit/mcp'
import type { Attempt } from '../call/attempt.ts'
import type { Conversation } from './conversation.ts'

/** A call that waits for a person, while no request of its client is open. */
export interface ParkedCall {
  readonly conversation: Conversation
  readonly attempt: Attempt
  /** Ends the call at the server. */
  readonly controller: CallAbort
  readonly principalId: string
  /** Bytes the gateway keeps for it. */
  readonly bytes: number
}

export interface ParkedCallsDeps {
  readonly deadlines: Deadlines
  readonly reserve: (principalId: string) => Reservation
  readonly limits: {
    /** How long a person has, milliseconds. */
    readonly timeoutMs: number
    readonly perPrincipal: number
    readonly total: number
  }
}

interface Entry extends ParkedCall {
  readonly deadline: Deadline
  readonly reservation: Reservation
}

/**
 * Calls that wait for an answer of a modern client. Bounded per principal and in all; who does not come
 * back in time has the call cancelled at the server.
 *
 * Source: design §6 (8 parked calls per principal, 1,000 in all, 5 min).
 */
export class ParkedCalls implements Disposable {
  readonly #deps: ParkedCallsDeps
  readonly #entries = new Map<string, Entry>()
  /** Calls that wait with their request open. */
  readonly #held = new Map<object, { readonly principalId: string; questions: number }>()

  constructor(deps: ParkedCallsDeps) {
    this.#deps = deps
  }

  /** Calls that wait for a person, parked or with their request open. */
  get size(): number {
    return this.#entries.size + this.#held.size
  }

  /**
   * Counts a call that waits for a person with its request open, once, however many questions it has. What is
   * returned ends its part of the count, once.
   *
   * @throws {AppError} `overloaded` when too many wait already
   */
  hold(principalId: string, call: object): () => void {
    const known = this.#held.get(call)
    if (known) known.questions += 1
    else {
      const fault = this.#fault(principalId)
      if (fault) throw fault
      this.#held.set(call, { principalId, questions: 1 })
    }
    let over = false
    return () => {
      const held = this.#held.get(call)
      if (over || !held) return
      over = true
      held.questions -= 1
      if (held.questions === 0) this.#held.delete(call)
    }
  }

  /**
   * Parks a call and says under which id it is found again.
   *
   * @throws {AppError} `overloaded` when too many wait already; the call is then aborted
   */
  park(call: ParkedCall): string {
    const { limits, deadlines, reserve } = this.#deps
    const reservation = reserve(call.principalId)
    let fault = this.#fault(call.principalId)
    if (!fault && !reservation.grow(call.bytes)) {
      fault = new AppError('overloaded', 'too many bytes are buffered for this key', {
        outcome: 'unknown',
      })
    }
    if (fault) {
      reservation.release()
      call.controller.abort(fault)
      throw fault
    }
    const id = randomBytes(12).toString('base64url')
    const deadline = deadlines.add(limits.timeoutMs, () => {
      const text = `the client did not come back with an answer within ${limits.timeoutMs} ms`
      this.#end(id, new AppError('question_unanswered', text, { outcome: 'unknown' }))
    })
    this.#entries.set(id, { ...call, deadline, reservation })
    return id
  }

  /** Takes a call back out; undefined when it is not there any more. */
  take(id: string): ParkedCall | undefined {
    const entry = this.#entries.get(id)
    if (!entry) return undefined
    this.#entries.delete(id)
    entry.deadline.cancel()
    entry.reservation.release()
    return entry
  }

  /** Ends the calls of a principal whose credential was revoked. */
  endPrincipal(principalId: string): void {
    for (const [id, entry] of this.#entries) {
      if (entry.principalId !== principalId) continue
      this.#end(id, new AppError('credential_invalid', 'the key was revoked'))
    }
  }

  [Symbol.dispose](): void {
    for (const id of this.#entries.keys()) {
      this.#end(id, new AppError('shutting_down', 'the gateway is stopping'))
    }
  }

  #fault(principalId: string): AppError | undefined {
    const { perPrincipal, total } = this.#deps.limits
    const waiting = [...this.#entries.values(), ...this.#held.values()]
    const own = waiting.filter((one) => one.principalId === principalId).length
    if (own < perPrincipal && this.size < total) return undefined
    const text = `${own} calls of this key wait for a person, ${this.size} in all: no more may`
    return new AppError('overloaded', text, { outcome: 'unknown' })
  }

  #end(id: string, reason: AppError): void {
    this.take(id)?.controller.abort(reason)
  }
}
