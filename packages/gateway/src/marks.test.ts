import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { silentLog } from '@sallyport/kit/log'
import type { MarkRecord, MarkStore } from '@sallyport/kit/store'
import { expect, test } from 'vitest'
import { Marks } from './marks.ts'

const ORDER = { by: 'local', reason: 'disk full' }

function fixture(options: { servers?: string[]; held?: MarkRecord[] } = {}) {
  const servers = options.servers ?? ['files']
  const held = new Map((options.held ?? []).map((record) => [keyOf(record), record]))
  const events: string[] = []
  const store: MarkStore = {
    list: async () => [...held.values()],
    set: async (record) => {
      events.push(`store ${record.kind} ${record.server}`)
      held.set(keyOf(record), record)
    },
    clear: async (server, kind) => {
      events.push(`store no ${kind} ${server}`)
      return held.delete(`${kind} ${server}`)
    },
  }
  const fleet = {
    control: {
      mark: (server: string, kind: string, mark: { reason: string } | undefined) => {
        events.push(`fleet ${kind} ${server} ${mark?.reason ?? 'none'}`)
      },
    },
    status: () => servers.map((name) => ({ name })),
  }
  const deps = { store, fleet, clock: new ManualClock(5), log: silentLog }
  return { store, servers, events, open: () => Marks.open(deps) }
}

function keyOf({ server, kind }: Pick<MarkRecord, 'server' | 'kind'>): string {
  return `${kind} ${server}`
}

function record(server: string, kind: MarkRecord['kind']): MarkRecord {
  return { server, kind, reason: 'old', by: 'local', atMs: 1 }
}

test('puts what the store holds on the servers that are there, at the start [operate/marks/kept]', async () => {
  const held = [record('files', 'blocked'), record('gone', 'blocked'), record('', 'draining')]
  const { events, open } = fixture({ held })
  const marks = await open()
  expect(events).toEqual(['fleet blocked files old'])
  expect(marks.draining).toEqual({ kind: 'draining', reason: 'old' })
  expect(marks.of('gone')).toMatchObject({ kind: 'blocked' })
})

test('puts a mark on a server that a reload brings back', async () => {
  const { events, servers, open } = fixture({ held: [record('gone', 'draining')] })
  const marks = await open()
  expect(events).toEqual([])
  servers.push('gone')
  marks.apply()
  expect(events).toEqual(['fleet draining gone old'])
})

test('writes the store first, and a mark that is not kept has no effect', async () => {
  const { store, events, open } = fixture()
  const marks = await open()
  await marks.markServer('files', 'blocked', ORDER)
  expect(events).toEqual(['store blocked files', 'fleet blocked files disk full'])
  expect(marks.of('files')).toEqual({ server: 'files', kind: 'blocked', atMs: 5, ...ORDER })

  store.set = () => Promise.reject(new AppError('store_unwritable', 'the disk is full'))
  store.clear = () => Promise.reject(new AppError('store_unwritable', 'the disk is full'))
  events.length = 0
  await expect(marks.drain(ORDER)).rejects.toMatchObject({ code: 'store_unwritable' })
  await expect(marks.unmarkServer('files', 'blocked')).rejects.toMatchObject({
    code: 'store_unwritable',
  })
  expect(marks.draining).toBeUndefined()
  expect(marks.of('files')).toBeDefined()
  expect(events).toEqual([])
})

test('a server may be blocked and draining; being blocked is shown until it is taken away', async () => {
  const { events, open } = fixture()
  const marks = await open()
  await marks.markServer('files', 'blocked', ORDER)
  await marks.markServer('files', 'draining', { by: 'key:a', reason: '' })
  expect(marks.of('files')?.kind).toBe('blocked')
  await expect(marks.unmarkServer('files', 'blocked')).resolves.toBe(true)
  expect(marks.of('files')?.kind).toBe('draining')
  expect(events.at(-1)).toBe('fleet blocked files none')
  await expect(marks.unmarkServer('files', 'blocked')).resolves.toBe(false)
})

test('takes a mark away from a server that is no longer configured', async () => {
  const { events, open } = fixture({ held: [record('gone', 'blocked')] })
  const marks = await open()
  await expect(marks.unmarkServer('gone', 'blocked')).resolves.toBe(true)
  expect(events).toEqual(['store no blocked gone'])
  expect(marks.list()).toEqual([])
})

test('the whole gateway drains until that is taken away', async () => {
  const { open } = fixture()
  const marks = await open()
  await marks.drain(ORDER)
  expect(marks.draining).toEqual({ kind: 'draining', reason: 'disk full' })
  await expect(marks.undrain()).resolves.toBe(true)
  expect(marks.draining).toBeUndefined()
  await expect(marks.undrain()).resolves.toBe(false)
})

test('two changes happen in the order they were asked for, however slow the store is', async () => {
  const { store, open } = fixture()
  const marks = await open()
  const slow = Promise.withResolvers<void>()
  const { set } = store
  store.set = async (given) => {
    await slow.promise
    await set(given)
  }
  const blocked = marks.markServer('files', 'blocked', ORDER)
  const unblocked = marks.unmarkServer('files', 'blocked')
  slow.resolve()
  await Promise.all([blocked, unblocked])
  expect(marks.of('files')).toBeUndefined()
})

test('refuses more changes than it can keep waiting', async () => {
  const { store, open } = fixture()
  const marks = await open()
  const stuck = Promise.withResolvers<void>()
  store.set = () => stuck.promise
  const waiting = Array.from({ length: 100 }, () => marks.drain(ORDER))
  await expect(marks.drain(ORDER)).rejects.toMatchObject({ code: 'overloaded' })
  stuck.resolve()
  await Promise.all(waiting)
  await marks.drain(ORDER)
})
