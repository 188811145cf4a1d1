import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { KeyObject } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { AuditSink, SealedBatch } from './audit-appender.ts'
import { AUDIT_COLUMNS, type AuditValues, isSealed, type ChainPoint } from './audit-row.ts'
import { isBusy } from './store-failure.ts'

/** Told how many pages a commit probably wrote, so that a worker can checkpoint in time. */
export interface WrittenPages {
  written(pages: number): void
}

/** How long a batch may wait for another writer before its calls are refused, milliseconds. */
const LOCKED_MS = 10_000
const RETRY_MS = 1

/** No row of a chain has it. */
const TRIAL_SEQ = -1
const ROWS_PER_PAGE = 8
/** Of a commit with few rows: table, index, head, and their roots. */
const PAGES_PER_COMMIT = 5

/** The audit log's own connection to an embedded store. Everything runs on the calling thread. */
export class SqliteAuditSink implements AuditSink {
  readonly #database: DatabaseSync
  readonly #key: KeyObject
  readonly #checkpoints: WrittenPages
  readonly #writer: string
  readonly #begin: StatementSync
  readonly #insert: StatementSync
  readonly #head: StatementSync
  /** The values of one row with its hash, filled anew for each. */
  readonly #row: SQLInputValue[] = []
  readonly #readHead: StatementSync
  readonly #commit: StatementSync
  readonly #rollback: StatementSync

  /** Takes the connection over: disposing the sink closes it. */
  constructor(
    database: DatabaseSync,
    chain: { readonly writer: string; readonly key: KeyObject },
    checkpoints: WrittenPages,
  ) {
    this.#database = database
    this.#key = chain.key
    this.#writer = chain.writer
    this.#checkpoints = checkpoints
    this.#begin = database.prepare('begin immediate')
    this.#commit = database.prepare('commit')
    this.#rollback = database.prepare('rollback')
    this.#insert = database.prepare(
      `insert into audit (${AUDIT_COLUMNS.join(', ')}, hash)
        values (${AUDIT_COLUMNS.map(() => '?').join(', ')}, ?)`,
    )
    this.#head = database.prepare(
      'update audit_heads set seq = ?, hash = ?, seal = ? where writer = ?',
    )
    this.#readHead = database.prepare('select seq, hash, seal from audit_heads where writer = ?')
  }

  /** Waits for another writer (a checkpoint, a removal of old rows) without blocking the thread. */
  write(batch: SealedBatch): void | Promise<void> {
    try {
      this.#write(batch)
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown
      return this.#retry(batch, performance.now() + LOCKED_MS)
    }
  }

  async #retry(batch: SealedBatch, untilMs: number): Promise<void> {
    for (;;) {
      await wait(RETRY_MS)
      try {
        this.#write(batch)
        return
      } catch (thrown) {
        if (!isBusy(thrown) || performance.now() > untilMs) throw thrown
      }
    }
  }

  #write(batch: SealedBatch): void {
    this.#transaction(() => {
      for (let i = 0; i < batch.rows.length; i += 1) {
        this.#insertRow(batch.rows[i]!, batch.hashes[i]!) // as many hashes as rows
      }
      const { head, seal } = batch
      if (batch.rows.length === 0) this.#tryRow(head)
      this.#head.run(head.seq, head.hash, seal, head.writer)
    })
    this.#checkpoints.written(PAGES_PER_COMMIT + batch.rows.length / ROWS_PER_PAGE)
  }

  #insertRow(values: AuditValues, hash: Uint8Array): void {
    for (let at = 0; at < values.length; at += 1) this.#row[at] = values[at]! // below the length
    this.#row[values.length] = hash
    // Not `run`: nobody reads what it would say of the row.
    this.#insert.get(...this.#row)
  }

  /** As much as a row takes, and nothing left of it: on a full disk, the head alone may still fit. */
  #tryRow({ writer, hash }: ChainPoint): void {
    const values = AUDIT_COLUMNS.map((name) => (name === 'writer' ? writer : TRIAL_SEQ))
    this.#insert.run(...values, hash)
    this.#database.prepare('delete from audit where writer = ? and seq = ?').run(writer, TRIAL_SEQ)
  }

  async recover(): Promise<ChainPoint | undefined> {
    const row = this.#readHead.get(this.#writer)
    if (row === undefined) return undefined
    const { seq, hash, seal } = row
    if (!(hash instanceof Uint8Array) || !(seal instanceof Uint8Array)) return undefined
    const point: ChainPoint = { writer: this.#writer, seq: Number(seq), hash }
    return isSealed([this.#key], 'head', point, seal) ? point : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#database.isOpen) this.#database.close()
  }

  #transaction(run: () => void): void {
    this.#begin.run()
    try {
      run()
      this.#commit.run()
    } catch (thrown) {
      // Some failures (a full disk) have rolled back already.
      if (this.#database.isTransaction) this.#rollback.run()
      throw thrown
    }
  }
}
