import { ManualClock } from '@sallyport/kit/clock'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { expect, test, vi } from 'vitest'
import {
  bearerOf,
  cookieOf,
  openPeople,
  openStoreAt,
  pageHeaders,
  type PeopleOptions,
} from './people-fixture.ts'

const MINUTE_MS = 60_000

/** Two gateways on one PostgreSQL; they know of each other through it alone. */
async function openTwo(options: PeopleOptions = {}) {
  await using opening = new AsyncDisposableStack()
  const postgres = opening.use(await startPostgres({ fsync: 'off' }))
  const open = async () => openPeople(opening.use(await openStoreAt(postgres.url)), options)
  const one = opening.use(await open())
  const two = opening.use(await open())
  await one.create('alice')
  const resources = opening.move()
  return { one, two, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

const me = '/api/v1/auth/me'
const withinASecond = { timeout: 1_000, interval: 20 }

test.runIf(postgresAvailable())(
  'a login at one gateway is good at the other at once, and one that ends is over there within a second [users/shared]',
  async () => {
    await using both = await openTwo()
    const { one, two } = both
    const login = await one.login('alice')
    const headers = pageHeaders(login)
    expect((await two.ask(me, { headers })).status).toBe(200)
    const bearer = bearerOf(await two.login('alice', { kind: 'bearer' }))
    expect((await one.ask(me, { headers: bearer })).status).toBe(200)

    const out = await two.ask('/api/v1/auth/logout', { method: 'POST', headers })
    expect(out.status).toBe(204)
    await vi.waitFor(
      async () => expect((await one.ask(me, { headers })).status).toBe(401),
      withinASecond,
    )
    expect((await one.ask(me, { headers: bearer })).status).toBe(200)

    await two.create('bob')
    const alice = await two.store.users.find('alice')
    const basis = { id: alice?.id ?? '', version: undefined }
    await two.store.users.change(basis, { disabledAtMs: 1 }, 1)
    await vi.waitFor(
      async () => expect((await one.ask(me, { headers: bearer })).status).toBe(401),
      withinASecond,
    )
    expect((await one.login('alice')).status).toBe(401)
    expect(one.ended).toContain(`user:${alice?.id}`)
  },
)

test.runIf(postgresAvailable())(
  'names that a database would choke on are answered as those that nobody has [users/login/alike]',
  async () => {
    await using both = await openTwo()
    const { one } = both
    const headers = bearerOf(await one.login('alice', { kind: 'bearer' }))
    const names = [
      'a\u0000b',
      '\ud800',
      "alice'--",
      "' or '1'='1",
      'alice\u0000',
      '%',
      'ａlice\u0000',
    ]
    for (const name of names) {
      expect((await one.login(name)).json).toMatchObject({ error: { code: 'login_failed' } })
      const shown = await one.ask(`/api/v1/users/${encodeURIComponent(name.toWellFormed())}`, {
        headers,
      })
      expect(shown.json).toMatchObject({ error: { code: 'not_found' } })
    }
  },
)

test.runIf(postgresAvailable())(
  'a session ends after half an hour without use at any gateway, and after twelve hours however much it is used [users/idle]',
  async () => {
    const clock = new ManualClock()
    await using both = await openTwo({ clock })
    const { one, two } = both
    const headers = { cookie: cookieOf(await one.login('alice')) }
    const status = async (gateway: typeof one) => (await gateway.ask(me, { headers })).status
    await two.people.refresh()
    clock.advance(29 * MINUTE_MS)
    expect(await status(one)).toBe(200)
    await one.people.poll() // writes the use, as its timer does
    clock.advance(29 * MINUTE_MS)
    // 58 minutes after what it knows itself.
    expect(await status(two)).toBe(200)
    await two.people.poll()
    clock.advance(30 * MINUTE_MS)
    expect(await status(one)).toBe(401)

    const used = { cookie: cookieOf(await one.login('alice')) }
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      clock.advance(20 * MINUTE_MS)
      expect((await one.ask(me, { headers: used })).status).toBe(200)
      await one.people.poll() // as often as its timer would, in this time
    }
    clock.advance(20 * MINUTE_MS)
    expect((await one.ask(me, { headers: used })).status).toBe(401)
    await one.people.poll()
    expect(await one.store.logins.list()).toEqual([])
  },
)
