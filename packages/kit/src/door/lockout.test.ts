import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { Lockout } from './lockout.ts'

const limits = { failures: 3, windowMs: 60_000, holdMs: 30_000 }

test('holds an address after its failures, and only for the time it says [door/lockout]', () => {
  const clock = new ManualClock()
  const lockout = new Lockout(clock, limits)
  expect([1, 2, 3].map(() => lockout.fail('1.1.1.1'))).toEqual([0, 0, 0])
  expect(lockout.fail('1.1.1.1')).toBe(30_000)
  expect(lockout.fail('1.1.1.2')).toBe(0)
  clock.advance(29_999)
  expect(lockout.fail('1.1.1.1')).toBe(1)
  clock.advance(1)
  expect([1, 2, 3].map(() => lockout.fail('1.1.1.1'))).toEqual([0, 0, 0])
  expect(lockout.fail('1.1.1.1')).toBe(30_000)
})

test('failures of an older window do not count', () => {
  const clock = new ManualClock()
  const lockout = new Lockout(clock, limits)
  lockout.fail('a')
  lockout.fail('a')
  clock.advance(60_000)
  expect([1, 2, 3, 4].map(() => lockout.fail('a'))).toEqual([0, 0, 0, 30_000])
})

test('no failures allowed means no lockout', () => {
  const lockout = new Lockout(new ManualClock(), { ...limits, failures: 0 })
  for (let index = 0; index < 100; index += 1) expect(lockout.fail('a')).toBe(0)
  expect(lockout.size).toBe(0)
})

test('addresses of one IPv6 network count together, others do not', () => {
  const lockout = new Lockout(new ManualClock(), limits)
  for (const host of ['1', '2', 'abcd:1']) lockout.fail(`2001:db8::${host}`)
  expect(lockout.fail('2001:db8:0:0:ffff::9')).toBe(30_000)
  expect(lockout.fail('2001:db8:0:1::1')).toBe(0)
  expect(lockout.fail('::1')).toBe(0)
})

test('a flood of addresses does not grow memory without bound', () => {
  const lockout = new Lockout(new ManualClock(), limits, { entriesMax: 100 })
  for (let index = 0; index < 1_000; index += 1) lockout.fail(`10.0.${index >> 8}.${index & 255}`)
  expect(lockout.size).toBe(100)
})
