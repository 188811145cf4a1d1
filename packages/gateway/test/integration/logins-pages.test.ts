import { expect, test } from 'vitest'
import {
  type Answered,
  bearerOf,
  codeOf,
  cookieOf,
  openFolderStore,
  openPeople,
  pageHeaders,
  type PeopleOptions,
  PASSWORD,
  type TestPeople,
} from './people-fixture.ts'

async function openOne(options: PeopleOptions = {}) {
  await using opening = new AsyncDisposableStack()
  const gateway = opening.use(await openPeople(await openFolderStore(opening), options))
  await gateway.create('alice')
  const resources = opening.move()
  return { ...gateway, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

const outcome = (answer: Answered): string =>
  answer.status < 300 ? `${answer.status}` : `${answer.status} ${codeOf(answer)}`

const HTTPS = {
  pages: { admin: { host: '127.0.0.1' }, publicUrl: 'https://admin.example.com' },
} as const

function without(headers: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name))
}

/** Changes something, and says what came of it; the next one begins from the same. */
async function tryLogout(gateway: TestPeople, headers: Record<string, string>): Promise<string> {
  return outcome(await gateway.ask('/api/v1/auth/logout', { method: 'POST', headers }))
}

test.each<
  readonly [string, (own: Record<string, string>, host: string) => Record<string, string>, string]
>([
  ['everything', (own) => own, '204'],
  ['no Sec-Fetch-Site, as an older browser', (own) => without(own, 'sec-fetch-site'), '204'],
  ['its own Origin', (own, host) => ({ ...own, origin: `http://${host}` }), '204'],
  ['no token', (own) => without(own, 'x-csrf-token'), '403 csrf_failed'],
  ['an empty token', (own) => ({ ...own, 'x-csrf-token': '' }), '403 csrf_failed'],
  [
    'a token of its own making',
    (own) => ({ ...own, 'x-csrf-token': 'A'.repeat(43) }),
    '403 csrf_failed',
  ],
  [
    'a cut token',
    (own) => ({ ...own, 'x-csrf-token': own['x-csrf-token']!.slice(1) }),
    '403 csrf_failed',
  ],
  [
    'Sec-Fetch-Site of a sibling',
    (own) => ({ ...own, 'sec-fetch-site': 'same-site' }),
    '403 csrf_failed',
  ],
  [
    'Sec-Fetch-Site of a stranger',
    (own) => ({ ...own, 'sec-fetch-site': 'cross-site' }),
    '403 csrf_failed',
  ],
  [
    'Sec-Fetch-Site of a typed address',
    (own) => ({ ...own, 'sec-fetch-site': 'none' }),
    '403 csrf_failed',
  ],
  [
    'the Origin of a page that may read answers',
    (own) => ({ ...own, origin: 'https://pages.example.com' }),
    '403 csrf_failed',
  ],
  [
    'a foreign Origin',
    (own) => ({ ...own, origin: 'https://evil.example.net' }),
    '403 origin_not_allowed',
  ],
  ['the Origin null', (own) => ({ ...own, origin: 'null' }), '403 origin_not_allowed'],
  [
    'its own Origin on another port',
    (own) => ({ ...own, origin: 'http://127.0.0.1:1' }),
    '403 origin_not_allowed',
  ],
  [
    'a method override',
    (own) => ({ ...without(own, 'x-csrf-token'), 'x-http-method-override': 'GET' }),
    '403 csrf_failed',
  ],
])('a change by a cookie with %s [users/csrf]', async (_what, change, wanted) => {
  await using gateway = await openOne()
  const own = pageHeaders(await gateway.login('alice'))
  expect(await tryLogout(gateway, change(own, gateway.host))).toBe(wanted)
  const { cookie = '' } = own
  const left = await gateway.ask('/api/v1/auth/me', { headers: { cookie } })
  expect(left.status).toBe(wanted === '204' ? 401 : 200)
})

test('the token of another session changes nothing [users/csrf]', async () => {
  await using gateway = await openOne()
  await gateway.create('bob')
  const alice = pageHeaders(await gateway.login('alice'))
  const bob = pageHeaders(await gateway.login('bob'))
  const mixed = { ...alice, 'x-csrf-token': bob['x-csrf-token']! }
  expect(await tryLogout(gateway, mixed)).toBe('403 csrf_failed')
})

test.each([
  ['same-origin', 200],
  ['none', 200],
  ['same-site', 403],
  ['cross-site', 403],
])('reading by a cookie from a page that is %s is %i [users/csrf]', async (fetchSite, status) => {
  await using gateway = await openOne()
  const cookie = cookieOf(await gateway.login('alice'))
  const headers = { cookie, 'sec-fetch-site': fetchSite }
  expect((await gateway.ask('/api/v1/auth/me', { headers })).status).toBe(status)
})

test('a page of another site cannot log its visitor in as somebody else [users/csrf]', async () => {
  await using gateway = await openOne()
  const from = (headers: Record<string, string>) =>
    gateway.login('alice', {}, headers).then(outcome)
  expect(await from({ 'sec-fetch-site': 'cross-site' })).toBe('403 csrf_failed')
  expect(await from({ origin: 'https://pages.example.com' })).toBe('403 csrf_failed')
  expect(await from({ 'content-type': 'text/plain' })).toBe('415 media_type')
  expect(await from({ 'content-type': 'application/x-www-form-urlencoded' })).toBe('415 media_type')
  expect(await from({ 'sec-fetch-site': 'same-origin', origin: `http://${gateway.host}` })).toBe(
    '200',
  )
})

test('over https the cookie is kept for this host and https alone, and no other name is looked at [users/cookie/host]', async () => {
  await using gateway = await openOne(HTTPS)
  const login = await gateway.login('alice')
  expect(login.headers['set-cookie']).toEqual([
    expect.stringMatching(
      /^__Host-sallyport=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    ),
  ])
  const host = 'admin.example.com'
  const me = (headers: Record<string, string>) =>
    gateway.ask('/api/v1/auth/me', { headers: { host, ...headers } }).then(outcome)
  const cookie = cookieOf(login)
  expect(await me({ cookie })).toBe('200')
  expect(await me({ cookie: cookie.replace('__Host-', '') })).toBe('401 credential_missing')
  expect(await me({ cookie, origin: `https://${host}` })).toBe('200')
  expect(await me({ cookie, origin: `http://${host}` })).toBe('403 origin_not_allowed')
})

test.each<readonly [string, (cookie: string) => string | readonly string[], string]>([
  ['among others', (cookie) => `a=1; ${cookie}; b=2`, '200'],
  ['twice', (cookie) => `${cookie}; ${cookie}`, '401 credential_invalid'],
  ['beside another of its name', (cookie) => `${cookie}; sallyport=x`, '401 credential_invalid'],
  ['in two headers', (cookie) => [cookie, cookie], '401 credential_invalid'],
  [
    'behind 9 KiB of others',
    (cookie) => `a=${'x'.repeat(9_000)}; ${cookie}`,
    '401 credential_invalid',
  ],
  [
    'behind two headers of 5 KiB',
    (cookie) => [`a=${'x'.repeat(5_000)}`, `b=${'x'.repeat(5_000)}; ${cookie}`],
    '401 credential_invalid',
  ],
  ['empty', () => 'sallyport=', '401 credential_invalid'],
  ['cut', (cookie) => cookie.slice(0, -1), '401 credential_invalid'],
  ['longer', (cookie) => `${cookie}A`, '401 credential_invalid'],
  ['quoted', (cookie) => cookie.replace(/=(.*)/, '="$1"'), '401 credential_invalid'],
  [
    'with another last character',
    (cookie) => `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`,
    '401 credential_invalid',
  ],
  ['as SQL', () => "sallyport=' or 1=1 --", '401 credential_invalid'],
  ['in capitals', (cookie) => cookie.toUpperCase(), '401 credential_missing'],
])('a session cookie %s [users/cookie/form]', async (_what, change, wanted) => {
  await using gateway = await openOne()
  const cookie = cookieOf(await gateway.login('alice'))
  const headers = { cookie: change(cookie) }
  expect(outcome(await gateway.ask('/api/v1/auth/me', { headers }))).toBe(wanted)
})

test('with a key or token beside it a cookie is not looked at [users/cookie/alone]', async () => {
  await using gateway = await openOne()
  await gateway.create('bob', ['auditor'])
  const cookie = cookieOf(await gateway.login('alice'))
  const bearer = bearerOf(await gateway.login('bob', { kind: 'bearer' }))
  const me = await gateway.ask('/api/v1/auth/me', { headers: { cookie, ...bearer } })
  expect(me.json).toMatchObject({ caller: { name: 'bob' }, login: { kind: 'bearer' } })
  const wrong = { cookie, authorization: 'Bearer wrong' }
  expect(outcome(await gateway.ask('/api/v1/auth/me', { headers: wrong }))).toBe(
    '401 credential_invalid',
  )
})

test('a change of the own password ends all logins, gives a new one, and asks for the old password [users/password]', async () => {
  await using gateway = await openOne()
  const other = cookieOf(await gateway.login('alice'))
  const own = pageHeaders(await gateway.login('alice'))
  const change = (body: object, headers = own) =>
    gateway.ask('/api/v1/auth/password', { method: 'POST', headers, body })
  const next = 'eight green foxes'
  const wrong = await change({ current: 'wrong', password: next })
  expect(outcome(wrong)).toBe('401 login_failed')
  for (const weak of [
    'short',
    PASSWORD,
    'alice in the wood',
    'password1234',
    'a'.repeat(12),
    'x'.repeat(1_025),
  ]) {
    expect(outcome(await change({ current: PASSWORD, password: weak }))).toBe('400 request_invalid')
  }
  const made = await change({ current: PASSWORD, password: next })
  expect(made.status).toBe(200)
  expect(cookieOf(made)).not.toBe(own['cookie'])
  const me = (cookie: string) => gateway.ask('/api/v1/auth/me', { headers: { cookie } })
  expect((await me(other)).status).toBe(401)
  expect((await me(own['cookie'] ?? '')).status).toBe(401)
  expect((await me(cookieOf(made))).status).toBe(200)
  expect((await gateway.login('alice')).status).toBe(401)
  expect((await gateway.login('alice', { password: next })).status).toBe(200)
  const bearer = bearerOf(await gateway.login('alice', { password: next, kind: 'bearer' }))
  const token = await change({ current: next, password: PASSWORD }, bearer as never)
  expect(token.json).toMatchObject({ token: expect.any(String) })
})
