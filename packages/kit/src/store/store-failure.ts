import { AppError } from '../errors.ts'

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

function codesOf(thrown: unknown): { code: unknown; errcode: unknown } {
  if (typeof thrown !== 'object' || thrown === null) return { code: undefined, errcode: undefined }
  return {
    code: 'code' in thrown ? thrown.code : undefined,
    errcode: 'errcode' in thrown ? thrown.errcode : undefined,
  }
}
