import { expect, test } from 'vitest'
import { type HealthFacts, healthKindOf, judgeHealth } from './health.ts'

const FACTS: HealthFacts = {
  phase: 'running',
  storeWritable: true,
  loopStuck: false,
  version: '0.1.0',
  uptimeSeconds: 12.4,
  servers: [{ name: 'files', state: 'degraded', reason: 'exited with code 1' }],
}

test.each([
  ['ready', { storeWritable: false }, 503],
  ['ready', { phase: 'starting' }, 503],
  ['ready', { phase: 'draining' }, 503],
  ['ready', { loopStuck: true }, 200],
  ['ready', {}, 200],
  ['health', { storeWritable: false }, 503],
  ['health', {}, 200],
  ['live', { loopStuck: true }, 503],
  ['live', { storeWritable: false, phase: 'draining' }, 200],
  ['startup', { phase: 'starting' }, 503],
  ['startup', { phase: 'draining', storeWritable: false }, 200],
] as const)('%s with %j is %i', (kind, change, status) => {
  expect(judgeHealth(kind, { ...FACTS, ...change }, false)).toEqual({
    status,
    body: { status: status === 200 ? 'ok' : 'unavailable' },
  })
})

test('names servers that are down without failing for them, to those who may see [health/ready/servers]', () => {
  expect(judgeHealth('ready', FACTS, true)).toEqual({
    status: 200,
    body: {
      status: 'ok',
      version: '0.1.0',
      uptimeSeconds: 12,
      store: { writable: true },
      servers: [{ name: 'files', state: 'degraded', reason: 'exited with code 1' }],
    },
  })
})

test.each([
  ['/health', 'health'],
  ['/health/live?verbose=1', 'live'],
  ['/health/', undefined],
  ['/healthz', undefined],
  ['/health/readyx', undefined],
  ['', undefined],
])('%j asks for %s', (target, kind) => {
  expect(healthKindOf(target)).toBe(kind)
})
