import type { Baseline } from '@sallyport/contract/checklist'
import { expect, onTestFinished, test } from 'vitest'
import { OBSERVABILITY } from '../../answers/observability.ts'
import type { Deployment, GatewayView } from '../../deployment.ts'
import { deploymentOf, look } from '../../../test/fixtures/deployment.ts'
import { servePages } from '../../../test/fixtures/monitoring.ts'

const MIB = 1024 ** 2
const NOW_MIB = 300

/** A gateway that holds 300 MiB and used a tenth of a core since it started an hour ago. */
async function gateway(): Promise<GatewayView> {
  const started = Math.floor(Date.now() / 1_000) - 3_600
  const metrics = [
    `sallyport_process_resident_memory_bytes ${NOW_MIB * MIB}`,
    'sallyport_process_cpu_seconds_total 360',
    `sallyport_process_start_time_seconds ${started}`,
  ]
  const pages = await servePages((path) =>
    path === '/metrics' ? { text: `${metrics.join('\n')}\n` } : { text: '{}' },
  )
  onTestFinished(() => pages[Symbol.asyncDispose]())
  return { dataUrl: pages.url, adminUrl: pages.url } as GatewayView // the rest of it is not asked for
}

function baseline(name: string, value: number, unit: Baseline['unit']): Baseline {
  return { name, value, unit, at: '2026-11-01T00:00:00.000Z' }
}

async function judge(...baselines: readonly Baseline[]): Promise<string> {
  const book = { baselines: async () => baselines } as unknown as NonNullable<Deployment['book']> // the rest of it is not asked for
  const deployment = deploymentOf('/nowhere', {}, { book, gateway: await gateway() })
  const { state, evidence } = await look(OBSERVABILITY['performance/baseline'], deployment)
  return `${state}: ${evidence.map(({ text }) => text.replace(/ (?:when|is|cannot).*/, '')).join(', ')}`
}

test.each([
  ['worse by more than half', [baseline('memory', 199 * MIB, 'bytes')], 'failed: memory'],
  ['worse by half', [baseline('memory', 200 * MIB, 'bytes')], 'proved: memory'],
  ['better', [baseline('memory', 900 * MIB, 'bytes')], 'proved: memory'],
  ['five times as large, by what is noise', [baseline('cpu', 2, 'percent')], 'proved: cpu'],
  [
    'of which one is worse',
    [baseline('cpu', 10, 'percent'), baseline('memory', 1, 'bytes')],
    'failed: memory',
  ],
  [
    'of which too few calls tell',
    [baseline('call p95', 10, 'ms'), baseline('cpu', 10, 'percent')],
    'unproved: call p95',
  ],
  ['that nobody knows any more', [baseline('elegance', 1, 'percent')], 'unproved: elegance'],
  ['in another unit', [baseline('memory', 1, 'percent')], 'unproved: memory'],
  ['never accepted', [], 'unproved: no baseline was accepted yet'],
] as const)(
  'figures %s are judged so [check/performance/baseline]',
  async (_what, baselines, expected) => {
    expect(await judge(...baselines)).toBe(expected)
  },
)

test('without a store or a gateway nothing is compared', async () => {
  const { 'performance/baseline': probe } = OBSERVABILITY
  const book = { baselines: async () => [baseline('cpu', 1, 'percent')] } as unknown as NonNullable<
    Deployment['book']
  > // the rest of it is not asked for
  expect((await look(probe, deploymentOf('/nowhere', {}))).state).toBe('unproved')
  expect((await look(probe, deploymentOf('/nowhere', {}, { book }))).state).toBe('unproved')
})
