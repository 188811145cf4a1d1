import { KeyRing, Sealer } from '@sallyport/kit/crypto'
import { silentLog } from '@sallyport/kit/log'
import type { ErasedRows, KeyRecord, SubjectRecord, UserRecord } from '@sallyport/kit/store'
import { expect, test } from 'vitest'
import { Erasure } from './erasure.ts'

const RING = KeyRing.create(0)
const sealer = new Sealer(RING, 'subjects')

function key(id: string, name: string, tenant: string | null = null): KeyRecord {
  return { id, name, tenant } as KeyRecord // what is read of it
}

function subject(id: string, name: string): SubjectRecord {
  const sealed = Buffer.from(sealer.seal(Buffer.from(name), id))
  return { id, issuer: 'i', subject: sealed, firstSeenAtMs: 0, lastSeenAtMs: 0 }
}

function setUp({ keys = [], users = [], subjects = [], installers = [] }: Partial<World> = {}) {
  const steps: string[] = []
  const rows: readonly ErasedRows[] = [{ table: 'keys', action: 'removed', rows: 1 }]
  const erasure = new Erasure({
    store: {
      keys: { list: async () => keys },
      users: {
        find: async (text: string) => users.find(({ id, name }) => [id, name].includes(text)),
      },
      subjects: {
        get: async (id: string) => subjects.find((one) => one.id === id),
        list: async (after: string, max: number) =>
          subjects.filter(({ id }) => id > after).slice(0, max),
      },
      erasure: {
        installers: async (person: string) => installers.filter((id) => id.endsWith(`:${person}`)),
        plan: async () => (steps.push('plan'), rows),
        erase: async (ids: readonly string[]) => (steps.push(`erase ${ids.join(' ')}`), rows),
      },
    } as unknown as ConstructorParameters<typeof Erasure>[0]['store'], // what it calls
    keys: RING,
    log: silentLog,
    flush: async () => void steps.push('flush'),
    onErased: async (ids) => void steps.push(`end ${ids.join(' ')}`),
  })
  const find = async (text: string) => {
    const wish = { subject: text, plan: true, by: 'local', requestId: '' }
    return (await erasure.erase(wish)).principals.map(({ id, name }) => `${id}=${name ?? ''}`)
  }
  return { erasure, steps, find }
}

interface World {
  readonly keys: readonly KeyRecord[]
  readonly users: readonly UserRecord[]
  readonly subjects: readonly SubjectRecord[]
  readonly installers: readonly string[]
}

test('a name finds its keys of one tenant, one after the other, and an id finds one', async () => {
  const { find } = setUp({ keys: [key('a', 'laptop'), key('b', 'laptop'), key('c', 'laptop-2')] })
  expect(await find('laptop')).toEqual(['key:a=laptop', 'key:b=laptop'])
  expect(await find('b')).toEqual(['key:b=laptop'])
  expect(await find('key:c')).toEqual(['key:c=laptop-2'])
})

test('a name of several tenants or kinds is refused, and the refusal says their ids', async () => {
  const { find } = setUp({ keys: [key('a', 'x', 'acme'), key('b', 'x')] })
  await expect(find('x')).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('key:a, key:b'),
  })
})

test('the subject of an identity provider is found by what the provider calls it, over pages, and by id', async () => {
  const many = Array.from({ length: 1_100 }, (_one, at) =>
    subject(`subject:i:${String(at).padStart(5, '0')}`, `user-${at}`),
  )
  const { find } = setUp({ subjects: many })
  expect(await find('user-1099')).toEqual(['subject:i:01099=user-1099'])
  expect(await find('subject:i:00003')).toEqual(['subject:i:00003=user-3'])
  await expect(find('user-1100')).rejects.toMatchObject({ code: 'not_found' })
})

test('what was counted while sessions end goes too, and a plan ends nothing [secrets/erase/live]', async () => {
  const { erasure, steps } = setUp({ keys: [key('a', 'x')] })
  const wish = { subject: 'x', by: 'local', requestId: '' }
  await erasure.erase({ ...wish, plan: true })
  expect(steps.splice(0)).toEqual(['flush', 'plan'])
  await erasure.erase({ ...wish, plan: false })
  expect(steps).toEqual(['flush', 'plan', 'erase key:a', 'end key:a', 'flush', 'erase key:a'])
})

test('the id of who installed an app finds them, by itself and as a principal', async () => {
  const { find } = setUp({ installers: ['installer:slack:U1', 'installer:slack:U2'] })
  expect(await find('U1')).toEqual(['installer:slack:U1=U1'])
  expect(await find('installer:slack:U2')).toEqual(['installer:slack:U2=U2'])
  await expect(find('U3')).rejects.toMatchObject({ code: 'not_found' })
})
