import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { servePages } from '../../test/fixtures/monitoring.ts'
import { deploymentOf } from '../../test/fixtures/deployment.ts'
import type { GatewayView } from '../deployment.ts'
import { ownMetrics, readMetrics } from './own-metrics.ts'

test('samples are read with escaped labels, and everything else is left out', () => {
  const text = [
    '# HELP one something',
    'one{path="a\\"b}",le="+Inf"} +Inf',
    'one 3 1700000000',
    '<html>',
    'two{} 1e3',
  ].join('\n')
  expect([...readMetrics(text)]).toEqual([
    [
      'one',
      [
        { labels: { path: 'a\\"b}', le: '+Inf' }, value: Number.POSITIVE_INFINITY },
        { labels: {}, value: 3 },
      ],
    ],
    ['two', [{ labels: {}, value: 1_000 }]],
  ])
})

test('metrics that are protected are read with a key, and a refusal of it is told', async () => {
  await using pages = await servePages((path, { authorization }) => {
    if (path === '/open/metrics' || authorization === 'Bearer right') return { text: 'one 1\n' }
    return { status: 401, text: '' }
  })
  const reading = (place: string, key: string) => {
    const gateway = {
      adminUrl: `${pages.url}/${place}`,
      key: async () => new Secret(key),
    } as unknown as GatewayView // the rest of it is not asked for
    return ownMetrics(deploymentOf('/nowhere', {}, { gateway }), AbortSignal.timeout(5_000))
  }
  expect((await reading('open', 'none'))?.size).toBe(1)
  expect((await reading('shut', 'right'))?.size).toBe(1)
  await expect(reading('shut', 'wrong')).rejects.toMatchObject({ code: 'server_protocol' })
})
