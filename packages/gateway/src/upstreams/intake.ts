import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import { Breakers } from './breakers.ts'
import type { Call } from './call.ts'
import type { ServerConfig } from './server-config.ts'
import type { ServerMark, UpstreamRequest } from './upstream.ts'

/** When those are to come back whom a draining server refused. */
const DRAINING_RETRY_MS = 5_000
const REASON_CHARACTERS_MAX = 500

/** What operators decided about one server. */
export type Marks = Partial<Record<ServerMark['kind'], ServerMark>>

/** Which calls a server takes: not while an operator keeps them away, nor while the transport keeps failing. */
export class Intake {
  readonly breakers: Breakers
  readonly #server: string
  #marks: Marks = {}
  #marked = false

  constructor({ name, kind, breaker }: ServerConfig, clock: Clock) {
    this.#server = name
    const scope = kind === 'http' ? 'one' : 'keyed'
    this.breakers = new Breakers({ config: breaker, scope, clock })
  }

  /** Whether every call is taken, whoever's it is. */
  get isOpen(): boolean {
    return !this.#marked && this.breakers.isQuiet
  }

  get marks(): Marks {
    return this.#marks
  }

  mark(marks: Marks): void {
    this.#marks = marks
    this.#marked = marks.blocked !== undefined || marks.draining !== undefined
  }

  /** Why a call is not taken. One that is taken is to be settled with the breakers. */
  refusal(key: string, request: UpstreamRequest): AppError | undefined {
    return this.blocked() ?? this.draining() ?? this.breakers.enter(key, request)
  }

  blocked(): AppError | undefined {
    const { blocked } = this.#marks
    if (blocked === undefined) return undefined
    const sentence = withReason(`an operator blocked the server ${this.#server}`, blocked)
    return new AppError('server_blocked', sentence, { outcome: 'not_sent' })
  }

  draining(): AppError | undefined {
    const { draining } = this.#marks
    if (draining === undefined) return undefined
    const sentence = withReason(`the server ${this.#server} is being drained`, draining)
    const options = { retryAfterMs: DRAINING_RETRY_MS, outcome: 'not_sent' } as const
    return new AppError('server_draining', sentence, options)
  }

  /** What the marks say about its state; null without any. */
  reason(): string | null {
    return this.blocked()?.message ?? this.draining()?.message ?? null
  }

  /** Whether a call is to be tried although the server is left alone for a moment: the breaker needs to know. */
  insists(call: Call): boolean {
    return !this.breakers.isQuiet && this.breakers.isProbe(call)
  }
}

function withReason(sentence: string, { reason }: ServerMark): string {
  return reason === '' ? sentence : `${sentence}: ${printable(reason, REASON_CHARACTERS_MAX)}`
}
