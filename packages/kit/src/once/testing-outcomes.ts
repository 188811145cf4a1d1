import { AppError } from '../errors.ts'
import type { OutcomeKey, OutcomeRecord, OutcomeStore } from '../store/store.ts'

const idOf = ({ principal, server, tool, keyHash }: OutcomeKey): string =>
  [principal, server, tool, keyHash].join()

/** Outcomes in memory, shared by any number of tested processes; a test says what fails or hangs. */
export class MemoryOutcomes implements OutcomeStore {
  readonly rows = new Map<string, OutcomeRecord>()
  /** Methods that fail. */
  readonly broken = new Set<keyof OutcomeStore>()
  /** What a method waits for before it does anything. */
  readonly held = new Map<keyof OutcomeStore, Promise<void>>()
  readonly done: (keyof OutcomeStore)[] = []

  /** The only row. */
  get row(): OutcomeRecord | undefined {
    return [...this.rows.values()].at(-1)
  }

  async claim(
    record: Parameters<OutcomeStore['claim']>[0],
    keysMax: number,
  ): Promise<OutcomeRecord | undefined> {
    await this.#enter('claim')
    const standing = this.rows.get(idOf(record))
    if (standing && standing.expiresAtMs > record.atMs) return standing
    if (this.rows.size >= keysMax) throw new AppError('quota_exceeded', 'too many keys')
    const empty = { state: 'pending', outcome: null, result: null } as const
    this.rows.set(idOf(record), { ...record, ...empty, seenAtMs: record.atMs })
    return undefined
  }

  async read(key: OutcomeKey): Promise<OutcomeRecord | undefined> {
    return this.rows.get(idOf(key))
  }

  async pause(key: OutcomeKey, claimant: string, nowMs: number): Promise<void> {
    await this.#enter('pause')
    this.#change(key, claimant, { state: 'waiting', seenAtMs: nowMs })
  }

  async resume(key: OutcomeKey, claimant: string, nowMs: number): Promise<boolean> {
    await this.#enter('resume')
    const row = this.rows.get(idOf(key))
    if (row?.state !== 'waiting') return false
    this.rows.set(idOf(key), { ...row, state: 'pending', claimant, seenAtMs: nowMs })
    return true
  }

  async beat(claimant: string, nowMs: number): Promise<void> {
    await this.#enter('beat')
    for (const [id, row] of this.rows) {
      if (row.claimant === claimant && row.state === 'pending')
        this.rows.set(id, { ...row, seenAtMs: nowMs })
    }
  }

  async finish(
    key: OutcomeKey,
    claimant: string,
    end: Pick<OutcomeRecord, 'outcome' | 'result'>,
  ): Promise<void> {
    await this.#enter('finish')
    this.#change(key, claimant, { ...end, state: 'done' })
  }

  async release(key: OutcomeKey, claimant: string): Promise<void> {
    await this.#enter('release')
    const row = this.rows.get(idOf(key))
    if (row?.claimant === claimant && row.state === 'pending') this.rows.delete(idOf(key))
  }

  prune(_nowMs: number, _max: number): Promise<number> {
    return Promise.resolve(0)
  }

  async #enter(method: keyof OutcomeStore): Promise<void> {
    await this.held.get(method)
    if (this.broken.has(method)) throw new AppError('store_unwritable', 'the disk is full')
    this.done.push(method)
  }

  #change(key: OutcomeKey, claimant: string, changes: Partial<OutcomeRecord>): void {
    const row = this.rows.get(idOf(key))
    if (row?.claimant !== claimant || row.state !== 'pending') return
    this.rows.set(idOf(key), { ...row, ...changes })
  }
}
