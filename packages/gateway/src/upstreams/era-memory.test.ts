import { ManualClock } from '@sallyport/kit/clock'
import { silentLog } from '@sallyport/kit/log'
import type { EraRecord } from '@sallyport/kit/store'
import { expect, test } from 'vitest'
import { EraMemory } from './era-memory.ts'

const HOUR_MS = 3_600_000

async function open(records: readonly EraRecord[] = []): Promise<{
  memory: EraMemory
  clock: ManualClock
  written: EraRecord[]
}> {
  const clock = new ManualClock()
  const written: EraRecord[] = []
  const store = {
    readEras: () => Promise.resolve(records),
    writeEra: (record: EraRecord) => Promise.resolve(void written.push(record)),
  }
  return { memory: await EraMemory.open(store, clock, silentLog), clock, written }
}

const legacy = { server: 'a', fingerprint: 'f', era: 'legacy', version: '2025-11-25' } as const

test('a verdict on another configuration does not count', async () => {
  const { memory } = await open()
  memory.remember(legacy)
  expect([memory.recall('a', 'g'), memory.recall('b', 'f')]).toEqual([undefined, undefined])
})

test('a legacy verdict is doubted after a day, and recalling it does not renew it', async () => {
  const { memory, clock, written } = await open()
  memory.remember(legacy)
  clock.advance(23 * HOUR_MS)
  memory.remember(legacy)
  expect(memory.recall('a', 'f')).toBe('legacy')
  clock.advance(HOUR_MS + 1)
  expect(memory.recall('a', 'f')).toBeUndefined()
  memory.remember(legacy)
  expect(written.map(({ judgedAtMs }) => judgedAtMs - (written[0]?.judgedAtMs ?? 0))).toEqual([
    0,
    24 * HOUR_MS + 1,
  ])
})

test('a modern verdict fails by itself when it is wrong, so it stays', async () => {
  const { memory, clock } = await open()
  memory.remember({ ...legacy, era: 'modern', version: '2026-07-28' })
  clock.advance(1_000 * HOUR_MS)
  expect(memory.recall('a', 'f')).toBe('modern')
})

test('a legacy verdict from the future is doubted', async () => {
  const { memory } = await open([{ ...legacy, judgedAtMs: 1_800_000_000_000 }])
  expect(memory.recall('a', 'f')).toBeUndefined()
})

test('a changed verdict is kept at once', async () => {
  const { memory, written } = await open([{ ...legacy, judgedAtMs: 1_700_000_000_000 }])
  memory.remember(legacy)
  memory.remember({ ...legacy, version: '2025-06-18' })
  memory.remember({ ...legacy, era: 'modern', version: '2026-07-28' })
  expect(written.map(({ version }) => version)).toEqual(['2025-06-18', '2026-07-28'])
})
