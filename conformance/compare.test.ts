import { expect, test } from 'vitest'
import { lossesOf } from './across-eras.ts'
import { compareResults, tallyOf } from './compare.ts'
import { staleEntries } from './exceptions.ts'
import { wrap } from './print.ts'
import type { Check, Results, Status } from './suite.ts'

const REQUIREMENTS = { required: ['ping'], others: ['tasks'] }

test('a check that only one run made is a difference', () => {
  const rows = compareResults(REQUIREMENTS, ping('SUCCESS', 'SUCCESS'), ping('SUCCESS'))
  expect(rows).toMatchObject([
    { scenario: 'ping', differences: [{ direct: 'SUCCESS', gateway: 'absent' }] },
  ])
})

test('a check that fails both ways is no difference, and the scenario has not passed', () => {
  const [row] = compareResults(REQUIREMENTS, ping('FAILURE'), ping('FAILURE'))
  expect(row).toMatchObject({ differences: [], direct: { ok: false }, gateway: { ok: false } })
})

test('a check that passes only through the gateway is a difference too', () => {
  const [row] = compareResults(REQUIREMENTS, ping('FAILURE'), ping('SUCCESS'))
  expect(row?.differences).toMatchObject([{ direct: 'FAILURE', gateway: 'SUCCESS' }])
})

test('a scenario that made no check has not passed', () => {
  expect(tallyOf([]).ok).toBe(false)
})

test.each<[Status, Status, number]>([
  ['SUCCESS', 'SUCCESS', 0],
  ['SUCCESS', 'INFO', 1],
  ['SUCCESS', 'WARNING', 1],
  ['INFO', 'FAILURE', 1],
  ['WARNING', 'FAILURE', 1],
  ['FAILURE', 'WARNING', 0],
  ['INFO', 'SKIPPED', 0],
])('within an era %s, across %s: %i losses', (within, across, count) => {
  expect(lossesOf(ping(within), ping(across), {})).toHaveLength(count)
})

test.each([
  ['the check', 'ping:pong'],
  ['the scenario', 'ping'],
])('a reason for %s covers the check', (_case, entry) => {
  const losses = lossesOf(ping('SUCCESS'), ping('FAILURE'), { [entry]: 'because' })
  expect(losses).toMatchObject([{ reason: 'because' }])
  expect(staleEntries({ [entry]: 'because' }, new Set(['ping']), losses)).toEqual([])
})

test('a reason that covers nothing is stale, unless its scenario did not run', () => {
  expect(staleEntries({ 'ping:pong': 'because' }, new Set(['ping']), [])).toEqual(['ping:pong'])
  expect(staleEntries({ 'ping:pong': 'because' }, new Set(['tasks']), [])).toEqual([])
})

test('no line is longer than 100 columns, not even one of a single word', () => {
  const lines = wrap(`${'word '.repeat(60)}${'x'.repeat(300)}`, 6)
  expect(Math.max(...lines.map((line) => line.length))).toBe(100)
})

function ping(...statuses: Status[]): Results {
  const checks = statuses.map((status): Check => ({ id: 'pong', name: 'Pong', status }))
  return new Map([['ping', checks]])
}
