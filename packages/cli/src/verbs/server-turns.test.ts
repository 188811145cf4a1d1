import { type ServerDone, serverDone } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { formatTurn } from './server-turns.ts'

function done(more: Partial<ServerDone> = {}): ServerDone {
  return serverDone.parse({
    server: {
      ...{ name: 'files', kind: 'stdio', source: 'file', state: 'ready', reason: null },
      ...{ pid: 41, pids: [41] },
      ...{ era: 'modern', tools: 11, inFlight: 0, breaker: 'closed', check: null, mark: null },
      ...{ groups: [], prestart: false, owner: null, description: null, runbook: null },
    },
    ...{ calls: 0, drainedMs: 40, drainMsMax: 20_000, startedMs: 800 },
    ...more,
  })
}

test.each([
  ['start', {}, 'started files in 800 ms, pid 41, 11 tools'],
  ['warm', {}, 'files is ready after 800 ms, pid 41, 11 tools'],
  ['stop', {}, 'stopped files: no call was in flight (40 ms)'],
  ['stop', { calls: 1, drainedMs: 3_210 }, 'stopped files: waited 3.2 s for 1 call'],
  [
    'stop',
    { calls: 2, drainedMs: 20_400 },
    'stopped files: waited 20 s for 2 calls, its whole drain time: what still ran was ended',
  ],
  [
    'restart',
    { calls: 2, drainedMs: 900 },
    'restarted files: waited 900 ms for 2 calls; started in 800 ms, pid 41, 11 tools',
  ],
] as const)('a %s with %j is told as: %3$s', (action, more, words) => {
  expect(formatTurn(action, done(more))).toBe(words)
})
