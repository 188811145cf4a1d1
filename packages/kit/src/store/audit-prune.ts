import { setTimeout as wait } from 'node:timers/promises'
import type { KeyObject } from 'node:crypto'
import {
  AUDIT_COLUMNS,
  canonicalRow,
  chainHash,
  isSealed,
  sealPoint,
  toAuditColumns,
  type ChainPoint,
} from './audit-row.ts'
import { toBlob, type SqlRow, type SqlRunner } from './sql-runner.ts'
import type { AuditLimits } from './store.ts'

/** Rows removed in one transaction: calls wait for it. */
const BATCH_ROWS = 200
/** Between transactions, so that calls get their turn. */
const PAUSE_MS = 5
const SAMPLE_ROWS = 1_000
/** Row header, both index entries and the engine's own share, roughly. */
const ROW_OVERHEAD_BYTES = 120

/**
 * Removes the oldest rows of each chain, as far as they are older than the limits allow. Where a chain
 * was cut is sealed in the same transaction, so that verification goes on from there. Rows that do not
 * verify are not removed: they are the evidence.
 *
 * @returns the number of rows removed
 */
export async function pruneAudit(
  runner: SqlRunner,
  keys: readonly [KeyObject, ...KeyObject[]],
  when: { readonly limits: AuditLimits; readonly nowMs: number },
): Promise<number> {
  const beforeMs = Math.max(
    when.nowMs - when.limits.keepMs,
    await timeOfExcess(runner, when.limits.bytesMax),
  )
  const writers = await runner.query('select writer, seq from audit_heads order by opened_at')
  let removed = 0
  for (const row of writers) {
    let batch: number
    do {
      // Rows that come in meanwhile wait for the next time, or this would not end.
      const chain = { writer: String(row['writer']), seqMax: Number(row['seq']), beforeMs }
      batch = await pruneBatch(runner, keys, chain)
      removed += batch
      if (batch > 0) await wait(PAUSE_MS)
    } while (batch === BATCH_ROWS)
  }
  return removed
}

/** The time before which rows are too many for `bytesMax`, estimated from the newest rows. */
async function timeOfExcess(runner: SqlRunner, bytesMax: number): Promise<number> {
  const [heads] = await runner.query(
    'select cast(sum(seq - pruned_seq) as bigint) as total from audit_heads',
  )
  const sample = await runner.query(`select * from audit order by id desc limit ${SAMPLE_ROWS}`)
  if (sample.length === 0) return -Infinity
  const bytes = sample.reduce((sum, row) => sum + canonicalRow(toAuditColumns(row)).length, 0)
  const rowsMax = Math.floor(bytesMax / (bytes / sample.length + ROW_OVERHEAD_BYTES))
  const excess = Number(heads?.['total'] ?? 0) - rowsMax
  if (excess <= 0) return -Infinity
  const [first] = await runner.query('select at from audit order by id limit 1 offset ?', [excess])
  return Number(first?.['at'] ?? -Infinity)
}

async function pruneBatch(
  runner: SqlRunner,
  keys: readonly [KeyObject, ...KeyObject[]],
  chain: { readonly writer: string; readonly seqMax: number; readonly beforeMs: number },
): Promise<number> {
  const [head] = await runner.query(
    'select pruned_seq, pruned_hash, pruned_seal from audit_heads where writer = ?',
    [chain.writer],
  )
  if (head === undefined) return 0
  const start: ChainPoint = {
    writer: chain.writer,
    seq: Number(head['pruned_seq']),
    hash: toBlob(head['pruned_hash']),
  }
  if (!isSealed(keys, 'pruned', start, toBlob(head['pruned_seal']))) return 0
  const rows = await runner.query(
    `select ${AUDIT_COLUMNS.join(', ')}, hash from audit
      where writer = ? and seq <= ? order by seq limit ?`,
    [chain.writer, chain.seqMax, BATCH_ROWS],
  )
  const { end, count } = provenPrefix(rows, start, chain.beforeMs)
  if (count === 0) return 0
  await runner.transaction(async () => {
    await runner.query('delete from audit where writer = ? and seq <= ?', [chain.writer, end.seq])
    await runner.query(
      'update audit_heads set pruned_seq = ?, pruned_hash = ?, pruned_seal = ? where writer = ?',
      [end.seq, end.hash, sealPoint(keys[0], 'pruned', end), chain.writer],
    )
  })
  return count
}

/** The rows from the start on that are old enough and prove each other. */
function provenPrefix(
  rows: readonly SqlRow[],
  start: ChainPoint,
  beforeMs: number,
): { readonly end: ChainPoint; readonly count: number } {
  let end = start
  let count = 0
  for (const row of rows) {
    const seq = Number(row['seq'])
    const hash = toBlob(row['hash'])
    if (Number(row['at']) >= beforeMs || seq !== end.seq + 1) break
    if (!chainHash(end.hash, canonicalRow(toAuditColumns(row))).equals(hash)) break
    end = { writer: start.writer, seq, hash }
    count += 1
  }
  return { end, count }
}
