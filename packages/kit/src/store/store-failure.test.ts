import { expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { shortStoreReason, storeFailure } from './store-failure.ts'

const engineError = (codes: object): Error =>
  Object.assign(new Error('/srv/secret/place/store.db: row of alice'), codes)

test.each([
  [{ code: 'ERR_SQLITE_ERROR', errcode: 13 }, 'the disk is full'],
  [{ code: 'ERR_SQLITE_ERROR', errcode: 778 }, 'the disk reports errors'],
  [{ code: 'ERR_SQLITE_ERROR', errcode: 1032 }, 'it is read-only'],
  [{ code: 'ENOSPC' }, 'the disk is full'],
  [{ code: '53100' }, 'the disk is full'],
  [{ code: 'ECONNREFUSED' }, 'the database cannot be reached'],
  [{ code: '23505' }, undefined],
  [{}, undefined],
])('what an engine threw with %j is told in words that name no place: %s', (codes, told) => {
  const thrown = new Error('query', { cause: engineError(codes) })
  expect(shortStoreReason(storeFailure(thrown, 'the mark cannot be written'))).toBe(told)
  const inner = storeFailure(engineError(codes), 'the mark cannot be written')
  expect(shortStoreReason(AppError.from(inner))).toBe(told)
})
