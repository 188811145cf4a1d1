import type { Clock } from '../clock.ts'
import type { Sealer } from '../crypto/index.ts'
import { LiveTable } from '../limits/index.ts'
import type { Log } from '../log/index.ts'
import type { OutcomeRecord, OutcomeStore } from '../store/store.ts'
import type { Claim } from './claim.ts'
import { BEAT_MS } from './claimant-watch.ts'
import { type Ending, type KeptAnswer, RELEASED, UNKNOWN } from './ending.ts'
import { RunningCall } from './running-call.ts'

export interface OutcomeKeeperDeps {
  readonly store: OutcomeStore
  readonly sealer: Pick<Sealer, 'seal' | 'open'>
  readonly clock: Clock
  readonly log: Log
  /** Random, of this process. */
  readonly claimant: string
}

/** Endings that wait for a store that cannot be written; the oldest beyond it are left pending there. */
const UNSAVED_MAX = 1_000
/** Of their answers; beyond it only that they were given. */
const UNSAVED_BYTES_MAX = 16 * 1024 * 1024
const OUTCOMES: readonly KeptAnswer['outcome'][] = ['ok', 'tool_error', 'rpc_error']

/** The keyed calls of this process: says that they live while they do, and puts their endings into the store. */
export class OutcomeKeeper implements AsyncDisposable {
  readonly #deps: OutcomeKeeperDeps
  readonly #running = new LiveTable<string, RunningCall>()
  readonly #saving = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #beating = false

  constructor(deps: OutcomeKeeperDeps) {
    this.#deps = deps
  }

  get claimant(): string {
    return this.#deps.claimant
  }

  /** Calls under way, and those whose ending is not in the store yet. */
  get size(): number {
    return this.#running.size
  }

  find(id: string): RunningCall | undefined {
    return this.#running.get(id)
  }

  /** From now on others in this process find the call. None of its id may be there. */
  enter(claim: Claim): RunningCall {
    const call = new RunningCall(claim, this.#deps.clock.monotonicMs())
    this.#running.add(claim.id, call)
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => void this.#beat(), BEAT_MS)
      this.#timer.unref()
    }
    return call
  }

  /** The call is no more; who waits for it looks at the store. */
  leave(call: RunningCall): void {
    this.#running.delete(call.claim.id)
    call.settle(RELEASED)
    if (this.#running.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /**
   * Puts the ending into the store, then forgets the call. Never rejects: what cannot be written is tried
   * again while the process lives, and answers repeats meanwhile.
   */
  end(call: RunningCall, ending: Ending): Promise<void> {
    call.ending = ending
    if (ending.kind === 'answer' || ending.kind === 'unknown') call.settle(ending)
    const saving: Promise<void> = this.#save(call).finally(() => this.#saving.delete(saving))
    this.#saving.add(saving)
    return saving
  }

  /** What is kept of a call that is done. */
  endingOf(standing: OutcomeRecord): Ending {
    const outcome = OUTCOMES.find((known) => known === standing.outcome)
    if (outcome === undefined) return UNKNOWN
    const sealed = standing.result?.toString('latin1')
    const text =
      sealed === undefined ? undefined : this.#deps.sealer.open(sealed, sealedFor(standing))
    return { kind: 'answer', outcome, text }
  }

  /** Lets what is being written finish. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#saving)
  }

  async #save(call: RunningCall): Promise<void> {
    const { log } = this.#deps
    try {
      await this.#write(call)
    } catch (err) {
      if (!call.unsaved) log.warn({ err }, 'the outcome of a keyed call waits for the store')
      call.unsaved = true
      call.settle({ kind: 'stuck' })
      this.#bound(call)
      return
    }
    this.leave(call)
  }

  async #write({ claim, ending }: RunningCall): Promise<void> {
    const { store, clock, claimant } = this.#deps
    switch (ending?.kind) {
      case 'answer': {
        const { outcome, text } = ending
        const result = text === undefined ? null : this.#seal(claim, text)
        return await store.finish(claim.key, claimant, { outcome, result })
      }
      case 'unknown':
        return await store.finish(claim.key, claimant, { outcome: 'unknown', result: null })
      case 'paused':
        return await store.pause(claim.key, claimant, clock.nowMs())
      case 'released':
      case undefined:
        return await store.release(claim.key, claimant)
      default:
        return ending satisfies never
    }
  }

  #seal(claim: Claim, text: Buffer): Buffer {
    return Buffer.from(this.#deps.sealer.seal(text, sealedFor(claim.key)), 'latin1')
  }

  /** Keeps few and little while the store is away. */
  #bound(latest: RunningCall): void {
    const unsaved = this.#running.values().filter((call) => call.unsaved)
    if (unsaved.length > UNSAVED_MAX) {
      const oldest = unsaved.reduce((one, other) => (other.sinceMs < one.sinceMs ? other : one))
      this.leave(oldest)
    }
    const bytes = unsaved.reduce((sum, { ending }) => sum + bytesOf(ending), 0)
    const { ending } = latest
    if (ending?.kind === 'answer' && bytes > UNSAVED_BYTES_MAX) {
      latest.ending = { ...ending, text: undefined }
    }
  }

  async #beat(): Promise<void> {
    if (this.#beating) return
    this.#beating = true
    const { store, clock, log, claimant } = this.#deps
    const nowMs = clock.monotonicMs()
    try {
      const calls = this.#running.values()
      if (calls.some(({ ending, sinceMs }) => !ending && nowMs - sinceMs >= BEAT_MS)) {
        await store.beat(claimant, clock.nowMs())
      }
      for (const call of calls) {
        if (!call.unsaved) continue
        await this.#save(call)
        // The store is away still: the others wait for the next time.
        if (this.#running.get(call.claim.id) === call) break
      }
    } catch (err) {
      log.debug({ err }, 'keyed calls could not be renewed')
    } finally {
      this.#beating = false
    }
  }
}

function sealedFor({ principal, server, keyHash }: Claim['key']): string {
  return `once ${JSON.stringify([principal, server, keyHash])}`
}

function bytesOf(ending: Ending | undefined): number {
  return ending?.kind === 'answer' ? (ending.text?.length ?? 0) : 0
}
