import { expect, test } from 'vitest'
import { findDifference } from './expectation.ts'

test.each([
  ['a further member', { ok: true }, { ok: true, more: 1 }],
  [
    'a further member further down',
    { a: { b: [1, { c: null }] } },
    { a: { b: [1, { c: null, d: 1 }] } },
  ],
  ['nothing expected of a map', {}, { a: 1 }],
  ['equal text', 'up', 'up'],
] as const)('%s is no difference', (_case, expected, actual) => {
  expect(findDifference(expected, actual, 'result')).toBeUndefined()
})

test.each([
  ['a missing member', { a: { b: 1 } }, { a: {} }, 'result.a.b is missing'],
  ['an inherited member', { toString: 'x' }, {}, 'result.toString is missing'],
  ['another boolean', { ok: true }, { ok: false }, 'result.ok is another boolean than expected'],
  [
    'another kind',
    { ok: true },
    { ok: 'true' },
    'result.ok is a text of 4 characters, not a boolean',
  ],
  ['null for a map', { a: {} }, { a: null }, 'result.a is null, not a map'],
  ['a list for a map', { a: {} }, { a: [1] }, 'result.a is a list of 1, not a map'],
  ['a map for a list', { a: [] }, { a: {} }, 'result.a is a map, not a list'],
  ['a longer list', { a: [1] }, { a: [1, 2] }, 'result.a is a list of 2, not of 1'],
  ['a shorter list', { a: [1, 2] }, { a: [1] }, 'result.a is a list of 1, not of 2'],
  ['another element', [1, 2], [1, 3], 'result[1] is another number than expected'],
  ['no result at all', { a: 1 }, undefined, 'result is missing'],
] as const)('%s is told by path and shape', (_case, expected, actual, sentence) => {
  expect(findDifference(expected, actual, 'result')).toBe(sentence)
})

test('no value of either side is told [supervision/health/no-values]', () => {
  const told = findDifference({ key: 'expected-5ecret' }, { key: 'found-5ecret-too' }, 'result')
  expect(told).toBe('result.key is a text of 16 characters, not a text of 15 characters')
})
