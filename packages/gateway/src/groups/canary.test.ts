import { expect, test } from 'vitest'
import { testPrincipal } from '../call/testing-call.ts'
import { Canary } from './canary.ts'

const canary = (percent: number, principals: readonly string[] = []): Canary =>
  new Canary('g', { member: 'new', percent, principals })

const everyone = Array.from({ length: 10_000 }, (_, n) => testPrincipal(`p${n}`))
const taken = (one: Canary): Set<string> =>
  new Set(everyone.filter((principal) => one.takes(principal)).map(({ id }) => id))

test.each([1, 10, 50])(
  '%i percent of principals are that many, give or take a hundredth',
  (percent) => {
    expect(Math.abs(taken(canary(percent)).size / 10_000 - percent / 100)).toBeLessThan(0.01)
  },
)

test('0 percent is nobody and 100 everybody', () => {
  expect([taken(canary(0)).size, taken(canary(100)).size]).toEqual([0, 10_000])
})

test('a principal stays on its side, and a larger share takes nobody away [groups/canary]', () => {
  const few = taken(canary(10))
  expect(taken(canary(10))).toEqual(few)
  expect(few.isSubsetOf(taken(canary(20)))).toBe(true)
})

test('the side is the same in every process, for it is remembered nowhere', () => {
  const sides = ['key:1', 'key:2', 'key:3', 'key:4', 'key:5', 'key:6', 'key:7', 'key:8']
  const takes = sides.map((id) => canary(50).takes(testPrincipal('x', { id })))
  expect(takes).toEqual([false, true, false, true, false, false, true, false])
})

test('pinned principals are taken by id and by name, whatever the share', () => {
  const pinned = canary(0, ['key:alice', 'bob'])
  const takes = ['alice', 'bob', 'carol'].map((name) => pinned.takes(testPrincipal(name)))
  expect(takes).toEqual([true, true, false])
})
