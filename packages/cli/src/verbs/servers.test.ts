import { type ServerItem, serverItem } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { formatServer, formatServers } from './servers.ts'

const AT = '2026-11-21T08:00:00.000Z'
const NOW_MS = Date.parse(AT) + 65_000

function server(more: Partial<ServerItem> = {}): ServerItem {
  return serverItem.parse({
    ...{ name: 'files', kind: 'stdio', source: 'file', state: 'ready', reason: null },
    ...{ pid: 41, pids: [41, 42] },
    ...{ era: 'modern', tools: 11, inFlight: 2, breaker: 'closed', check: null, mark: null },
    ...{ groups: [], prestart: false, owner: null, description: null, runbook: null },
    ...more,
  })
}

const BLOCKED = server({
  name: 'a-server-with-the-longest-name-01',
  state: 'blocked',
  mark: { kind: 'blocked', by: 'key:abcdefgh', at: AT, reason: 'deletes more than it should' },
})
const FAILED = server({
  state: 'degraded',
  breaker: 'open',
  reason: 'its command ended with code 3',
  check: { kind: 'call', ok: false, reason: 'no answer within 10 s', durationMs: 10_000, at: AT },
})

test.each([80, 120])(
  'a list keeps within %i columns and shows each reason whole [operate/lists/width]',
  (width) => {
    const text = formatServers([server(), BLOCKED, FAILED], width)
    expect(text.split('\n').filter((line) => line.length > width)).toEqual([])
    const words = text.replaceAll(/\s+/g, ' ')
    expect(words).toContain('name')
    // Words of a cell that was wrapped stand on several lines, in their order.
    for (const word of ['deletes', 'more', 'than', 'should', 'breaker', 'open', 'code', '3']) {
      expect(words).toContain(word)
    }
  },
)

test('a list that is no terminal has every column, and one line for each server', () => {
  expect(formatServers([server(), FAILED], undefined).split('\n')).toEqual([
    'name   kind   state     check   in flight  tools  pid  era     reason',
    'files  stdio  ready     -       2          11     41   modern',
    'files  stdio  degraded  failed  2          11     41   modern  breaker open; its command ended with code 3',
  ])
})

test('a failed check is the reason only where there is no other', () => {
  const check = { kind: 'ping', ok: false, reason: 'no answer', durationMs: 1, at: AT } as const
  expect(formatServers([server({ check })], undefined)).toMatch(/last check: no answer$/)
})

test('a mark that is the state says so once', () => {
  const text = formatServers([{ ...BLOCKED, reason: 'an operator blocked it' }], undefined)
  expect(text).toMatch(/blocked by key:abcdefgh: deletes more than it should$/)
})

test('shows one server with why, since when, and whom to ask', () => {
  const shown = formatServer(
    {
      ...FAILED,
      mark: BLOCKED.mark,
      groups: ['answers'],
      owner: 'ops@example.com',
      prestart: true,
    },
    NOW_MS,
    undefined,
  )
  expect(shown.split('\n')).toEqual([
    'files',
    '  state      degraded: its command ended with code 3',
    '  mark       blocked by key:abcdefgh: deletes more than it should, 1 min ago',
    '  check      failed (call, 10 s): no answer within 10 s, 1 min ago',
    '  breaker    OPEN: calls are refused at once because its transport kept failing',
    '  in flight  2',
    '  children   pid 41, 42',
    '  kind       stdio, modern era',
    '  tools      11',
    '  groups     answers',
    '  prestart   yes',
    '  owner      ops@example.com',
  ])
})

test('what a server says reaches the terminal without control characters', () => {
  const reason = 'ended\u001b[2J\u0007 badly'
  expect(formatServers([server({ reason })], undefined)).toMatch(/ended badly$/)
  expect(formatServer(server({ reason, owner: '\u001b[31mx' }), NOW_MS, 80)).not.toContain('\u001b')
})
