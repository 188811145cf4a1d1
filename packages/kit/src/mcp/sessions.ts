import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { isSameHolder, type Principal } from '../principal.ts'
import type { ClientName } from './client-name.ts'
import { LegacySession, type Negotiated } from './session.ts'
import { type SessionRoom, SessionTable } from './session-table.ts'

/** Encrypts a session into its id. `open` is total: undefined for anything not sealed by us. */
export interface SessionSealer {
  seal(plain: Buffer, purpose: string): string
  open(sealed: string, purpose: string): Buffer | undefined
}

export interface SessionLimits extends SessionRoom {
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
  /** Its tenant; absent = none. */
  n: z.string().optional(),
  /** Issued, milliseconds since 1970. */
  t: z.number(),
  /** Random part. */
  r: z.string(),
  /** Scope. */
  s: z.string().default(''),
  /** The client's capabilities, JSON text. */
  c: z.string().default('{}'),
})

const PURPOSE = 'mcp-session'
/** Sessions remembered as ended; the oldest are forgotten first. */
const ENDED_MAX = 100_000
const SWEEP_MS = 15_000

/** What keeps a session alive whose id is not sealed: the line it came by. */
export interface LineRules {
  /** Whether the end of the whole life of a session ends it too. */
  readonly expires: boolean
}

/**
 * Legacy sessions live in their ids: any process with the key serves them on, also after `kill -9`. Memory
 * holds last use, streams, calls in flight and which have ended, and forgets idle ones where it has no room:
 * their ids still open. A session whose client came by a line of
 * its own (HTTP+SSE, stdio) lives in memory alone, as long as that line.
 *
 * Source: MCP 2025-11-25, Streamable HTTP, "Session Management".
 */
export class LegacySessions implements Disposable {
  readonly #sealer: SessionSealer
  readonly #limits: SessionLimits
  readonly #clock: Clock
  readonly #known: SessionTable
  /** Those of lines by their id, and whether they grow too old. */
  readonly #onLines = new Map<string, { session: LegacySession; rules: LineRules }>()
  /** Random parts: the ids themselves may be long. */
  readonly #ended = new Set<string>()
  readonly #randomOf = new WeakMap<LegacySession, string>()
  readonly #sweeper: NodeJS.Timeout
  /** Told of sessions that begin or are over. Must not throw. */
  onChange: ((what: 'opened' | 'closed', session: LegacySession) => void) | undefined

  constructor(sealer: SessionSealer, clock: Clock, limits: SessionLimits) {
    this.#sealer = sealer
    this.#clock = clock
    this.#limits = limits
    this.#known = new SessionTable(limits)
    this.#sweeper = setInterval(() => this.sweep(), SWEEP_MS).unref()
  }

  get size(): number {
    return this.#known.size + this.#onLines.size
  }

  /**
   * Opens a session bound to a principal and a scope.
   *
   * @throws {AppError} `overloaded` when memory has no room for it
   */
  open(principal: Principal, scope: string, negotiated: Negotiated): LegacySession {
    const plain = {
      v: negotiated.version,
      p: principal.id,
      ...(principal.tenant !== null && { n: principal.tenant }),
      t: this.#clock.nowMs(),
      r: randomId(),
      s: scope,
      c: negotiated.capabilities,
    }
    const id = this.#sealer.seal(Buffer.from(JSON.stringify(plain)), PURPOSE)
    const session = this.#remember(id, plain, principal, negotiated.client)
    this.onChange?.('opened', session)
    return session
  }

  /** Opens a session that lives as long as a line does and is not ready before its `initialize`. */
  openOnLine(principal: Principal, scope: string, rules: LineRules): LegacySession {
    const issuedMs = this.#clock.nowMs()
    const nowMs = this.#clock.monotonicMs()
    const session = new LegacySession(
      { id: randomId(), principal, scope, issuedMs, nowMs },
      undefined,
    )
    this.#onLines.set(session.id, { session, rules })
    this.onChange?.('opened', session)
    return session
  }

  /**
   * The session behind an id, for the principal, the tenant and the scope it was opened by and for nobody else.
   * Undefined is answered 404: unknown, ended, expired and foreign look alike.
   *
   * @throws {AppError} `overloaded` when memory has no room for one it does not know yet
   */
  find(id: string, principal: Principal, scope: string): LegacySession | undefined {
    const session = this.#known.get(id) ?? this.#unseal(id, principal, scope)
    if (!session || !isSameHolder(session.principal, principal) || session.scope !== scope) {
      return undefined
    }
    if (this.#isOver(session)) {
      this.end(session)
      return undefined
    }
    session.principal = principal
    session.lastUseMs = this.#clock.monotonicMs()
    return session
  }

  /** The session of a line, by the same rules as `find`. */
  findOnLine(id: string, principal: Principal, scope: string): LegacySession | undefined {
    const session = this.#onLines.get(id)?.session
    if (!session || !isSameHolder(session.principal, principal) || session.scope !== scope) {
      return undefined
    }
    session.principal = principal
    session.lastUseMs = this.#clock.monotonicMs()
    return session
  }

  /** Ends a session: its streams close, its calls are aborted, its id is refused from now on. */
  end(session: LegacySession): void {
    this.#onLines.delete(session.id)
    this.#known.delete(session)
    const random = this.#randomOf.get(session)
    if (random !== undefined) this.#ended.add(random)
    if (this.#ended.size > ENDED_MAX) {
      const [oldest] = this.#ended
      if (oldest !== undefined) this.#ended.delete(oldest)
    }
    session.end()
    this.onChange?.('closed', session)
  }

  /** Ends every session of a principal whose key was revoked. */
  endPrincipal(principalId: string): void {
    for (const session of this.values()) {
      if (session.principal.id === principalId) this.end(session)
    }
  }

  /** Ends what listens for a principal: the session of a line with it, other sessions go on. */
  endStreamsOf(principalId: string): void {
    for (const session of this.values()) {
      if (session.principal.id !== principalId) continue
      if (this.#onLines.has(session.id)) this.end(session)
      else session.endLines()
    }
  }

  /** Ends the streams that some sessions listen on, but for lines, which calls are answered on. */
  endListening(concerns: (session: LegacySession) => boolean): void {
    for (const session of this.#known.values()) {
      if (concerns(session)) session.endLines()
    }
  }

  /** Open sessions, for events that concern them all. */
  values(): LegacySession[] {
    return [...this.#known.values(), ...[...this.#onLines.values()].map(({ session }) => session)]
  }

  /** Ends what is idle or too old. Runs by itself every 15 s. */
  sweep(): void {
    for (const session of this.#known.values()) {
      if (this.#isOver(session)) this.end(session)
    }
    for (const { session, rules } of this.#onLines.values()) {
      if (rules.expires && this.#isTooOld(session)) this.end(session)
    }
  }

  /** Ends the streams that listen, but for lines, which calls are answered on; sessions go on. */
  endStreams(): void {
    for (const session of this.#known.values()) session.endLines()
  }

  /** Ends the sessions of HTTP+SSE that nothing is under way for: their clients open others elsewhere. */
  endIdleLines(concerns: (session: LegacySession) => boolean = () => true): void {
    for (const { session, rules } of this.#onLines.values()) {
      if (rules.expires && session.messages === 0 && concerns(session)) this.end(session)
    }
  }

  /** Ends the sessions of lines. */
  endLines(): void {
    for (const { session } of this.#onLines.values()) this.end(session)
  }

  /** Forgets all sessions without ending them for good: sealed ones are served on by the next process. */
  [Symbol.dispose](): void {
    clearInterval(this.#sweeper)
    for (const session of this.values()) session.end()
    this.#known.clear()
    this.#onLines.clear()
  }

  /** Takes in what the id holds, as far as it is the caller's and not over: what is refused takes no room. */
  #unseal(id: string, principal: Principal, scope: string): LegacySession | undefined {
    const plain = this.#sealer.open(id, PURPOSE)
    if (!plain) return undefined
    const { success, data } = sealedSession.safeParse(JSON.parse(plain.toString()))
    if (!success || data.s !== scope) return undefined
    if (!isSameHolder({ id: data.p, tenant: data.n ?? null }, principal)) return undefined
    if (this.#ended.has(data.r) || this.#isTooOld({ issuedMs: data.t })) return undefined
    return this.#remember(id, data, principal)
  }

  #remember(
    id: string,
    { v, t, r, s, c }: z.output<typeof sealedSession>,
    principal: Principal,
    client?: ClientName,
  ): LegacySession {
    const origin = { id, principal, scope: s, issuedMs: t, nowMs: this.#clock.monotonicMs() }
    const session = new LegacySession(origin, { version: v, capabilities: c, client })
    this.#known.add(session)
    this.#randomOf.set(session, r)
    return session
  }

  #isTooOld({ issuedMs }: Pick<LegacySession, 'issuedMs'>): boolean {
    return this.#clock.nowMs() - issuedMs >= this.#limits.totalMs
  }

  #isOver(session: LegacySession): boolean {
    if (this.#isTooOld(session)) return true
    if (session.busy) return false
    return this.#clock.monotonicMs() - session.lastUseMs >= this.#limits.idleMs
  }
}

function randomId(): string {
  return randomBytes(16).toString('base64url')
}
