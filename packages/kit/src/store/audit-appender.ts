import type { KeyObject } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { CallSignal } from '../call-signal.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import {
  canonicalRow,
  chainHash,
  cleanValues,
  needsCleaning,
  sealPoint,
  toAuditValues,
  type AuditValues,
  type ChainPoint,
} from './audit-row.ts'
import { AuditWait } from './audit-wait.ts'
import { storeFailure } from './store-failure.ts'
import type { AuditEntry, AuditLog } from './store.ts'

/** Rows and the sealed head they lead to; written as one transaction. */
export interface SealedBatch {
  readonly rows: readonly AuditValues[]
  readonly hashes: readonly Buffer[]
  readonly head: ChainPoint
  readonly seal: Buffer
}

/** The engine's side of the audit log: one connection of its own, used by one chain. */
export interface AuditSink extends AsyncDisposable {
  /** Writes all of it or nothing. Without rows it still writes the head. */
  write(batch: SealedBatch): void | Promise<void>
  /** Reconnects if need be, and returns the chain's head as stored; undefined when it is not ours. */
  recover(): Promise<ChainPoint | undefined>
}

export interface AppenderDeps {
  readonly sink: AuditSink
  readonly start: ChainPoint
  readonly key: KeyObject
  readonly clock: Clock
  readonly log: Log
}

/** Rows that may wait for a write; beyond it appends are refused. */
const BACKLOG_MAX = 10_000
/** After a failed write only `probe` tries again, or an append once this time has passed. */
const RETRY_MS = 1_000
/** After so long without an answer the store counts as not writable, whatever becomes of the write. */
const HANG_MS = 5_000

interface Batch {
  readonly entries: AuditEntry[]
  readonly done: PromiseWithResolvers<void>
  /** Calls that wait no longer than they live. */
  readonly waits: AuditWait[]
}

/**
 * One chain of the audit log. Rows of one tick form a batch and share one promise; one batch is written
 * at a time, and the chain moves on only when its transaction is committed.
 */
export class AuditAppender implements AuditLog {
  readonly #deps: AppenderDeps
  #head: ChainPoint
  #collecting: Batch | undefined
  #writing: Promise<void> | undefined
  #writable = true
  #failedMs = 0
  #closing: Promise<void> | undefined
  /** The connection is gone: nothing may open it again. */
  #closed = false

  constructor(deps: AppenderDeps) {
    this.#deps = deps
    this.#head = deps.start
  }

  get writable(): boolean {
    return this.#writable
  }

  /** The chain's id, for logs and tests. */
  get writer(): string {
    return this.#head.writer
  }

  append(entry: AuditEntry, signal?: CallSignal): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(closed())
    if (!this.#writable && (this.#writing !== undefined || this.#failedShortlyAgo())) {
      return Promise.reject(
        new AppError(
          'store_unwritable',
          'the audit log cannot be written; it is tried again shortly',
          {
            retryAfterMs: RETRY_MS,
          },
        ),
      )
    }
    const batch = this.#join()
    if (batch.entries.length >= BACKLOG_MAX) {
      return Promise.reject(
        new AppError('store_unwritable', 'the store is slower than the calls it has to record', {
          retryAfterMs: RETRY_MS,
        }),
      )
    }
    batch.entries.push(entry)
    if (signal === undefined || signal.aborted) return batch.done.promise
    const wait = new AuditWait(signal)
    batch.waits.push(wait)
    return wait.promise
  }

  async probe(): Promise<boolean> {
    if (this.#closing !== undefined) return false
    // A batch without an entry still writes the head.
    await this.#join().done.promise.catch(() => undefined) // the verdict is `writable`
    return this.#writable
  }

  /** Writes what waits, then closes the connection. Safe to call twice. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const over = new AbortController()
    // A store that hangs must not hold the end up; who waited for these rows was refused.
    const late = wait(HANG_MS, undefined, { signal: over.signal }).catch(() => undefined) // in time
    try {
      await Promise.race([this.#drain(), late])
    } finally {
      over.abort()
      this.#closed = true
      await this.#deps.sink[Symbol.asyncDispose]()
    }
  }

  async #drain(): Promise<void> {
    while (this.#collecting !== undefined || this.#writing !== undefined) {
      if (this.#writing === undefined) this.#flush()
      await this.#writing
    }
  }

  #failedShortlyAgo(): boolean {
    return this.#deps.clock.monotonicMs() - this.#failedMs < RETRY_MS
  }

  #join(): Batch {
    if (this.#collecting !== undefined) return this.#collecting
    const batch: Batch = { entries: [], done: Promise.withResolvers(), waits: [] }
    batch.done.promise.catch(() => undefined) // each caller of `append` sees it; a probe may have no row
    this.#collecting = batch
    setImmediate(() => this.#flush())
    return batch
  }

  #flush(): void {
    const batch = this.#collecting
    if (batch === undefined || this.#writing !== undefined || this.#closed) return
    this.#collecting = undefined
    if (!this.#writable) {
      this.#track(batch, this.#recoverAndWrite(batch))
      return
    }
    try {
      const sealed = this.#seal(batch.entries)
      const pending = this.#deps.sink.write(sealed)
      if (pending === undefined) this.#committed(batch, sealed.head)
      else
        this.#track(
          batch,
          pending.then(() => this.#committed(batch, sealed.head)),
        )
    } catch (thrown) {
      this.#failed(batch, thrown)
    }
  }

  async #recoverAndWrite(batch: Batch): Promise<void> {
    const stored = await this.#deps.sink.recover()
    // A commit whose answer was lost did happen: its head is sealed by us and ahead of ours.
    if (stored !== undefined && stored.seq > this.#head.seq) this.#head = stored
    const sealed = this.#seal(batch.entries)
    await this.#deps.sink.write(sealed)
    this.#committed(batch, sealed.head)
  }

  #track(batch: Batch, pending: Promise<void>): void {
    const hanging = setTimeout(() => this.#hangs(batch), HANG_MS)
    hanging.unref()
    this.#writing = pending
      .catch((thrown: unknown) => this.#failed(batch, thrown))
      .finally(() => {
        clearTimeout(hanging)
        this.#writing = undefined
        this.#flush()
      })
  }

  #seal(entries: readonly AuditEntry[]): SealedBatch {
    const { writer } = this.#head
    let { seq, hash }: ChainPoint = this.#head
    const rows: AuditValues[] = []
    const hashes: Buffer[] = []
    for (const entry of entries) {
      seq += 1
      let values = toAuditValues(writer, seq, entry)
      let canonical = canonicalRow(values)
      if (needsCleaning(canonical)) {
        values = cleanValues(values)
        canonical = canonicalRow(values)
      }
      const next = chainHash(hash, canonical)
      rows.push(values)
      hashes.push(next)
      hash = next
    }
    const head = { writer, seq, hash }
    return { rows, hashes, head, seal: sealPoint(this.#deps.key, 'head', head) }
  }

  #committed(batch: Batch, head: ChainPoint): void {
    this.#head = head
    if (!this.#writable) this.#deps.log.info({ writer: head.writer }, 'audit log writable again')
    this.#writable = true
    batch.done.resolve()
    for (const wait of batch.waits) wait.end()
  }

  #failed(batch: Batch, thrown: unknown): void {
    this.#refuse(storeFailure(thrown, 'the audit log could not be written'), batch)
  }

  /** Nobody waits for it any more; what collected behind it is written when it has ended, refused or not. */
  #hangs(batch: Batch): void {
    const error = new AppError('store_unwritable', `the store has not answered for ${HANG_MS} ms`, {
      retryAfterMs: RETRY_MS,
    })
    this.#refuse(error, batch)
    if (this.#collecting !== undefined) this.#refuse(error, this.#collecting)
  }

  #refuse(error: AppError, batch: Batch): void {
    if (this.#writable) this.#deps.log.error({ err: error }, 'audit log not writable')
    this.#writable = false
    this.#failedMs = this.#deps.clock.monotonicMs()
    batch.done.reject(error)
    for (const wait of batch.waits) wait.end(error)
  }
}

function closed(): AppError {
  return new AppError('shutting_down', 'the audit log is closed')
}
