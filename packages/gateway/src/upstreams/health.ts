import type { Clock } from '@sallyport/kit/clock'
import type { Log } from '@sallyport/kit/log'
import { ask } from './ask.ts'
import { judgeProbe } from './era.ts'
import type { ClientInfo } from './own-messages.ts'
import type { Session } from './session.ts'
import type { Slot } from './slot.ts'

const PROBE_MS_MAX = 10_000
const FAILURES_MAX = 3
const JITTER = 0.1

export interface HealthOptions {
  readonly everyMs: number
  readonly clientInfo: ClientInfo
  readonly clock: Clock
  readonly log: Log
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number
  /** Ends what is waited for. */
  readonly signal: AbortSignal
  slots(): Iterable<Slot>
  onAlive(slot: Slot, session: Session): void
  /** It did not answer three times in a row. */
  onDead(slot: Slot): void
}

/** Looks at the open sessions of a server now and then; a server without one is left alone. */
export class Health {
  readonly #options: HealthOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: HealthOptions) {
    this.#options = options
  }

  /** A session was opened. */
  arm(): void {
    const { signal, random, everyMs } = this.#options
    if (signal.aborted || this.#timer !== undefined) return
    const jitter = 1 - JITTER + random() * 2 * JITTER
    this.#timer = setTimeout(() => this.#probeAll(), everyMs * jitter)
    this.#timer.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #probeAll(): void {
    this.#timer = undefined
    let open = false
    for (const slot of this.#options.slots()) {
      if (slot.session === undefined) continue
      open = true
      void this.#probe(slot, slot.session)
    }
    // The next start arms the timer again.
    if (open) this.arm()
  }

  async #probe(slot: Slot, session: Session): Promise<void> {
    const { log, signal, onAlive, onDead } = this.#options
    const heardBefore = session.heard
    const alive = await this.#answers(session)
    if (slot.session !== session || signal.aborted) return
    if (alive === true || (alive === undefined && session.heard > heardBefore)) {
      slot.failures = 0
      onAlive(slot, session)
      return
    }
    slot.failures += 1
    if (slot.failures < FAILURES_MAX) return
    log.warn({ pid: session.pid, failures: slot.failures }, 'server replaced')
    onDead(slot)
  }

  /** Undefined when nothing came back. */
  async #answers(session: Session): Promise<boolean | undefined> {
    const { clientInfo, everyMs, signal, log } = this.#options
    const method = session.era === 'modern' ? 'server/discover' : 'ping'
    const withinMs = Math.min(everyMs, PROBE_MS_MAX)
    try {
      const answer = await ask(session, { method, clientInfo, withinMs, cancels: false }, signal)
      // An error is an answer too, but a modern server that denies being one has become another.
      return session.era === 'legacy' || judgeProbe(answer).kind === 'modern'
    } catch (thrown) {
      log.debug({ err: thrown }, 'health probe failed')
      return undefined
    }
  }
}
