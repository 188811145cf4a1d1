import type { HealthDetail } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { reasonOf } from './health.ts'

const DETAIL: HealthDetail = {
  ...{ status: 'unavailable', version: '1.0.0', uptimeSeconds: 1, store: { writable: true } },
  ...{ servers: [], groups: [], draining: null },
}
const GROUP = { name: 'answers', healthy: 1, minHealthy: 2, below: 'refuse', ok: false } as const

test.each<readonly [Partial<HealthDetail>, string]>([
  [{}, 'it is starting or stopping'],
  [{ draining: { reason: '' } }, 'an operator drains it; `drain --off` ends that'],
  [{ store: { writable: false } }, 'its store cannot be written'],
  [{ groups: [GROUP] }, 'the group answers has too few healthy members, 1 of the 2 it needs'],
  [{ groups: [{ ...GROUP, below: 'serve' }] }, 'it is starting or stopping'],
  [
    { draining: { reason: 'new\u001b[2J disk' }, store: { writable: false } },
    'an operator drains it (new disk); `drain --off` ends that; its store cannot be written',
  ],
])('a gateway with %j is not ready since %s', (more, words) => {
  expect(reasonOf({ ...DETAIL, ...more })).toBe(words)
})
