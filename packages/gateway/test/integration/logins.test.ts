import { expect, test } from 'vitest'
import {
  bearerOf,
  codeOf,
  cookieOf,
  openFolderStore,
  openPeople,
  pageHeaders,
  type PeopleOptions,
  PASSWORD,
} from './people-fixture.ts'

async function openOne(options: PeopleOptions = {}) {
  await using opening = new AsyncDisposableStack()
  const gateway = opening.use(await openPeople(await openFolderStore(opening), options))
  const resources = opening.move()
  return { ...gateway, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

test('a person logs in with a cookie, is known, and is out after logging out [users/login/cookie]', async () => {
  await using gateway = await openOne()
  await gateway.create('alice')
  const login = await gateway.login('alice', { kind: 'cookie' })
  expect(login.status).toBe(200)
  expect(login.headers['set-cookie']).toEqual([
    expect.stringMatching(/^sallyport=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
  ])
  const headers = pageHeaders(login)
  const me = await gateway.ask('/api/v1/auth/me', { headers })
  expect(me.json).toMatchObject({
    caller: { kind: 'user', name: 'alice', roles: ['admin'] },
    login: { kind: 'cookie', current: true, address: '127.0.0.1' },
    mustChange: false,
    csrfToken: headers['x-csrf-token'],
  })
  const out = await gateway.ask('/api/v1/auth/logout', { method: 'POST', headers })
  expect(out.status).toBe(204)
  expect(out.headers['set-cookie']).toEqual([expect.stringContaining('Max-Age=0')])
  const after = await gateway.ask('/api/v1/auth/me', { headers })
  expect([after.status, codeOf(after)]).toEqual([401, 'credential_invalid'])
})

test('a program logs in with a token, which ends with its login at once [users/login/bearer]', async () => {
  await using gateway = await openOne()
  await gateway.create('alice')
  const login = await gateway.login('alice', { kind: 'bearer' })
  expect(login.headers['set-cookie']).toBeUndefined()
  const headers = bearerOf(login)
  expect((await gateway.ask('/api/v1/users', { headers })).status).toBe(200)
  const out = await gateway.ask('/api/v1/auth/logout', { method: 'POST', headers })
  expect(out.status).toBe(204)
  expect((await gateway.ask('/api/v1/users', { headers })).status).toBe(401)
})

test('unknown, disabled and wrong are answered alike [users/login/alike]', async () => {
  await using gateway = await openOne()
  const bob = await gateway.create('bob')
  await gateway.create('alice')
  await gateway.store.users.change({ id: bob.id, version: undefined }, { disabledAtMs: 1 }, 1)
  const answers = [
    await gateway.login('nobody'),
    await gateway.login('bob'),
    await gateway.login('alice', { password: 'not the password' }),
    await gateway.login('alice', { password: 'short' }),
    await gateway.login(bob.id),
  ]
  for (const answer of answers) {
    expect(answer.status).toBe(401)
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(answer.json).toEqual({
      error: {
        ...{ code: 'login_failed', message: 'the name or the password is wrong', retryable: false },
        requestId: answer.headers['x-request-id'],
      },
    })
  }
  const shapes = answers.map(({ headers }) => Object.keys(headers).sort().join())
  expect(new Set(shapes).size).toBe(1)
  expect(gateway.refused).toEqual(answers.map(() => 'login_failed'))
  expect(gateway.lines.join('')).not.toContain(PASSWORD)
})

test('logging in gives a new session and ends the one that the browser had [users/login/fixation]', async () => {
  await using gateway = await openOne()
  await gateway.create('alice')
  const chosen = `sallyport=${'A'.repeat(43)}`
  const first = await gateway.login('alice', {}, { cookie: chosen })
  expect(cookieOf(first)).not.toBe(chosen)
  expect((await gateway.ask('/api/v1/auth/me', { headers: { cookie: chosen } })).status).toBe(401)
  const second = await gateway.login('alice', {}, { cookie: cookieOf(first) })
  expect(cookieOf(second)).not.toBe(cookieOf(first))
  const me = (cookie: string) => gateway.ask('/api/v1/auth/me', { headers: { cookie } })
  expect((await me(cookieOf(first))).status).toBe(401)
  expect((await me(cookieOf(second))).status).toBe(200)
})
