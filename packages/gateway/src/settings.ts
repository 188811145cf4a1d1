import type { RunnableConfig } from './config/index.ts'

/** Enough for a reader that is slow for a moment. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024

type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] }

/**
 * Bounds of what lives on when the configuration changes, as the one in force has them. Who is given one of
 * these objects keeps it and reads it when it is needed; `apply` writes new values into the same objects.
 */
export class Settings {
  #config: RunnableConfig
  /** Requests of a principal at the door. */
  readonly rate: Readonly<ReturnType<typeof rateOf>>
  readonly lockout: Readonly<RunnableConfig['limits']['lockout']>
  readonly session: Readonly<RunnableConfig['limits']['session']>
  readonly questions: Readonly<RunnableConfig['limits']['questions']>
  readonly edge: Readonly<ReturnType<typeof edgeOf>>
  /** Answers of servers. */
  readonly answers: Readonly<ReturnType<typeof answersOf>>
  /** How long and how many audit rows are kept. */
  readonly retention: Readonly<ReturnType<typeof retentionOf>>

  constructor(config: RunnableConfig) {
    const { limits } = config
    this.#config = config
    this.rate = rateOf(config)
    this.lockout = { ...limits.lockout }
    this.session = { ...limits.session }
    this.questions = { ...limits.questions }
    this.edge = edgeOf(config)
    this.answers = answersOf(config)
    this.retention = retentionOf(config)
  }

  /** The configuration in force. */
  get config(): RunnableConfig {
    return this.#config
  }

  apply(config: RunnableConfig): void {
    const { limits } = config
    this.#config = config
    write(this.rate, rateOf(config))
    write(this.lockout, limits.lockout)
    write(this.session, limits.session)
    write(this.questions, limits.questions)
    write(this.edge, edgeOf(config))
    write(this.answers, answersOf(config))
    write(this.retention, retentionOf(config))
  }
}

function write<Value extends object>(kept: Readonly<Value>, next: Readonly<Value>): void {
  Object.assign(kept satisfies Value as Writable<Value>, next) // ours alone to write
}

function rateOf({ limits: { perPrincipal } }: RunnableConfig) {
  return { capacity: perPrincipal.burst, refillPerSecond: perPrincipal.rate }
}

function edgeOf({ limits }: RunnableConfig) {
  return {
    requestBytes: limits.requestBytes,
    depth: limits.depth,
    stallMs: limits.streamStallMs,
    unreadBytesMax: Math.max(UNREAD_BYTES_MAX, limits.resultBytes * 2),
  }
}

function answersOf({ limits: { resultBytes, callMs } }: RunnableConfig) {
  return { resultBytes, callMs }
}

function retentionOf({ audit }: RunnableConfig) {
  return { keepMs: audit.keepMs, bytesMax: audit.maxBytes }
}
