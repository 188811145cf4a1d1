import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { CallAbort } from '../call-signal.ts'
import type { Clock } from '../clock.ts'
import { LiveTable } from '../limits/index.ts'
import type { EventStream } from './event-stream.ts'

/** Encrypts a session into its id. `open` is total: undefined for anything not sealed by us. */
export interface SessionSealer {
  seal(plain: Buffer, purpose: string): string
  open(sealed: string, purpose: string): Buffer | undefined
}

export interface SessionLimits {
  /** Without a request or an open stream for this long it ends, milliseconds. */
  readonly idleMs: number
  /** From `initialize`, whatever happens, milliseconds. */
  readonly totalMs: number
}

const sealedSession = z.strictObject({
  /** Negotiated revision. */
  v: z.string(),
  /** Principal id. */
  p: z.string(),
  /** Issued, milliseconds since 1970. */
  t: z.number(),
  /** Random part. */
  r: z.string(),
})

const PURPOSE = 'mcp-session'
/** Ids remembered as ended; the oldest are forgotten first. */
const ENDED_MAX = 100_000
const SWEEP_MS = 15_000

/** A legacy client's session: what the sealed id says, and what only memory knows. */
export interface LegacySession {
  readonly id: string
  readonly principalId: string
  readonly version: string
  readonly issuedMs: number
  /** Monotonic time of the last request. */
  lastUseMs: number
  /** Requests in flight by the literal of their id. */
  readonly live: LiveTable<string, CallAbort>
  /** Open GET streams, oldest first. */
  readonly streams: Set<EventStream>
}

/**
 * Legacy sessions live in their ids: any process with the key serves them on, also after `kill -9`.
 * Memory holds last use, streams, calls in flight and ended ids.
 *
 * Source: MCP 2025-11-25, Streamable HTTP, "Session Management".
 */
export class LegacySessions implements Disposable {
  readonly #sealer: SessionSealer
  readonly #limits: SessionLimits
  readonly #clock: Clock
  readonly #known = new Map<string, LegacySession>()
  readonly #ended = new Set<string>()
  readonly #sweeper: NodeJS.Timeout
  /** Told when a session ends, so that what hangs on it ends too. */
  onEnded: ((session: LegacySession) => void) | undefined

  constructor(sealer: SessionSealer, clock: Clock, limits: SessionLimits) {
    this.#sealer = sealer
    this.#clock = clock
    this.#limits = limits
    this.#sweeper = setInterval(() => this.sweep(), SWEEP_MS).unref()
  }

  get size(): number {
    return this.#known.size
  }

  /** Opens a session bound to a principal. */
  open(principalId: string, version: string): LegacySession {
    const issuedMs = this.#clock.nowMs()
    const plain = {
      v: version,
      p: principalId,
      t: issuedMs,
      r: randomBytes(12).toString('base64url'),
    }
    const id = this.#sealer.seal(Buffer.from(JSON.stringify(plain)), PURPOSE)
    return this.#remember(id, plain)
  }

  /**
   * The session behind an id, for the principal it was opened by and for nobody else. Undefined is
   * answered 404: unknown, ended, expired and foreign look alike.
   */
  find(id: string, principalId: string): LegacySession | undefined {
    const session = this.#known.get(id) ?? this.#unseal(id)
    if (!session || session.principalId !== principalId) return undefined
    if (this.#isOver(session)) {
      this.#end(session)
      return undefined
    }
    session.lastUseMs = this.#clock.monotonicMs()
    return session
  }

  /** Ends a session: its streams close, its calls are aborted, its id is refused from now on. */
  end(session: LegacySession): void {
    this.#end(session)
  }

  /** Ends every session of a principal whose key was revoked. */
  endPrincipal(principalId: string): void {
    for (const session of this.#known.values()) {
      if (session.principalId === principalId) this.#end(session)
    }
  }

  /** Open sessions, for events that concern them all. */
  values(): Iterable<LegacySession> {
    return this.#known.values()
  }

  /** Ends what is idle or too old. Runs by itself every 15 s. */
  sweep(): void {
    for (const session of this.#known.values()) {
      if (this.#isOver(session)) this.#end(session)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweeper)
    for (const session of this.#known.values()) this.#closeStreams(session)
    this.#known.clear()
  }

  #unseal(id: string): LegacySession | undefined {
    if (this.#ended.has(id)) return undefined
    const plain = this.#sealer.open(id, PURPOSE)
    if (!plain) return undefined
    const parsed = sealedSession.safeParse(JSON.parse(plain.toString()))
    return parsed.success ? this.#remember(id, parsed.data) : undefined
  }

  #remember(id: string, sealed: z.infer<typeof sealedSession>): LegacySession {
    const session: LegacySession = {
      id,
      principalId: sealed.p,
      version: sealed.v,
      issuedMs: sealed.t,
      lastUseMs: this.#clock.monotonicMs(),
      live: new LiveTable(),
      streams: new Set(),
    }
    this.#known.set(id, session)
    return session
  }

  #isOver(session: LegacySession): boolean {
    if (this.#clock.nowMs() - session.issuedMs >= this.#limits.totalMs) return true
    if (session.live.size > 0 || session.streams.size > 0) return false
    return this.#clock.monotonicMs() - session.lastUseMs >= this.#limits.idleMs
  }

  #end(session: LegacySession): void {
    this.#known.delete(session.id)
    this.#ended.add(session.id)
    if (this.#ended.size > ENDED_MAX) {
      const [oldest] = this.#ended
      if (oldest !== undefined) this.#ended.delete(oldest)
    }
    this.#closeStreams(session)
    this.onEnded?.(session)
  }

  #closeStreams(session: LegacySession): void {
    for (const stream of session.streams) stream.end()
    session.streams.clear()
  }
}
