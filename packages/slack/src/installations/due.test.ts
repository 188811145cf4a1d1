import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { dueAtMs, hasExpired, jitterOf } from './due.ts'
import { RenewalPauses } from './renewal-pauses.ts'

const token = (issuedAtMs: number, expiresAtMs: number | null) => ({
  ...{ token: new Secret('a'), refresh: new Secret('b'), issuedAtMs, expiresAtMs },
})

test('a token is due a margin before its end, some of them up to a fifth of it later', () => {
  expect(dueAtMs(token(0, 10_000), 1_000, 0)).toBe(9_000)
  expect(dueAtMs(token(0, 10_000), 1_000, 1)).toBe(9_200)
  expect(dueAtMs(token(0, null), 1_000, 0)).toBe(Infinity)
})

test('with a margin beyond its life a new token is not due at once', () => {
  expect(dueAtMs(token(5_000, 7_000), 3_600_000, 0)).toBe(6_000)
  expect(dueAtMs(token(7_000, 7_000), 3_600_000, 0)).toBe(7_000)
})

test('a token has expired from its last millisecond on, and one without an end never', () => {
  expect([9_999, 10_000].map((now) => hasExpired(token(0, 10_000), now))).toEqual([false, true])
  expect(hasExpired(token(0, null), Number.MAX_SAFE_INTEGER)).toBe(false)
})

test('workspaces are spread, and one is at the same place in every process', () => {
  const all = Array.from({ length: 1_000 }, (_, i) => jitterOf('default', `T0${i}`))
  expect(all.every((jitter) => jitter >= 0 && jitter <= 1)).toBe(true)
  for (let from = 0; from < 1; from += 0.25) {
    const inside = all.filter((jitter) => jitter >= from && jitter < from + 0.25).length
    expect(inside).toBeGreaterThan(150)
  }
  expect(jitterOf('default', 'T01')).toBe(all[1])
})

test('pauses double up to five minutes, obey Slack, and end with success', () => {
  const pauses = new RenewalPauses(() => 0.5)
  const lengths = Array.from({ length: 9 }, () => pauses.fail('a', 0, 0) / 1_000)
  expect(lengths).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300])
  expect(pauses.fail('b', 0, 60_000)).toBe(60_000)
  expect(pauses.untilMs('b', 59_999)).toBe(60_000)
  expect(pauses.untilMs('b', 60_000)).toBe(0)
  pauses.clear('a')
  expect([pauses.untilMs('a', 0), pauses.fail('a', 0, 0)]).toEqual([0, 5_000])
})

test('a pause is up to a quarter shorter or longer', () => {
  const [short, long] = [0, 0.999].map((random) => new RenewalPauses(() => random).fail('a', 0, 0))
  expect([short, long]).toEqual([3_750, expect.closeTo(6_250, -1)])
})
