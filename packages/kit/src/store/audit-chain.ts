import type { KeyObject } from 'node:crypto'
import { CHAIN_START, rosterPoint, sealPoint, type ChainPoint } from './audit-row.ts'
import type { SqlRunner } from './sql-runner.ts'

/**
 * Registers a new chain: its sealed head before the first row, and its place in the sealed count of all
 * chains. Fails where the store cannot be written.
 */
export async function registerChain(
  runner: SqlRunner,
  chain: { readonly writer: string; readonly openedAtMs: number },
  key: KeyObject,
): Promise<ChainPoint> {
  const start: ChainPoint = { writer: chain.writer, seq: 0, hash: CHAIN_START }
  const seals = [sealPoint(key, 'head', start), sealPoint(key, 'pruned', start)] as const
  await runner.transaction(async () => {
    // SQLite is locked by the transaction itself.
    if (runner.kind === 'postgres') await runner.query('lock table audit_roster in exclusive mode')
    await runner.query(
      `insert into audit_heads
        (writer, opened_at, seq, hash, seal, pruned_seq, pruned_hash, pruned_seal)
        values (?, ?, 0, ?, ?, 0, ?, ?)`,
      [chain.writer, chain.openedAtMs, CHAIN_START, seals[0], CHAIN_START, seals[1]],
    )
    const [roster] = await runner.query('select writers from audit_roster where id = 1')
    const writers = Number(roster?.['writers'] ?? 0) + 1
    await runner.query(
      `insert into audit_roster (id, writers, seal) values (1, ?, ?)
        on conflict (id) do update set writers = excluded.writers, seal = excluded.seal`,
      [writers, sealPoint(key, 'roster', rosterPoint(writers))],
    )
  })
  return start
}
