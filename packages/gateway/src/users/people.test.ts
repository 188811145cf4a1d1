import { ManualClock } from '@sallyport/kit/clock'
import { builtInGrants } from '@sallyport/kit/door'
import type { Log } from '@sallyport/kit/log'
import type { LoginRecord, UserRecord } from '@sallyport/kit/store'
import { expect, test } from 'vitest'
import { People } from './people.ts'

const USER: UserRecord = {
  ...{ id: 'u_alice', name: 'alice', roles: ['caller'], tenant: null, password: '' },
  ...{ mustChange: false, disabledAtMs: null, lastLoginAtMs: null },
  ...{ createdAtMs: 0, changedAtMs: 0, version: 1 },
}

/** A store that counts what is asked of it and can be cut off. */
function fakeStore(clock: ManualClock) {
  const state = {
    users: [USER],
    logins: [] as LoginRecord[],
    counts: new Map([['users', 1]]),
    broken: false,
    reads: 0,
    seen: [] as [string, number][],
    onList: () => undefined as void,
  }
  const ask =
    <T>(value: () => T) =>
    async (): Promise<T> => {
      if (state.broken) throw new Error('the store is away')
      return value()
    }
  const login = (id: string): LoginRecord => ({
    ...{ id, secretHash: `hash-${id}`, userId: USER.id, kind: 'cookie', address: '', agent: '' },
    ...{ createdAtMs: 0, seenAtMs: clock.nowMs(), expiresAtMs: clock.nowMs() + 86_400_000 },
  })
  return {
    state,
    login,
    begin: (id: string) => {
      state.logins = [...state.logins, login(id)]
      state.counts.set('logins', (state.counts.get('logins') ?? 0) + 1)
    },
    end: (id: string) => {
      state.logins = state.logins.filter((known) => known.id !== id)
      state.counts.set('logins', (state.counts.get('logins') ?? 0) + 1)
    },
    changes: { read: ask(() => new Map(state.counts)) },
    users: { list: ask(() => state.users) },
    logins: {
      list: ask(() => {
        state.reads += 1
        const { logins } = state
        state.onList()
        return logins
      }),
      find: async (id: string) => state.logins.find((known) => known.id === id),
      seen: async (uses: ReadonlyMap<string, number>) => {
        if (state.broken) throw new Error('the store is away')
        state.seen.push(...uses)
      },
      prune: ask(() => 0),
    },
  }
}

async function openPeople() {
  const clock = new ManualClock()
  const store = fakeStore(clock)
  const [ended, warned]: [string[], string[]] = [[], []]
  const note = (_fields: object, message: string): void => void warned.push(message)
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log }
  const { users, logins, changes } = store
  const people = await People.start({
    ...{ users, logins, changes, clock, log, grants: builtInGrants() },
    idleMs: () => 30 * 60_000,
    onEnded: (id) => ended.push(id),
    pollEveryMs: 3_600_000,
  })
  return { people, store, clock, ended, warned }
}

test('what was not changed is not read again', async () => {
  const { people, store } = await openPeople()
  await using _ = people
  store.begin('a')
  await people.poll()
  await people.poll()
  expect(store.state.reads).toBe(2)
  expect(people.bySecret('hash-a')?.id).toBe('a')
})

test('what is changed while it is read is read again, and all who ask meanwhile share one reading', async () => {
  const { people, store } = await openPeople()
  await using _ = people
  store.begin('a')
  store.state.onList = () => {
    store.state.onList = () => undefined
    store.begin('late')
  }
  const first = people.refresh()
  const later = [people.refresh(), people.refresh(), people.lookUpSecret('hash-late')]
  await first
  const found = await Promise.all(later)
  expect(found[2]).toMatchObject({ id: 'late' })
  expect(store.state.reads).toBe(3)
})

test('while the store is away whoever is in stays in, nobody new is let in, and that is told once', async () => {
  const { people, store, warned, clock } = await openPeople()
  await using _ = people
  store.begin('a')
  await people.refresh()
  store.state.broken = true
  await people.poll()
  await people.poll()
  expect(warned).toEqual(['users could not be read'])
  expect(people.bySecret('hash-a')).toBeDefined()
  await expect(people.lookUpSecret('hash-b')).rejects.toThrow('away')
  clock.advance(30 * 60_000)
  expect(people.bySecret('hash-a')).toBeUndefined()
  store.state.broken = false
  store.begin('b')
  await people.poll()
  expect(people.bySecret('hash-b')).toBeDefined()
})

test('the end of a login is told, and nothing of those that stay', async () => {
  const { people, store, ended } = await openPeople()
  await using _ = people
  store.begin('a')
  store.begin('b')
  await people.refresh()
  store.end('a')
  await people.refresh()
  expect(ended).toEqual(['user:u_alice'])
  expect(people.bySecret('hash-a')).toBeUndefined()
  expect(people.bySecret('hash-b')).toBeDefined()
})

test('a use is written once a minute and when it stops', async () => {
  const { people, store, clock } = await openPeople()
  store.begin('a')
  await people.refresh()
  const startMs = clock.nowMs()
  const use = (): void => {
    const login = people.bySecret('hash-a')
    expect(login && people.admit(login)?.id).toBe('user:u_alice')
  }
  for (let second = 0; second < 90; second += 1) {
    clock.advance(1_000)
    use()
    await people.poll()
  }
  expect(store.state.seen).toEqual([['a', startMs + 60_000]])
  await people[Symbol.asyncDispose]()
  await people[Symbol.asyncDispose]()
  expect(store.state.seen.slice(1)).toEqual([['a', startMs + 90_000]])
})

test('a user who is disabled is not admitted, whatever logins are left', async () => {
  const { people, store } = await openPeople()
  await using _ = people
  store.begin('a')
  store.state.users = [{ ...USER, disabledAtMs: 1 }]
  store.state.counts.set('users', 2)
  await people.refresh()
  const login = people.bySecret('hash-a')
  expect(login && people.admit(login)).toBeUndefined()
})

test('a login that comes to its end by the clock is told of once', async () => {
  const { people, store, clock, ended } = await openPeople()
  await using _ = people
  store.begin('a')
  await people.poll()
  expect(ended).toEqual([])
  clock.advance(30 * 60_000)
  await people.poll()
  await people.poll()
  expect(ended).toEqual(['user:u_alice'])
})
