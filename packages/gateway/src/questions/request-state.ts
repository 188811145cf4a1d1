import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@sallyport/kit/clock'
import { type Exchange, paramText, type SessionSealer, parseText } from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import { z } from 'zod'

const USED_MAX = 100_000
const NAMED = ['name', 'uri', 'arguments'] as const

const content = z.strictObject({
  /** Expires, milliseconds since 1970. */
  t: z.number(),
  /** Used once. */
  n: z.string(),
  /** What the retry resumes: a parked call, the server's own state, or the same call once more. */
  k: z.enum(['parked', 'server', 'again']),
  /** Id of the parked call, or the server's state as it wrote it. */
  v: z.string().optional(),
  /** Keys of questions that the gateway answers itself. */
  o: z.array(z.string()).optional(),
  /** The member of a group that asked. */
  m: z.string().optional(),
})

/** What a `requestState` of ours stands for. */
export interface Resumption {
  readonly kind: 'parked' | 'server' | 'again'
  readonly value: string | undefined
  readonly own: readonly string[]
  /** The member of a group that asked, which the retry goes on with. */
  readonly member?: string | undefined
}

export interface RequestStatesDeps {
  readonly sealer: SessionSealer
  readonly clock: Clock
  readonly limits: {
    /** How long a state is good, milliseconds; read for each. */
    readonly timeoutMs: number
  }
}

/**
 * The states that modern clients carry between two rounds of a call: encrypted, good for one use by the
 * same principal on the same route for the same request, and for a limited time.
 *
 * Source: MCP 2026-07-28, "Multi round-trip requests", Security; design §2.
 */
export class RequestStates {
  readonly #deps: RequestStatesDeps
  /** Nonces used, in the order of their expiry. */
  readonly #used = new Map<string, number>()

  constructor(deps: RequestStatesDeps) {
    this.#deps = deps
  }

  seal(exchange: Exchange, resumption: Resumption): string {
    const { sealer, clock, limits } = this.#deps
    const { kind, value, own, member } = resumption
    const plain: z.infer<typeof content> = {
      t: clock.nowMs() + limits.timeoutMs,
      n: randomBytes(9).toString('base64url'),
      k: kind,
      ...(value === undefined ? {} : { v: value }),
      ...(own.length === 0 ? {} : { o: [...own] }),
      ...(member === undefined ? {} : { m: member }),
    }
    return sealer.seal(Buffer.from(JSON.stringify(plain)), bindingOf(exchange))
  }

  /**
   * Opens and uses up the state of a retry: undefined for one that is tampered with, foreign, of another
   * request, expired or used, all alike.
   */
  take(exchange: Exchange, state: string): Resumption | undefined {
    const plain = this.#deps.sealer.open(state, bindingOf(exchange))
    if (plain === undefined) return undefined
    const parsed = content.safeParse(JSON.parse(plain.toString()))
    if (!parsed.success) return undefined
    const { t, n, k, v, o, m } = parsed.data
    const nowMs = this.#deps.clock.nowMs()
    if (t <= nowMs || this.#used.has(n)) return undefined
    this.#use(n, t, nowMs)
    return { kind: k, value: v, own: o ?? [], member: m }
  }

  #use(nonce: string, expiresAtMs: number, nowMs: number): void {
    for (const [known, untilMs] of this.#used) {
      if (untilMs > nowMs && this.#used.size < USED_MAX) break
      this.#used.delete(known)
    }
    this.#used.set(nonce, expiresAtMs)
  }
}

/** The state a request carries; undefined without one, and `malformed` when it is no string. */
export function stateOf({ message }: Exchange): string | undefined | { readonly malformed: true } {
  const text = paramText(message, 'requestState')
  if (text === undefined || text === 'null') return undefined
  return parseText(text) ?? { malformed: true }
}

/** What must be the same in the retry: who, where, and what is asked for. */
function bindingOf({ caller, scope, message }: Exchange): string {
  const hash = createHash('sha256')
  for (const name of NAMED) {
    const text = paramText(message, name)
    hash.update(`${name} ${text === undefined ? '' : canonical(text)}\n`)
  }
  const where = [holderOf(caller.principal), scope, message.method, hash.digest('base64url')]
  return `request-state ${JSON.stringify(where)}`
}

type Reviver = (key: string, value: unknown, context: { readonly source: string }) => unknown
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown // Node gives revivers each value's text; the library's types do not know it yet

/**
 * JSON with sorted keys: a client may write the same arguments in another order. Numbers that a double does
 * not hold are told apart by their digits.
 */
function canonical(text: string): string {
  const value = parseWithSource(text, (_key, inner, { source }) =>
    typeof inner === 'number' && Math.abs(inner) > Number.MAX_SAFE_INTEGER
      ? { number: source }
      : inner,
  )
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
