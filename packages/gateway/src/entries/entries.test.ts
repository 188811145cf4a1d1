import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@sallyport/kit/clock'
import { MasterKeys, Sealer } from '@sallyport/kit/crypto'
import { silentLog } from '@sallyport/kit/log'
import { ADMINISTRATOR } from '@sallyport/kit/principal'
import { Secret } from '@sallyport/kit/secret'
import { openStore, type Store } from '@sallyport/kit/store'
import { expect, onTestFinished, test } from 'vitest'
import type { Amending } from '../reload/reloader.ts'
import { Entries } from './entries.ts'

const principal = { ...ADMINISTRATOR, id: 'local', kind: 'local', name: 'local' } as const
const wish = { kind: 'server', name: 'a', by: { principal, requestId: 'r' } } as const
const value = { url: 'https://example.com/mcp' }

async function open(): Promise<{ entries: Entries; store: Store; world: { fails: boolean } }> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const keys = MasterKeys.parse([new Secret('ab'.repeat(32))])
  const common = { keys, clock: systemClock, log: silentLog }
  const store = await openStore({ location: `sqlite:${join(folder, 'a.db')}`, ...common })
  onTestFinished(() => store[Symbol.asyncDispose]())
  const sealer = new Sealer(store.ring.keys, 'entries')
  const entries = await Entries.open({ ...common, store: store.entries, sealer })
  onTestFinished(() => entries[Symbol.dispose]())
  const world = { fails: false }
  const amending = {
    merge: () => ({ leftOut: [] }),
    enforce: () => {
      if (world.fails) throw new Error('cannot be put in force')
    },
  } as unknown as Amending // nothing else of it is asked for
  entries.begin({ amend: (change) => change(amending) })
  return { entries, store, world }
}

test('what cannot be put in force is not kept: an addition, a change, a removal [entries/whole]', async () => {
  const { entries, store, world } = await open()
  world.fails = true
  await expect(entries.add(wish, value)).rejects.toThrow('cannot be put in force')
  expect((await store.entries.read()).entries).toEqual([])
  world.fails = false
  const { version } = await entries.add(wish, value)
  world.fails = true
  await expect(entries.replace(wish, version, { ...value, owner: 'me' })).rejects.toThrow()
  world.fails = false
  const kept = entries.find('server', 'a')
  expect(kept?.entry.value).toEqual(value)
  world.fails = true
  await expect(entries.remove(wish, kept?.entry.version ?? 0)).rejects.toThrow()
  expect((await store.entries.read()).entries).toHaveLength(1)
})

test('what others changed and could not be put in force is tried again with the next look', async () => {
  const { entries, store, world } = await open()
  const { version } = await entries.add(wish, value)
  await store.entries.remove(wish, version)
  world.fails = true
  await entries.poll()
  await entries.poll()
  const asked: unknown[] = []
  entries.begin({
    amend: (change) =>
      change({
        merge: () => ({ leftOut: [] }),
        enforce: () => void asked.push(entries.list()),
      } as never),
  })
  await entries.poll()
  expect(asked).toEqual([[]])
  await entries.poll()
  expect(asked).toHaveLength(1)
})

test('the store holds nothing of a definition in clear', async () => {
  const { entries, store } = await open()
  await entries.add(wish, { ...value, headers: { 'X-Key': 'a-secret-value' } })
  const [{ body } = { body: Buffer.alloc(0) }] = (await store.entries.read()).entries
  expect(body.length).toBeGreaterThan(0)
  expect(body.toString()).not.toMatch(/secret|example/)
})
