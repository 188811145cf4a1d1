import { healthKindOf } from '@sallyport/kit/http'
import { expect, test } from 'vitest'
import { type HealthFacts, judgeHealth } from './health.ts'

const FACTS: HealthFacts = {
  phase: 'running',
  storeWritable: true,
  loopStuck: false,
  version: '0.1.0',
  uptimeSeconds: 12.4,
  servers: [{ name: 'files', state: 'degraded', reason: 'exited with code 1' }],
  groups: [],
  draining: undefined,
}

const GROUP = { name: 'answers', healthy: 1, minHealthy: 2, below: 'refuse' } as const
const DRAINING = { kind: 'draining', reason: 'kernel update' } as const

test.each([
  ['ready', { draining: DRAINING }, 503],
  ['health', { draining: DRAINING }, 503],
  ['live', { draining: DRAINING }, 200],
  ['startup', { draining: DRAINING }, 200],
  ['ready', { groups: [GROUP] }, 503],
  ['ready', { groups: [{ ...GROUP, healthy: 2 }] }, 200],
  ['ready', { groups: [{ ...GROUP, healthy: 0, below: 'serve' }] }, 200],
  ['live', { groups: [GROUP] }, 200],
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
      groups: [],
      draining: null,
    },
  })
})

test('names groups that lack members and why the gateway drains, to those who may see', () => {
  const { body } = judgeHealth('ready', { ...FACTS, groups: [GROUP], draining: DRAINING }, true)
  expect(body).toMatchObject({
    status: 'unavailable',
    groups: [{ ...GROUP, ok: false }],
    draining: { reason: 'kernel update' },
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
