import { randomBytes } from 'node:crypto'
import type { Secret } from '@sallyport/kit/secret'

/** A key of its own ends by itself after this time, milliseconds, should nobody be left to revoke it. */
const KEY_MS = 180_000
const MAKE_MS = 10_000
const REVOKE_MS = 5_000

/** A key to make. */
export interface KeyWish {
  readonly name: string
  readonly role: 'caller' | 'viewer'
  readonly expiresInMs: number
  readonly tools?: { readonly allow: readonly string[] }
}

/** A gateway whose door is tried with keys that are made for it: a copy, or the one that runs. */
export interface KeyTarget {
  /** Origin of the data listener. */
  readonly dataUrl: string
  /** Origin of the admin listener. */
  readonly adminUrl: string
  /** @throws {AppError} what the gateway answered */
  createKey(wish: KeyWish, signal: AbortSignal): Promise<{ id: string; key: Secret }>
  /** @throws {AppError} what the gateway answered */
  rotateKey(id: string, overlapMs: number, signal: AbortSignal): Promise<Secret>
  /** @throws {AppError} what the gateway answered */
  revokeKey(id: string, signal: AbortSignal): Promise<void>
}

/** Keys of one drill: all that are left are revoked at the end. */
export class DrillKeys implements AsyncDisposable {
  readonly #target: KeyTarget
  readonly #ids = new Set<string>()

  constructor(target: KeyTarget) {
    this.#target = target
  }

  /** @throws {AppError} what the gateway answered; the signal's own reason */
  async make(
    role: KeyWish['role'],
    signal: AbortSignal,
    tools?: readonly string[],
  ): Promise<{ id: string; key: Secret }> {
    const name = `drill-${randomBytes(6).toString('hex')}`
    const scope = tools === undefined ? {} : { tools: { allow: tools } }
    signal.throwIfAborted()
    // Not bound to the signal: one that is made must be known, to be revoked.
    const own = AbortSignal.timeout(MAKE_MS)
    const made = await this.#target.createKey({ name, role, expiresInMs: KEY_MS, ...scope }, own)
    this.#ids.add(made.id)
    return made
  }

  /** @throws {AppError} what the gateway answered */
  async revoke(id: string, signal: AbortSignal): Promise<void> {
    await this.#target.revokeKey(id, signal)
    this.#ids.delete(id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const signal = AbortSignal.timeout(REVOKE_MS)
    const revoking = [...this.#ids].map((id) => this.#target.revokeKey(id, signal))
    this.#ids.clear()
    // One that cannot be revoked, as in a copy that has ended, ends by itself.
    await Promise.allSettled(revoking)
  }
}
