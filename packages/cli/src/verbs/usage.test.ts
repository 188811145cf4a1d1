import type { UsageItem } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { formatUsage } from './usage.ts'

const ITEM: UsageItem = {
  ...{
    principal: 'key:abcdefgh',
    name: 'laptop',
    day: '2026-11-21',
    calls: 120,
    daily: null,
    remaining: null,
  },
  ...{ writes: 7, writesDaily: 10_000, writesRemaining: 9_993, callsTotal: 200 },
  ...{ refused: 12, refusals: { quota_exceeded: 2, rate_limited: 10 }, rateLimited: 10 },
  ...{ inFlight: 1, queued: 0 },
}

test('shows what was used of each quota and why requests were refused', () => {
  expect(
    formatUsage(
      [ITEM, { ...ITEM, principal: 'local', name: null, refused: 0, refusals: {} }],
      undefined,
    )
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ['principal', 'name', 'calls today', 'writes today', 'in flight', 'queued', 'refused'],
    [
      'key:abcdefgh',
      'laptop',
      '120',
      '7 of 10000',
      '1',
      '0',
      '12 (quota_exceeded 2, rate_limited 10)',
    ],
    ['local', '-', '120', '7 of 10000', '1', '0', '0'],
  ])
})

test('keeps within 80 columns', () => {
  const lines = formatUsage([ITEM], 80).split('\n')
  expect(lines.filter((line) => line.length > 80)).toEqual([])
})
