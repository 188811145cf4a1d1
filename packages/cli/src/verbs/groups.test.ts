import type { GroupItem } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { formatGroup } from './groups.ts'

const GROUP: GroupItem = {
  ...{ name: 'answers', strategy: 'priority', state: 'below', healthy: 1, minHealthy: 2 },
  ...{ below: 'refuse', breaker: 'closed', hideMembers: false },
  canary: { member: 'search-next', percent: 10 },
  members: [
    {
      ...{ server: 'search', state: 'ready', healthy: true, reason: null },
      ...{ weight: 1, priority: 1, inFlight: 2 },
    },
    {
      ...{ server: 'search-next', state: 'degraded', healthy: false, weight: 1, priority: 2 },
      ...{ inFlight: 0, reason: 'its command ended with code 3' },
    },
  ],
  ...{ owner: null, description: null, runbook: null },
}

test('says whether a group refuses calls, and which member is out and why', () => {
  expect(formatGroup(GROUP, undefined).split('\n')).toEqual([
    'answers: REFUSES CALLS (1 of 2 healthy, needs 2; priority, 10% to search-next)',
    '  member                state     takes calls  weight  priority  in flight  reason',
    '  search                ready     yes          1       1         2',
    '  search-next (canary)  degraded  no           1       2         0          its command ended with code 3',
  ])
})

test('says whom to ask and where it says what to do, within the width', () => {
  const notes = { owner: 'search team', runbook: `https://example.com/${'r'.repeat(60)}` }
  const lines = formatGroup({ ...GROUP, ...notes }, 60).split('\n')
  expect(lines.slice(1, 3)).toEqual([
    '  owner    search team',
    `  runbook  https://example.com/${'r'.repeat(29)}`,
  ])
  // Before the members.
  expect(lines.findIndex((line) => line.startsWith('  member'))).toBe(4)
})

test.each([
  [{ state: 'healthy' }, 'answers: ok ('],
  [{ state: 'partial' }, 'answers: a member is out ('],
  [{ below: 'serve' }, 'answers: serves with what there is ('],
  [{ state: 'open' }, 'answers: BREAKER OPEN: calls are refused ('],
] as const)('a group with %j is told as %j', (more, words) => {
  expect(formatGroup({ ...GROUP, ...more }, 80).startsWith(words)).toBe(true)
})

test.each([80, 120])('keeps within %i columns', (width) => {
  const lines = formatGroup(GROUP, width).split('\n')
  expect(lines.filter((line) => line.length > width)).toEqual([])
})
