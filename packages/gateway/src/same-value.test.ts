import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { isSameValue } from './same-value.ts'

test.each<[string, unknown, unknown]>([
  ['another text', 'a', 'b'],
  ['a text and the number in it', '1', 1],
  ['an element more', [1], [1, 2]],
  ['another order of a list', [1, 2], [2, 1]],
  ['a list and a map of the same', ['a'], { 0: 'a' }],
  ['a member more', {}, { a: null }],
  ['another secret', { key: new Secret('a') }, { key: new Secret('b') }],
  ['a secret and its text', new Secret('a'), 'a'],
  ['a secret and a map', new Secret('a'), {}],
])('%s is not the same, whichever comes first', (_case, one, other) => {
  expect([isSameValue(one, other), isSameValue(other, one)]).toEqual([false, false])
})

test.each<[string, unknown, unknown]>([
  ['members in another order', { a: 1, b: [{}] }, { b: [{}], a: 1 }],
  ['a member that is undefined, and none', { a: undefined }, {}],
  ['secrets that hold the same', [new Secret('a')], [new Secret('a')]],
  ['not a number', Number.NaN, Number.NaN],
])('%s are the same', (_case, one, other) => {
  expect(isSameValue(one, other)).toBe(true)
})
