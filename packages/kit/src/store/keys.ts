import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { DerivedKeys, PurposeKeys } from '../crypto/index.ts'
import { AppError } from '../errors.ts'
import { toBlob, type SqlRunner } from './sql-runner.ts'

/** The part of the master key that the store needs; `MasterKeys` of `kit/crypto` is one. */
export interface StoreKeys {
  /** 32 bytes that belong to this purpose alone. */
  deriveKey(purpose: string): Buffer
  /** From every configured master key, the current one first, while it is rotated. */
  deriveKeys?(purpose: string): PurposeKeys
  /** Another number whenever other keys are derived; absent = always the same. */
  readonly version?: number
}

/** What seals the ends of audit chains: of the store itself, so that it outlives every master key. */
export interface SealKeys {
  /** The first makes seals, all tell them. */
  readonly seals: readonly [KeyObject, ...KeyObject[]]
}

/** Derives the seals of the audit log. */
export function toSealKeys(keys: Pick<StoreKeys, 'deriveKey'>): SealKeys {
  return { seals: [createSecretKey(keys.deriveKey('audit/head'))] }
}

/** Master keys as what seals with them wants them. */
export function masterSource(keys: StoreKeys): DerivedKeys {
  return {
    get version() {
      return keys.version ?? 0
    },
    deriveKey: (purpose) => keys.deriveKey(purpose),
    deriveKeys: (purpose) => keys.deriveKeys?.(purpose) ?? [keys.deriveKey(purpose)],
  }
}

/** What a start compares master keys with, the current one first. */
export function checksOf(keys: StoreKeys): readonly [Buffer, ...Buffer[]] {
  const [first, ...others] = masterSource(keys).deriveKeys('store/check')
  return [checkValue(first), ...others.map(checkValue)]
}

function checkValue(key: Buffer): Buffer {
  return createHmac('sha256', key).update('sallyport').digest()
}

/** @throws {AppError} `master_key_wrong` */
export async function checkMasterKey(runner: SqlRunner, keys: StoreKeys): Promise<void> {
  const [row] = await runner.query('select mac from key_check where id = 1')
  if (row !== undefined) assertMasterKey(keys, toBlob(row['mac']))
}

/** @param mac as a store holds it @throws {AppError} `master_key_wrong` */
export function assertMasterKey(keys: StoreKeys, mac: Buffer): void {
  const isKnown = checksOf(keys).some(
    (check) => check.length === mac.length && timingSafeEqual(check, mac),
  )
  if (!isKnown) throw wrongMasterKey()
}

/** `master_key_wrong`, for a start that refuses and for a reload that does. */
export function wrongMasterKey(): AppError {
  return new AppError(
    'master_key_wrong',
    'the key "masterKey" is not the one this store was made with; configure that one (masterKey, or SALLYPORT_MASTER_KEY), or both to rotate',
  )
}
