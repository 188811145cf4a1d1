import { expect, test } from 'vitest'
import { connectionFailure, retryAfterMs, statusFailure } from './http-failure.ts'

const NOW_MS = Date.parse('2026-11-20T12:00:00Z')

test.each([
  ['7', 7_000],
  [' 0 ', 0],
  ['Fri, 20 Nov 2026 12:00:05 GMT', 5_000],
  ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
  ['99999999', 3_600_000],
  ['soon', undefined],
  ['-1', 0],
  [undefined, undefined],
])('Retry-After %s is %s ms', (value, ms) => {
  expect(retryAfterMs(value, NOW_MS)).toBe(ms)
})

test.each([
  [401, 'server_unauthorized', 'not_sent'],
  [403, 'server_unauthorized', 'not_sent'],
  [404, 'server_protocol', 'not_sent'],
  [429, 'server_unavailable', 'not_sent'],
  [500, 'server_unavailable', 'unknown'],
  [503, 'server_unavailable', 'unknown'],
  [307, 'server_protocol', 'not_sent'],
  [303, 'server_protocol', 'unknown'],
  [409, 'server_protocol', 'unknown'],
  [202, 'server_protocol', 'unknown'],
])('status %i is %s, %s', (status, code, outcome) => {
  const error = statusFailure(status, { 'retry-after': '2' }, NOW_MS)
  expect(error).toMatchObject({ code, outcome, retryAfterMs: 2_000, details: { status } })
})

test('a broken connection is unknown only once the request was handed over', () => {
  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
  expect(connectionFailure(reset, true)).toMatchObject({ code: 'server_lost', outcome: 'unknown' })
  expect(connectionFailure(reset, false)).toMatchObject({
    code: 'server_unavailable',
    outcome: 'not_sent',
    message: 'the server cannot be reached: ECONNRESET',
  })
})
