import { AppError } from '../errors.ts'

const CAUSES_MAX = 8

/** Gives what an engine threw the code `store_unwritable`; an `AppError` passes as it is. */
export function storeFailure(thrown: unknown, what: string): AppError {
  if (thrown instanceof AppError) return thrown
  return new AppError('store_unwritable', `${what}: ${reasonOf(thrown)}`, { cause: thrown })
}

/** Runs a query, giving what the engine throws the code `store_unwritable`. */
export async function guardStore<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    throw storeFailure(thrown, what)
  }
}

/** Whether an engine refused a row because one with the same unique value exists. */
export function isUniqueViolation(thrown: unknown): boolean {
  const { code, errcode } = codesOf(thrown)
  // SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY; PostgreSQL class 23, unique_violation.
  return errcode === 2067 || errcode === 1555 || code === '23505'
}

/** Whether SQLite gave up since another connection holds the lock. */
export function isBusy(thrown: unknown): boolean {
  const { errcode } = codesOf(thrown)
  // SQLITE_BUSY; its extended codes have it in the low byte.
  return typeof errcode === 'number' && (errcode & 0xff) === 5
}

/** What the engine said, in few words. `AggregateError` of a failed connect has no message of its own. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') {
    return thrown.errors.map(reasonOf).join(', ')
  }
  return thrown instanceof Error ? thrown.message : String(thrown)
}

const DISK_FULL = 'the disk is full'
const READ_ONLY = 'it is read-only'
const UNREACHABLE = 'the database cannot be reached'

/** By SQLite's primary result code. */
const BY_ERRCODE: Readonly<Record<number, string>> = {
  5: 'another process holds its lock',
  8: READ_ONLY,
  10: 'the disk reports errors',
  11: 'the file is damaged',
  13: DISK_FULL,
  14: 'the file cannot be opened',
}

/** By the system's error code or PostgreSQL's SQLSTATE. */
const BY_CODE: Readonly<Record<string, string>> = {
  ENOSPC: DISK_FULL,
  EDQUOT: 'the disk quota is used up',
  EROFS: READ_ONLY,
  EACCES: 'it may not be written',
  EIO: 'the disk reports errors',
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  53100: DISK_FULL,
  25006: READ_ONLY,
  '57P01': UNREACHABLE,
  '57P03': UNREACHABLE,
}

/**
 * Why a store refused, in a few words of ours that name no path, host or row; undefined where its cause is none
 * of the known ones.
 *
 * @param error of code `store_unwritable`
 */
export function shortStoreReason(error: AppError): string | undefined {
  let thrown: unknown = error
  for (let depth = 0; depth < CAUSES_MAX && thrown !== undefined; depth += 1) {
    const { code, errcode } = codesOf(thrown)
    const known =
      (typeof errcode === 'number' && BY_ERRCODE[errcode & 0xff]) ||
      (typeof code === 'string' && BY_CODE[code])
    if (known) return known
    thrown = thrown instanceof Error ? thrown.cause : undefined
  }
  return undefined
}

function codesOf(thrown: unknown): { code: unknown; errcode: unknown } {
  if (typeof thrown !== 'object' || thrown === null) return { code: undefined, errcode: undefined }
  return {
    code: 'code' in thrown ? thrown.code : undefined,
    errcode: 'errcode' in thrown ? thrown.errcode : undefined,
  }
}
