import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { AppError } from '../errors.ts'
import { isSealed, rosterPoint, sealPoint, type ChainPoint, type SealKind } from './audit-row.ts'
import { toBlob, type SqlRunner } from './sql-runner.ts'

/** The part of the master key that the store needs; `MasterKeys` of `kit/crypto` is one. */
export interface StoreKeys {
  /** 32 bytes that belong to this purpose alone. */
  deriveKey(purpose: string): Buffer
  /** From every configured master key, the current one first, while it is rotated. */
  deriveKeys?(purpose: string): readonly Buffer[]
}

/** What the store does with its keys: tell a wrong one, and seal the ends of audit chains. */
export interface SealKeys {
  /** The current one first. */
  readonly checks: readonly [Buffer, ...Buffer[]]
  /** The current one first: it makes seals, the others only tell old ones. */
  readonly seals: readonly [KeyObject, ...KeyObject[]]
}

/** Derives what the store needs, once, at open. */
export function toSealKeys(keys: StoreKeys): SealKeys {
  const former = (purpose: string): readonly Buffer[] => keys.deriveKeys?.(purpose).slice(1) ?? []
  return {
    checks: [checkValue(keys.deriveKey('store/check')), ...former('store/check').map(checkValue)],
    seals: [
      createSecretKey(keys.deriveKey('audit/head')),
      ...former('audit/head').map((key) => createSecretKey(key)),
    ],
  }
}

function checkValue(key: Buffer): Buffer {
  return createHmac('sha256', key).update('sallyport').digest()
}

/**
 * Compares the master key with the one this store was opened with first. A store without a value gets
 * one; a value of the former key is replaced and every seal made anew, while both keys are configured.
 *
 * @throws {AppError} `master_key_wrong`
 */
export async function ensureMasterKey(runner: SqlRunner, keys: SealKeys): Promise<void> {
  await runner.query('insert into key_check (id, mac) values (1, ?) on conflict (id) do nothing', [
    keys.checks[0],
  ])
  await checkMasterKey(runner, keys)
  if (keys.seals.length === 1) return
  await runner.transaction(async () => {
    await runner.query('update key_check set mac = ? where id = 1', [keys.checks[0]])
    await resealAudit(runner, keys)
  })
}

/** @throws {AppError} `master_key_wrong` */
export async function checkMasterKey(runner: SqlRunner, keys: SealKeys): Promise<void> {
  const [row] = await runner.query('select mac from key_check where id = 1')
  if (row === undefined) return
  const mac = toBlob(row['mac'])
  if (keys.checks.some((check) => check.length === mac.length && timingSafeEqual(check, mac)))
    return
  throw new AppError(
    'master_key_wrong',
    'the key "masterKey" is not the one this store was made with; configure that one, or both to rotate',
  )
}

/** Seals of a former key are replaced; what neither key sealed is left as it is, for `verify` to find. */
async function resealAudit(runner: SqlRunner, keys: SealKeys): Promise<void> {
  const heads = await runner.query('select * from audit_heads')
  for (const row of heads) {
    const writer = String(row['writer'])
    const head = { writer, seq: Number(row['seq']), hash: toBlob(row['hash']) }
    const pruned = { writer, seq: Number(row['pruned_seq']), hash: toBlob(row['pruned_hash']) }
    const seal = reseal(keys, { kind: 'head', point: head }, toBlob(row['seal']))
    const prunedSeal = reseal(keys, { kind: 'pruned', point: pruned }, toBlob(row['pruned_seal']))
    // A chain that another process appends to meanwhile keeps its newer seal.
    const at = [writer, head.seq, pruned.seq]
    await runner.query(
      'update audit_heads set seal = ?, pruned_seal = ? where writer = ? and seq = ? and pruned_seq = ?',
      [seal, prunedSeal, ...at],
    )
  }
  const [roster] = await runner.query('select writers, seal from audit_roster where id = 1')
  if (roster === undefined) return
  const point = rosterPoint(Number(roster['writers']))
  const seal = reseal(keys, { kind: 'roster', point }, toBlob(roster['seal']))
  await runner.query('update audit_roster set seal = ? where id = 1 and writers = ?', [
    seal,
    point.seq,
  ])
}

function reseal(
  keys: SealKeys,
  of: { readonly kind: SealKind; readonly point: ChainPoint },
  seal: Uint8Array,
): Uint8Array {
  return isSealed(keys.seals, of.kind, of.point, seal)
    ? sealPoint(keys.seals[0], of.kind, of.point)
    : seal
}
