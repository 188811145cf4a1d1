import type { OutgoingHttpHeaders } from 'node:http'
import { createHmac, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attacked, codeOf } from '../fixtures/attack.ts'
import {
  type Browser,
  login,
  makePerson,
  openBrowser,
  openProgram,
  PASSWORD,
} from '../fixtures/attack-person.ts'
import { type Answer, send } from '../fixtures/send.ts'
import { callTool } from '../fixtures/wire.ts'

let attacked: Attacked
let alice: Browser
let mallory: Browser
beforeAll(async () => {
  attacked = await Attacked.start()
  await makePerson(attacked, 'alice')
  await makePerson(attacked, 'mallory', { roles: ['viewer'] })
  alice = await openBrowser(attacked, 'alice')
  mallory = await openBrowser(attacked, 'mallory')
})
afterAll(() => attacked[Symbol.asyncDispose]())

const EVIL = 'https://evil.example.com'

function ask(
  method: string,
  path: string,
  headers: OutgoingHttpHeaders,
  body?: unknown,
): Promise<Answer> {
  return send(`${attacked.gateway.admin}${path}`, { method, headers, body })
}

/** Whether a key of that name was made, by whatever means. */
async function hasKey(name: string): Promise<boolean> {
  const { text } = await attacked.api('root', 'GET', '/api/v1/keys')
  return text.includes(`"${name}"`)
}

let tries = 0
/** Tries to make a key with alice's cookie. */
async function makeKey(
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<[status: number, code: string | undefined, made: boolean]> {
  tries += 1
  const name = `csrf-${tries}`
  const text = body ?? JSON.stringify({ name })
  const answer = await ask(
    'POST',
    '/api/v1/keys',
    { 'content-type': 'application/json', cookie: alice.cookie, ...headers },
    text,
  )
  return [answer.status, codeOf(answer), await hasKey(name)]
}

test('a page of this gateway makes a key: what follows fails for its own reason', async () => {
  const headers = {
    'x-csrf-token': alice.csrfToken,
    'sec-fetch-site': 'same-origin',
    origin: attacked.gateway.admin,
  }
  expect(await makeKey(headers)).toEqual([201, undefined, true])
})

const FOREIGN: readonly (readonly [name: string, headers: () => OutgoingHttpHeaders])[] = [
  ['no token', () => ({})],
  ['an empty token', () => ({ 'x-csrf-token': '' })],
  ['the token of another session', () => ({ 'x-csrf-token': mallory.csrfToken })],
  ['a token that is cut', () => ({ 'x-csrf-token': alice.csrfToken.slice(0, -1) })],
  ['a token and more', () => ({ 'x-csrf-token': `${alice.csrfToken}, x` })],
  ['two tokens', () => ({ 'x-csrf-token': [alice.csrfToken, alice.csrfToken] })],
  ['the session itself as token', () => ({ 'x-csrf-token': alice.cookie.split('=')[1] })],
  ['the token as a cookie', () => ({ cookie: `${alice.cookie}; x-csrf-token=${alice.csrfToken}` })],
  [
    'the token of a known secret',
    () => ({
      'x-csrf-token': createHmac('sha256', '').update('sallyport/csrf/1').digest('base64url'),
    }),
  ],
  ['another origin', () => ({ 'x-csrf-token': alice.csrfToken, origin: EVIL })],
  ['the origin null', () => ({ 'x-csrf-token': alice.csrfToken, origin: 'null' })],
  [
    'an origin that begins like ours',
    () => ({
      'x-csrf-token': alice.csrfToken,
      origin: `${attacked.gateway.admin}.evil.example.com`,
    }),
  ],
  [
    'another port of this machine',
    () => ({ 'x-csrf-token': alice.csrfToken, origin: attacked.gateway.data }),
  ],
  [
    'the origin over another scheme',
    () => ({ 'x-csrf-token': alice.csrfToken, origin: 'file://' }),
  ],
  ['cross-site', () => ({ 'x-csrf-token': alice.csrfToken, 'sec-fetch-site': 'cross-site' })],
  ['same-site', () => ({ 'x-csrf-token': alice.csrfToken, 'sec-fetch-site': 'same-site' })],
  ['fetch site none', () => ({ 'x-csrf-token': alice.csrfToken, 'sec-fetch-site': 'none' })],
  [
    'an unknown fetch site',
    () => ({ 'x-csrf-token': alice.csrfToken, 'sec-fetch-site': 'SAME-ORIGIN, same-origin' }),
  ],
]

test.each(FOREIGN)(
  'a change with the cookie and %s is 403 and changes nothing [attacks/pages]',
  async (_name, make) => {
    const [status, code, made] = await makeKey(make())
    expect([status, ['csrf_failed', 'origin_not_allowed'].includes(code ?? ''), made]).toEqual([
      403,
      true,
      false,
    ])
  },
)

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain; application/json',
  'application/json, text/plain',
  '',
])('a form with the content type "%s" changes nothing [attacks/pages]', async (type) => {
  const [status, , made] = await makeKey({ 'content-type': type, 'sec-fetch-site': 'cross-site' })
  expect([status, made]).toEqual([403, false])
  // Nor does one of our own pages by such a body.
  const own = { 'content-type': type, 'x-csrf-token': alice.csrfToken }
  const [ownStatus, , ownMade] = await makeKey(own)
  expect([[400, 415].includes(ownStatus), ownMade]).toEqual([true, false])
})

test('a page of another site reads nothing either [attacks/pages]', async () => {
  for (const headers of [
    { origin: EVIL },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'null' },
  ]) {
    const answer = await ask('GET', '/api/v1/keys', { cookie: alice.cookie, ...headers })
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined])
  }
})

test('a page of another site logs its visitor neither in nor out [attacks/pages]', async () => {
  for (const headers of [
    { origin: EVIL },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    const answer = await login(attacked, { name: 'mallory', password: PASSWORD }, headers)
    expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined])
    expect(
      await ask('POST', '/api/v1/auth/logout', { cookie: alice.cookie, ...headers }),
    ).toMatchObject({ status: 403 })
  }
  expect(await ask('GET', '/api/v1/auth/me', { cookie: alice.cookie })).toMatchObject({
    status: 200,
  })
})

const TOSSED: readonly (readonly [name: string, cookie: () => OutgoingHttpHeaders])[] = [
  ['the own one after a planted one', () => ({ cookie: `${mallory.cookie}; ${alice.cookie}` })],
  ['the own one before a planted one', () => ({ cookie: `${alice.cookie}; ${mallory.cookie}` })],
  ['the same one twice', () => ({ cookie: `${alice.cookie}; ${alice.cookie}` })],
  ['two headers', () => ({ cookie: [alice.cookie, mallory.cookie] })],
  ['a quoted one', () => ({ cookie: alice.cookie.replace(/=(.*)/, '="$1"') })],
  ['one in capitals', () => ({ cookie: alice.cookie.toUpperCase() })],
  ['one with the prefix of https', () => ({ cookie: `__Host-${alice.cookie}` })],
  ['one in a name that ends alike', () => ({ cookie: `x${alice.cookie}` })],
  [
    'one of a made-up session',
    () => ({ cookie: `sallyport=${randomBytes(32).toString('base64url')}` }),
  ],
  ['the hash that the store keeps', () => ({ cookie: `sallyport=${'a'.repeat(64)}` })],
  ['the id of the login', () => ({ cookie: `sallyport=${alice.loginId}` })],
  ['SQL', () => ({ cookie: "sallyport=' OR 1=1 --" })],
  ['a session as bearer', () => ({ authorization: `Bearer ${alice.cookie.split('=')[1]}` })],
  ['a token of the file as session', () => ({ cookie: `sallyport=${attacked.token('root')}` })],
]

test.each(TOSSED)('a cookie that is %s is nobody [attacks/pages]', async (_name, make) => {
  const answer = await ask('GET', '/api/v1/auth/me', make())
  expect(answer.status).toBe(401)
  expect(answer.text).not.toMatch(/alice|mallory/)
})

test('a session that was planted before the login is not the one after it, and is over [attacks/pages]', async () => {
  // Of the attacker's own making, and one the attacker really has.
  const planted = `sallyport=${randomBytes(32).toString('base64url')}`
  const first = await openBrowser(attacked, 'alice', { cookie: planted })
  expect(first.cookie).not.toBe(planted)
  expect(await ask('GET', '/api/v1/auth/me', { cookie: planted })).toMatchObject({ status: 401 })
  const attacker = await openBrowser(attacked, 'mallory')
  const second = await openBrowser(attacked, 'alice', { cookie: attacker.cookie })
  expect(second.cookie).not.toBe(attacker.cookie)
  expect(await ask('GET', '/api/v1/auth/me', { cookie: attacker.cookie })).toMatchObject({
    status: 401,
  })
  const me = await ask('GET', '/api/v1/auth/me', { cookie: second.cookie })
  expect(me.json['caller']).toMatchObject({ name: 'alice' })
})

test('a session and a token are nothing on MCP, whatever their roles [attacks/pages]', async () => {
  const program = await openProgram(attacked, 'alice')
  const before = attacked.spy.seen.length
  const byToken = await callTool({ url: attacked.gateway.url, token: program }, 'spy__echo')
  const byCookie = await send(attacked.gateway.url, { headers: { cookie: alice.cookie }, body: {} })
  expect([byToken.status, byCookie.status, attacked.spy.seen.length - before]).toEqual([
    401, 401, 0,
  ])
})

/** Changes the person whose logins are to end, on its newest version. */
async function change(body: object): Promise<Answer> {
  const { json } = await attacked.api('root', 'GET', '/api/v1/users/victim')
  const headers = { 'if-match': `"${String(json['version'])}"` }
  return attacked.api('root', 'PATCH', '/api/v1/users/victim', { body, headers })
}

const own = (browser: Browser, path: string, body: object): Promise<Answer> => {
  const headers = { cookie: browser.cookie, 'x-csrf-token': browser.csrfToken }
  return ask('POST', path, { ...headers, 'content-type': 'application/json' }, body)
}

/** What ends a login, in this order, on one person who logs in anew each time. */
const ENDS: readonly (readonly [name: string, end: (browser: Browser) => Promise<Answer>])[] = [
  ['logout', (browser) => own(browser, '/api/v1/auth/logout', {})],
  [
    'being ended by an admin',
    ({ loginId }) => attacked.api('root', 'DELETE', `/api/v1/logins/${loginId}`),
  ],
  [
    'being disabled and enabled again',
    async () => {
      await change({ disabled: true })
      return change({ disabled: false })
    },
  ],
  ['other roles', () => change({ roles: ['viewer'] })],
  ['another tenant', () => change({ tenant: 'acme' })],
  [
    'a new password by an admin',
    () =>
      attacked.api('root', 'POST', '/api/v1/users/victim/password', {
        body: { password: PASSWORD, mustChange: false },
      }),
  ],
  [
    'a new password of its own',
    (browser) =>
      own(browser, '/api/v1/auth/password', {
        current: PASSWORD,
        password: 'nine green herons sleep',
      }),
  ],
]

test.each(ENDS)(
  'after %s the session, and what it knew, is worth nothing [attacks/pages]',
  async (name, end) => {
    if (name === 'logout') await makePerson(attacked, 'victim')
    const browser = await openBrowser(attacked, 'victim')
    const { cookie, csrfToken } = browser
    const me = () => ask('GET', '/api/v1/auth/me', { cookie, 'x-csrf-token': csrfToken })
    expect(await me()).toMatchObject({ status: 200 })
    expect((await end(browser)).status).toBeLessThan(300)
    expect(await me()).toMatchObject({ status: 401 })
    expect(await own(browser, '/api/v1/keys', { name: `late-${name}` })).toMatchObject({
      status: 401,
    })
  },
)

test('the token of a program ends with its login, and cannot be made longer or somebody else [attacks/pages]', async () => {
  const token = await openProgram(attacked, 'mallory')
  const [head = '', claims = '', signature = ''] = token.split('.')
  const edit = (text: string, changed: object): string =>
    Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(text, 'base64url').toString()), ...changed }),
    ).toString('base64url')
  const me = (bearer: string) =>
    ask('GET', '/api/v1/auth/me', { authorization: `Bearer ${bearer}` })
  expect(await me(token)).toMatchObject({ status: 200 })
  const { json } = await attacked.api('root', 'GET', '/api/v1/users/alice')
  for (const forged of [
    `${head}.${edit(claims, { sub: json['id'] })}.${signature}`,
    `${head}.${edit(claims, { exp: 9_999_999_999 })}.${signature}`,
    `${edit(head, { alg: 'none' })}.${claims}.`,
    `${edit(head, { alg: 'none' })}.${claims}.${signature}`,
    `${head}.${claims}.${createHmac('sha256', '').update(`${head}.${claims}`).digest('base64url')}`,
    `${head}.${claims}.${createHmac('sha256', attacked.token('root')).update(`${head}.${claims}`).digest('base64url')}`,
    `${head}.${claims}.`,
  ]) {
    expect((await me(forged)).status).toBe(401)
  }
  expect(
    await ask('POST', '/api/v1/auth/logout', { authorization: `Bearer ${token}` }, {}),
  ).toMatchObject({ status: 204 })
  expect((await me(token)).status).toBe(401)
})

test('cookies are for this host, out of reach of scripts and of other sites [attacks/pages]', async () => {
  const line = alice.setCookie
  expect(line).toMatch(/^sallyport=[A-Za-z0-9_-]{43}; /)
  for (const flag of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(line).toContain(`; ${flag}`)
  expect(line).not.toMatch(/; Domain/i)
})
