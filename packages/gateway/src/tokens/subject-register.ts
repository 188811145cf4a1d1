import type { Clock } from '@sallyport/kit/clock'
import type { Sealer } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { SubjectRecord, SubjectStore } from '@sallyport/kit/store'

const WRITE_EVERY_MS = 1_000
/** A subject is noted anew after this. */
const NOTED_FOR_MS = 3_600_000
const WAITING_MAX = 10_000
const NOTED_MAX = 10_000
const READ_AT_ONCE = 500

export interface SubjectRegisterDeps {
  readonly store: Pick<SubjectStore, 'note' | 'list'>
  readonly sealer: Sealer
  readonly clock: Clock
  readonly log: Log
}

/**
 * Keeps who stands behind the ids of subjects, sealed: a second after they were seen, at most once an hour
 * each. Nobody waits for it. While the store cannot be written they wait, up to 10,000.
 */
export class SubjectRegister implements AsyncDisposable {
  readonly #deps: SubjectRegisterDeps
  readonly #noted = new Map<string, number>()
  readonly #timer: NodeJS.Timeout
  #waiting = new Map<string, SubjectRecord>()
  #writing: Promise<void> = Promise.resolve()
  #failing = false

  constructor(deps: SubjectRegisterDeps) {
    this.#deps = deps
    this.#timer = setInterval(() => {
      this.#writing = this.#writing.then(() => this.write())
    }, WRITE_EVERY_MS)
    this.#timer.unref()
  }

  seen(id: string, issuer: string, subject: string): void {
    const nowMs = this.#deps.clock.nowMs()
    if ((this.#noted.get(id) ?? Number.NEGATIVE_INFINITY) > nowMs - NOTED_FOR_MS) return
    if (this.#waiting.size >= WAITING_MAX) return
    if (this.#noted.size >= NOTED_MAX) {
      const [oldest] = this.#noted.keys()
      if (oldest !== undefined) this.#noted.delete(oldest)
    }
    this.#noted.delete(id)
    this.#noted.set(id, nowMs)
    const sealed = Buffer.from(this.#deps.sealer.seal(Buffer.from(subject), id))
    const at = { firstSeenAtMs: nowMs, lastSeenAtMs: nowMs }
    this.#waiting.set(id, { id, issuer, subject: sealed, ...at })
  }

  /** Forgets who was erased, also what waits to be written: who comes back is noted anew. */
  async forget(id: string): Promise<void> {
    this.#noted.delete(id)
    this.#waiting.delete(id)
    // What is being written may hold it.
    await this.#writing
  }

  /** Forgets those that another process erased, and tells their ids. @throws {AppError} `store_unwritable` */
  async forgetErased(): Promise<readonly string[]> {
    await this.#writing
    const gone = new Set([...this.#noted.keys()].filter((id) => !this.#waiting.has(id)))
    for (let after = ''; gone.size > 0;) {
      const page = await this.#deps.store.list(after, READ_AT_ONCE)
      for (const { id } of page) gone.delete(id)
      after = page.at(-1)?.id ?? ''
      if (page.length < READ_AT_ONCE) break
    }
    for (const id of gone) this.#noted.delete(id)
    return [...gone]
  }

  /** Writes what waits; never rejects. */
  async write(): Promise<void> {
    if (this.#waiting.size === 0) return
    const waiting = this.#waiting
    this.#waiting = new Map()
    try {
      await this.#deps.store.note([...waiting.values()])
      this.#failing = false
    } catch (error) {
      for (const [id, record] of waiting) {
        if (!this.#waiting.has(id) && this.#waiting.size < WAITING_MAX)
          this.#waiting.set(id, record)
      }
      // Once per outage, not once per second.
      if (!this.#failing) {
        this.#deps.log.warn({ err: AppError.from(error) }, 'subjects could not be kept')
      }
      this.#failing = true
    }
  }

  /** Writes what waits, and stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#writing
    await this.write()
  }
}
