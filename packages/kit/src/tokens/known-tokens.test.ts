import { expect, test } from 'vitest'
import { KnownTokens } from './known-tokens.ts'

test('the token that was used longest ago gives way [tokens/remembered]', () => {
  const known = new KnownTokens<number>(2)
  known.set('a', 1)
  known.set('b', 2)
  expect(known.get('a')).toBe(1)
  known.set('c', 3)
  expect([known.get('a'), known.get('b'), known.get('c'), known.size]).toEqual([1, undefined, 3, 2])
})

test('an entry is replaced where it is, and not added where it is gone', () => {
  const known = new KnownTokens<number>(2)
  known.set('a', 1)
  known.replace('a', 5)
  known.replace('b', 5)
  expect([known.get('a'), known.get('b')]).toEqual([5, undefined])
  known.forget((entry) => entry === 5)
  expect(known.size).toBe(0)
})
