import { AppError } from '../errors.ts'
import type { LegacySession } from './session.ts'

/** When a session may have come to its end. */
const RETRY_AFTER_MS = 1_000

/** How many sessions memory has room for. Those of lines do not count: each is one connection. */
export interface SessionRoom {
  /** Sessions of one principal. */
  readonly perPrincipalMax: number
  /** Sessions of all principals together. */
  readonly totalMax: number
}

/**
 * The sessions memory knows, by id. Beyond its room it forgets the one that was idle for the longest, which
 * its id brings back; one that is in use, or that somebody must be told the end of, it keeps.
 */
export class SessionTable {
  readonly #room: SessionRoom
  readonly #byId = new Map<string, LegacySession>()
  readonly #byPrincipal = new Map<string, Set<LegacySession>>()

  constructor(room: SessionRoom) {
    this.#room = room
  }

  get size(): number {
    return this.#byId.size
  }

  get(id: string): LegacySession | undefined {
    return this.#byId.get(id)
  }

  values(): MapIterator<LegacySession> {
    return this.#byId.values()
  }

  /**
   * Makes room and takes a session in.
   *
   * @throws {AppError} `overloaded` when there is no room, and every session that could make it is in use
   */
  add(session: LegacySession): void {
    const { perPrincipalMax, totalMax } = this.#room
    const own = this.#byPrincipal.get(session.principal.id)
    if (own !== undefined && own.size >= perPrincipalMax && !this.#forgetOneOf(own)) {
      const text = `the key has ${own.size} sessions in use: end some, or raise limits.session.perPrincipal`
      throw new AppError('overloaded', text, { retryAfterMs: RETRY_AFTER_MS })
    }
    if (this.size >= totalMax && !this.#forgetOneOf(this.#byId.values())) {
      const text = `${this.size} sessions are in use: end some, or raise limits.session.max`
      throw new AppError('overloaded', text, { retryAfterMs: RETRY_AFTER_MS })
    }
    this.#byId.set(session.id, session)
    // Asked for again: what was forgotten may have been the principal's last.
    const kept = this.#byPrincipal.get(session.principal.id)
    if (kept) kept.add(session)
    else this.#byPrincipal.set(session.principal.id, new Set([session]))
  }

  delete(session: LegacySession): void {
    if (this.#byId.get(session.id) !== session) return
    this.#byId.delete(session.id)
    const own = this.#byPrincipal.get(session.principal.id)
    own?.delete(session)
    if (own?.size === 0) this.#byPrincipal.delete(session.principal.id)
  }

  clear(): void {
    this.#byId.clear()
    this.#byPrincipal.clear()
  }

  /** Forgets the longest idle of them that may be forgotten; false when there is none. */
  #forgetOneOf(sessions: Iterable<LegacySession>): boolean {
    let longest: LegacySession | undefined
    for (const session of sessions) {
      if (longest !== undefined && session.lastUseMs >= longest.lastUseMs) continue
      if (!session.held) longest = session
    }
    if (longest === undefined) return false
    this.delete(longest)
    longest.dropStreams()
    return true
  }
}
