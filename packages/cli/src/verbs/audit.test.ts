import type { AuditItem } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { formatRows } from './audit.ts'

const ROW: AuditItem = {
  ...{ writer: 'w', seq: 1, at: '2026-11-21T09:00:00.000Z', kind: 'call', requestId: 'r-1' },
  ...{ principal: 'key:abcdefgh', tenant: null, address: '192.0.2.7', method: 'tools/call' },
  ...{ server: 'g', tool: 'write', outcome: 'unknown', code: 'server_lost', durationUs: 1_200 },
  ...{ argumentsMac: null, hash: 'ab', member: null },
}
const cells = (rows: readonly AuditItem[]): string[][] =>
  formatRows(rows)
    .split('\n')
    .map((line) => line.split(/ {2,}/))

test('shows which members of a group had a call, and no such column where there is none [record/member]', () => {
  const intent = { ...ROW, kind: 'intent', outcome: 'pending', durationUs: null } as const
  expect(cells([{ ...ROW, member: 'one,two' }, intent]).map((row) => row.slice(4, 7))).toEqual([
    ['tool', 'member', 'ms'],
    ['g__write', 'one,two', '1.2'],
    ['g__write', '-', '-'],
  ])
  expect(cells([ROW])[0]?.slice(4, 6)).toEqual(['tool', 'ms'])
})
