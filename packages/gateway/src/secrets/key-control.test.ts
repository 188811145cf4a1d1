import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gatewayConfig } from '@sallyport/contract/config'
import { ManualClock } from '@sallyport/kit/clock'
import { MasterKeys, Sealer } from '@sallyport/kit/crypto'
import { silentLog } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import { openStore } from '@sallyport/kit/store'
import { expect, onTestFinished, test } from 'vitest'
import { KeyControl } from './key-control.ts'

const HOUR_MS = 3_600_000
const BY = { by: 'local', requestId: '' }

async function open(limits: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const location = `sqlite:${join(folder, 'store.db')}`
  const clock = new ManualClock()
  const master = MasterKeys.parse([new Secret('ab'.repeat(32))])
  const store = await openStore({ location, keys: master, clock, log: silentLog })
  onTestFinished(() => store[Symbol.asyncDispose]())
  const config = { ...gatewayConfig.parse({ limits }), store: location }
  const control = new KeyControl({
    ...{ store, master, keyFile: undefined, clock, log: silentLog },
    config: () => config,
  })
  return { clock, store, control, master, sealer: new Sealer(store.ring.keys, 'mcp') }
}

test.each([
  ['a day and an hour by default', {}, 25],
  ['an hour more than the longest session', { session: { total: '3d' } }, 73],
  ['an hour more than answers are remembered', { idempotency: { keep: '7d' } }, 169],
])(
  'a key is kept for %s after it was retired [secrets/data/dropped]',
  async (_how, limits, hours) => {
    const { clock, control, sealer } = await open(limits)
    const held = sealer.seal(Buffer.from('session'), 'a')
    const { dataKey } = await control.rotate(BY)
    clock.advance(hours * HOUR_MS)
    expect((await control.rotate(BY)).dataKey).toMatchObject({ dropped: [], keys: 3 })
    expect(sealer.open(held, 'a')?.toString()).toBe('session')
    clock.advance(1)
    expect((await control.rotate(BY)).dataKey).toMatchObject({ dropped: [dataKey.former], keys: 3 })
    expect(sealer.open(held, 'a')).toBeUndefined()
  },
)

test('rotating without end is refused before keys pile up, and nothing is lost [secrets/data/dropped]', async () => {
  const { clock, control, sealer } = await open()
  const held = sealer.seal(Buffer.from('session'), 'a')
  for (let turn = 1; turn < 16; turn += 1) await control.rotate(BY)
  await expect(control.rotate(BY)).rejects.toMatchObject({ code: 'conflict' })
  expect(sealer.open(held, 'a')?.toString()).toBe('session')
  clock.advance(25 * HOUR_MS + 1)
  // Room is made by the next one.
  await expect(control.rotate(BY)).resolves.toMatchObject({ dataKey: { keys: 2 } })
})

test('a rotation that was stopped by the end of its process is finished by the next one', async () => {
  const { control, store, clock, master } = await open()
  await control[Symbol.asyncDispose]()
  await expect(control.rotate(BY)).rejects.toMatchObject({ code: 'shutting_down' })
  const config = { ...gatewayConfig.parse({}), store: 'sqlite:/x' }
  const deps = { store, master, keyFile: undefined, clock, log: silentLog, config: () => config }
  const cut = new KeyControl({ ...deps, store: { ...store, kind: 'postgres' }, learnMs: 60_000 })
  const rotating = cut.rotate(BY)
  await expect.poll(() => store.ring.keys.content.keys.length).toBe(2)
  await cut[Symbol.asyncDispose]()
  await expect(rotating).rejects.toMatchObject({ code: expect.anything() })
  const [, left] = store.ring.keys.content.keys
  const { dataKey } = await new KeyControl(deps).rotate(BY)
  expect(dataKey).toMatchObject({ id: left?.id, keys: 2 })
})
