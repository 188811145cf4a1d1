import { createHash, createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  AUDIT_COLUMNS,
  canonicalRow,
  chainHash,
  cleanValues,
  isSealed,
  needsCleaning,
  sealPoint,
} from './audit-row.ts'

const key = createSecretKey(Buffer.alloc(32, 1))
const other = createSecretKey(Buffer.alloc(32, 2))
const point = { writer: 'w', seq: 7, hash: Buffer.alloc(32, 3) }

test.each([
  ['short', 'a'],
  ['wide', 'é😀'.repeat(300)],
  ['longer than the buffer kept for it', 'x'.repeat(5_000)],
])('hashes a %s row as SHA-256 of the previous hash and the row', (_what, text) => {
  const previous = Buffer.alloc(32, 9)
  const expected = createHash('sha256').update(previous).update(text, 'utf8').digest()
  expect(chainHash(previous, text)).toEqual(expected)
})

test.each([
  ['shifted between two columns', ['ab', 'c'], ['a', 'bc']],
  ['null and the text null', [null], ['null']],
  ['a number and its text', [1], ['1']],
  ['a separator inside', ['a","b'], ['a', 'b']],
])('tells rows apart that differ by what is %s', (_what, left, right) => {
  expect(canonicalRow(left)).not.toBe(canonicalRow(right))
})

test('a row without a member is hashed as before there were any, one with a member as a whole [record/member]', () => {
  const first = AUDIT_COLUMNS.slice(0, -1).map((name) => `of ${name}`)
  expect(canonicalRow([...first, null])).toBe(JSON.stringify(first))
  expect(canonicalRow([...first, 'one'])).toBe(JSON.stringify([...first, 'one']))
  // Only the last column may be left out.
  expect(canonicalRow([...first.with(-1, 'one'), null])).not.toBe(canonicalRow([...first, 'one']))
  expect(canonicalRow(first.map(() => null))).not.toBe(
    canonicalRow([...first.map(() => null), 'x']),
  )
})

test.each([
  ['NUL', '\0', '\uFFFD'],
  ['a lone surrogate', 'a\uDC00', 'a\uFFFD'],
  ['a pair cut in two by the limit', 'x'.repeat(511) + '😀', 'x'.repeat(511) + '\uFFFD'],
])('cleans %s', (_what, text, clean) => {
  const long = [text, ...Array<string>(5).fill('y'.repeat(512))]
  expect(needsCleaning(canonicalRow(long))).toBe(true)
  expect(cleanValues(long)[0]).toBe(clean)
})

test.each([
  ['another kind', [key], 'pruned', point],
  ['another writer', [key], 'head', { ...point, writer: 'v' }],
  ['another number', [key], 'head', { ...point, seq: 8 }],
  ['another hash', [key], 'head', { ...point, hash: Buffer.alloc(32) }],
  ['another key', [other], 'head', point],
  ['no key', [], 'head', point],
] as const)('does not take a seal for %s', (_what, keys, kind, at) => {
  expect(isSealed(keys, kind, at, sealPoint(key, 'head', point))).toBe(false)
})

test('takes a seal of any of its keys, and none of another length', () => {
  const seal = sealPoint(key, 'head', point)
  expect(isSealed([other, key], 'head', point, seal)).toBe(true)
  expect(isSealed([key], 'head', point, Buffer.alloc(0))).toBe(false)
})
