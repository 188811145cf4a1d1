import type { KeyObject } from 'node:crypto'
import { CHAIN_START, isSealed, rosterPoint, type ChainPoint } from './audit-row.ts'
import { ChainWalk, FAULTS_MAX } from './chain-walk.ts'
import { toBlob, type SqlRow, type SqlRunner } from './sql-runner.ts'
import type { AuditFault, AuditReport } from './store.ts'

/** Read at a time, so that memory stays flat and no long read keeps the WAL from starting over. */
const BATCH_ROWS = 1_000
/** Stands for the writer of a chain that was removed with its head. */
const REMOVED_CHAIN = '*'

interface ChainVerdict {
  readonly rows: number
  readonly faults: readonly AuditFault[]
}

/**
 * Recomputes every chain and compares its end with the sealed head. The log may be written to and pruned
 * meanwhile: each chain is judged up to where its head stood when its turn came.
 *
 * @param keys every key that may have sealed
 */
export async function verifyAudit(
  runner: SqlRunner,
  keys: readonly KeyObject[],
): Promise<AuditReport> {
  let rows = 0
  let writers = 0
  const broken: AuditFault[] = await checkRoster(runner, keys)
  for (
    let writer = await nextWriter(runner, '');
    writer !== undefined;
    writer = await nextWriter(runner, writer)
  ) {
    const verdict = await verifyChain(runner, keys, writer)
    rows += verdict.rows
    if (verdict.rows > 0 || verdict.faults.length > 0) writers += 1
    broken.push(...verdict.faults.slice(0, FAULTS_MAX - broken.length))
  }
  return { ok: broken.length === 0, rows, writers, broken }
}

/** The sealed count of chains tells one that was removed as a whole. */
async function checkRoster(runner: SqlRunner, keys: readonly KeyObject[]): Promise<AuditFault[]> {
  const [roster] = await runner.query('select writers, seal from audit_roster where id = 1')
  // Counted after the roster was read: a chain opened in between is no fault.
  const [heads] = await runner.query('select count(*) as total from audit_heads')
  const total = Number(heads?.['total'] ?? 0)
  const writers = Number(roster?.['writers'] ?? 0)
  if (roster === undefined && total === 0) return []
  const sealed = isSealed(keys, 'roster', rosterPoint(writers), toBlob(roster?.['seal']))
  if (sealed && total >= writers) return []
  return [{ writer: REMOVED_CHAIN, seq: 0, kind: 'missing' }]
}

/** Also finds rows whose head is gone. */
async function nextWriter(runner: SqlRunner, after: string): Promise<string | undefined> {
  const [row] = await runner.query(
    `select min(writer) as writer from (
      select min(writer) as writer from audit where writer > ?
      union all select min(writer) from audit_heads where writer > ?) as w`,
    [after, after],
  )
  return typeof row?.['writer'] === 'string' ? row['writer'] : undefined
}

async function verifyChain(
  runner: SqlRunner,
  keys: readonly KeyObject[],
  writer: string,
): Promise<ChainVerdict> {
  const { head, pruned } = await readHead(runner, keys, writer)
  const walk = new ChainWalk(pruned)
  const rows = rowsUpTo(runner, writer, head?.seq ?? Infinity)
  for await (const row of rows) {
    const seq = Number(row['seq'])
    // A gap may be the work of a removal that goes on meanwhile: it is sealed.
    const cut = seq > walk.seq + 1 ? await readHead(runner, keys, writer) : undefined
    if (cut !== undefined) walk.skipTo(cut.pruned)
    if (seq > (cut?.pruned.seq ?? -Infinity)) walk.take(row)
  }
  if (head !== undefined && walk.seq < head.seq) {
    walk.skipTo((await readHead(runner, keys, writer)).pruned)
  }
  const faults = walk.finish(head)
  const forged = await findForged(runner, keys, writer)
  return { rows: walk.rows, faults: forged === undefined ? faults : [...faults, forged] }
}

/** In the order of `seq`, a batch at a time. */
async function* rowsUpTo(
  runner: SqlRunner,
  writer: string,
  seqMax: number,
): AsyncGenerator<SqlRow, void, undefined> {
  let seq = Number.MIN_SAFE_INTEGER
  for (;;) {
    const rows = await runner.query(
      `select * from audit where writer = ? and seq > ? order by seq limit ${BATCH_ROWS}`,
      [writer, seq],
    )
    for (const row of rows) {
      seq = Number(row['seq'])
      if (seq > seqMax) return
      yield row
    }
    if (rows.length < BATCH_ROWS) return
  }
}

/** A row beyond the head: none is ever written without moving the head in the same transaction. */
async function findForged(
  runner: SqlRunner,
  keys: readonly KeyObject[],
  writer: string,
): Promise<AuditFault | undefined> {
  const [row] = await runner.query('select max(seq) as seq from audit where writer = ?', [writer])
  const { head } = await readHead(runner, keys, writer)
  const last = Number(row?.['seq'] ?? 0)
  if (head === undefined || last <= head.seq) return undefined
  return { writer, seq: head.seq + 1, kind: 'edited' }
}

async function readHead(
  runner: SqlRunner,
  keys: readonly KeyObject[],
  writer: string,
): Promise<{ head: ChainPoint | undefined; pruned: ChainPoint }> {
  const [row] = await runner.query('select * from audit_heads where writer = ?', [writer])
  const read = (kind: 'head' | 'pruned', names: readonly [string, string, string], of: SqlRow) => {
    const [seq, hash, seal] = names
    const point: ChainPoint = { writer, seq: Number(of[seq]), hash: toBlob(of[hash]) }
    return isSealed(keys, kind, point, toBlob(of[seal])) ? point : undefined
  }
  const head = row && read('head', ['seq', 'hash', 'seal'], row)
  const pruned = row && read('pruned', ['pruned_seq', 'pruned_hash', 'pruned_seal'], row)
  // A cut that we did not seal was not made by us: then the rows before it are missing.
  return { head, pruned: pruned ?? { writer, seq: 0, hash: CHAIN_START } }
}
