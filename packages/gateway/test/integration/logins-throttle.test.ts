import { ManualClock } from '@sallyport/kit/clock'
import { Passwords } from '@sallyport/kit/users'
import { expect, test } from 'vitest'
import {
  type Answered,
  CHEAP,
  codeOf,
  cookieOf,
  openFolderStore,
  openPeople,
  pageHeaders,
  type PeopleOptions,
  PASSWORD,
} from './people-fixture.ts'

const MINUTE_MS = 60_000

async function openOne(options: PeopleOptions = {}) {
  await using opening = new AsyncDisposableStack()
  const gateway = opening.use(await openPeople(await openFolderStore(opening), options))
  await gateway.create('alice')
  const resources = opening.move()
  return { ...gateway, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

const outcome = (answer: Answered): string =>
  answer.status < 300 ? `${answer.status}` : `${answer.status} ${codeOf(answer)}`

test.each(['alice', 'nobody'])(
  'guessing the password of %s is held longer and longer, up to a quarter of an hour [users/throttle/name]',
  async (name) => {
    const clock = new ManualClock()
    await using gateway = await openOne({ clock })
    const guess = () => gateway.login(name, { password: 'wrong password' })
    for (let failure = 0; failure < 5; failure += 1) {
      expect(outcome(await guess())).toBe('401 login_failed')
    }
    const waits: number[] = []
    for (let round = 0; round < 12; round += 1) {
      const held = await guess()
      expect(outcome(held)).toBe('429 locked_out')
      const seconds = Number(held.headers['retry-after'])
      waits.push(seconds)
      clock.advance(seconds * 1_000)
      expect(outcome(await guess())).toBe('401 login_failed')
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])
  },
)

test('the right password of a disabled user is held as a wrong one, and a right one of others clears what was counted [users/throttle/name]', async () => {
  const clock = new ManualClock()
  await using gateway = await openOne({ clock })
  const bob = await gateway.create('bob')
  await gateway.store.users.change({ id: bob.id, version: undefined }, { disabledAtMs: 1 }, 1)
  for (let failure = 0; failure < 5; failure += 1) {
    expect(outcome(await gateway.login('bob'))).toBe('401 login_failed')
  }
  expect(outcome(await gateway.login('bob'))).toBe('429 locked_out')
  for (let round = 0; round < 3; round += 1) {
    for (let failure = 0; failure < 4; failure += 1) {
      const guess = await gateway.login('alice', { password: 'wrong password' })
      expect(outcome(guess)).toBe('401 login_failed')
    }
    expect(outcome(await gateway.login('alice'))).toBe('200')
  }
})

test('whoever is logged in goes on and may log in again while others guess its name; other names are free [users/throttle/own]', async () => {
  const clock = new ManualClock()
  await using gateway = await openOne({ clock })
  await gateway.create('bob')
  const own = await gateway.login('alice')
  for (let failure = 0; failure < 8; failure += 1) await gateway.login('alice', { password: 'x' })
  expect(outcome(await gateway.login('alice'))).toBe('429 locked_out')
  expect(outcome(await gateway.login('ALICE'))).toBe('429 locked_out')
  const headers = pageHeaders(own)
  expect(outcome(await gateway.ask('/api/v1/auth/me', { headers }))).toBe('200')
  const body = { current: PASSWORD, password: 'eight green foxes' }
  const changed = await gateway.ask('/api/v1/auth/password', { method: 'POST', headers, body })
  expect(outcome(changed)).toBe('200')
  const again = { cookie: cookieOf(changed) }
  const wish = { password: 'eight green foxes' }
  expect(outcome(await gateway.login('alice', wish, again))).toBe('200')
  expect(outcome(await gateway.login('bob', {}, again))).toBe('200')
})

test('one address that fails often is held for every name, before a password is looked at [users/throttle/address]', async () => {
  const clock = new ManualClock()
  await using gateway = await openOne({ clock, lockoutFailures: 6 })
  const cookie = cookieOf(await gateway.login('alice'))
  for (let failure = 0; failure < 6; failure += 1) {
    expect(outcome(await gateway.login(`name${failure}`))).toBe('401 login_failed')
  }
  expect(outcome(await gateway.login('alice'))).toBe('429 locked_out')
  expect(outcome(await gateway.ask('/api/v1/auth/me', { headers: { cookie } }))).toBe('200')
  clock.advance(MINUTE_MS + 1)
  expect(outcome(await gateway.login('alice'))).toBe('200')
})

test('guessing the old password of a session is held, too [users/throttle/own]', async () => {
  const clock = new ManualClock()
  await using gateway = await openOne({ clock })
  const headers = pageHeaders(await gateway.login('alice'))
  const guess = (current: string) =>
    gateway
      .ask('/api/v1/auth/password', { method: 'POST', headers, body: { current, password: 'x' } })
      .then(outcome)
  for (let failure = 0; failure < 5; failure += 1)
    expect(await guess('no')).toBe('401 login_failed')
  expect(await guess(PASSWORD)).toBe('429 locked_out')
})

test('over 2,000 tries an unknown name takes as long as a known one [users/timing]', async () => {
  const passwords = new Passwords({ log2n: 8, r: 8, p: 1 })
  const signal = AbortSignal.timeout(60_000)
  const known = await passwords.hash(PASSWORD, signal)
  const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] }
  // In turns, so that what else the machine does meets both alike.
  for (let attempt = 0; attempt < 2_000; attempt += 1) {
    for (const kind of attempt % 2 === 0
      ? (['known', 'unknown'] as const)
      : (['unknown', 'known'] as const)) {
      const from = performance.now()
      await passwords.verify('not the password', kind === 'known' ? known : undefined, signal)
      times[kind].push(performance.now() - from)
    }
  }
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length / 2] ?? 0
  const [a, b] = [median(times.known), median(times.unknown)]
  expect(Math.abs(a - b) / Math.max(a, b)).toBeLessThan(0.1)
})

test('a right password that was hashed at another cost is hashed anew at login [users/password/upgrade]', async () => {
  await using gateway = await openOne()
  const alice = await gateway.store.users.find('alice')
  const old = await new Passwords({ log2n: 1, r: 1, p: 1 }).hash(
    PASSWORD,
    AbortSignal.timeout(9_000),
  )
  const basis = { id: alice?.id ?? '', version: undefined }
  const before = await gateway.store.users.change(basis, { password: old }, 1)
  expect(outcome(await gateway.login('alice', { password: 'wrong password' }))).toBe(
    '401 login_failed',
  )
  expect((await gateway.store.users.find('alice'))?.password).toBe(old)
  expect(outcome(await gateway.login('alice'))).toBe('200')
  const after = await gateway.store.users.find('alice')
  const { log2n, r, p } = CHEAP
  expect(after?.password).toMatch(new RegExp(`^scrypt\\$${log2n}\\$${r}\\$${p}\\$`))
  expect(after?.version).toBe(before.version)
  expect(outcome(await gateway.login('alice'))).toBe('200')
})
