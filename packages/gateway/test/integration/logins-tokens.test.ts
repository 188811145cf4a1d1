import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { ManualClock } from '@sallyport/kit/clock'
import { expect, test } from 'vitest'
import {
  bearerOf,
  codeOf,
  openFolderStore,
  openPeople,
  type PeopleOptions,
  type TestPeople,
} from './people-fixture.ts'

const KEY = Buffer.alloc(32, 'key')
const HOUR_MS = 3_600_000

async function openOne(options: PeopleOptions = {}) {
  await using opening = new AsyncDisposableStack()
  const gateway = opening.use(await openPeople(await openFolderStore(opening), options))
  await gateway.create('alice')
  const resources = opening.move()
  return { ...gateway, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function decode(token: string): { header: object; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = token.split('.')
  const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: parse(header), claims: parse(claims) }
}

function hs256(header: object, claims: object, key: Buffer | string = KEY): string {
  const head = `${encode(header)}.${encode(claims)}`
  return `${head}.${createHmac('sha256', key).update(head).digest('base64url')}`
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const pem = publicKey.export({ type: 'spki', format: 'pem' })

function rs256(header: object, claims: object): string {
  const head = `${encode({ ...header, alg: 'RS256' })}.${encode(claims)}`
  return `${head}.${sign('sha256', Buffer.from(head), privateKey).toString('base64url')}`
}

async function statusOf(gateway: TestPeople, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await gateway.ask('/api/v1/auth/me', { headers })
  return answer.status === 200 ? '200' : `${answer.status} ${codeOf(answer)}`
}

type Forge = (parts: { token: string; header: object; claims: Record<string, unknown> }) => string

test.each<readonly [string, Forge]>([
  ['alg none', ({ claims }) => `${encode({ alg: 'none', typ: 'login+jwt' })}.${encode(claims)}.`],
  [
    'alg None with our signature',
    ({ token, claims }) =>
      `${encode({ alg: 'None', typ: 'login+jwt' })}.${encode(claims)}.${token.split('.')[2]}`,
  ],
  ['no signature', ({ token }) => `${token.split('.').slice(0, 2).join('.')}.`],
  ['another key', ({ header, claims }) => hs256(header, claims, 'x'.repeat(32))],
  ['an empty key', ({ header, claims }) => hs256(header, claims, '')],
  ['a public key as the secret', ({ header, claims }) => hs256(header, claims, pem)],
  [
    'RS256 with a key in its header',
    ({ header, claims }) => rs256({ ...header, jwk: publicKey.export({ format: 'jwk' }) }, claims),
  ],
  [
    'a key id that points at a file',
    ({ claims }) => hs256({ alg: 'HS256', typ: 'login+jwt', kid: '/dev/null' }, claims, ''),
  ],
  [
    'HS512',
    ({ claims }) =>
      `${encode({ alg: 'HS512', typ: 'login+jwt' })}.${encode(claims)}.${createHmac('sha512', KEY)
        .update(`${encode({ alg: 'HS512', typ: 'login+jwt' })}.${encode(claims)}`)
        .digest('base64url')}`,
  ],
  ['another type', ({ claims }) => hs256({ alg: 'HS256', typ: 'JWT' }, claims)],
  [
    'an unknown critical header',
    ({ header, claims }) => hs256({ ...header, crit: ['x'], x: 1 }, claims),
  ],
  [
    'another audience',
    ({ header, claims }) => hs256(header, { ...claims, aud: 'urn:sallyport:test:mcp' }),
  ],
  ['no audience', ({ header, claims }) => hs256(header, { ...claims, aud: undefined })],
  [
    'another issuer of the family',
    ({ header, claims }) => hs256(header, { ...claims, iss: 'urn:sallyport:other' }),
  ],
  ['no expiry', ({ header, claims }) => hs256(header, { ...claims, exp: undefined })],
  ['an expiry in the past', ({ header, claims }) => hs256(header, { ...claims, exp: 1 })],
  ['an expiry as text', ({ header, claims }) => hs256(header, { ...claims, exp: '9999999999' })],
  [
    'a start in the future',
    ({ header, claims }) => hs256(header, { ...claims, nbf: 9_999_999_999 }),
  ],
  ['no login', ({ header, claims }) => hs256(header, { ...claims, sid: undefined })],
  ['a login of nobody', ({ header, claims }) => hs256(header, { ...claims, sid: 'nothing' })],
  ['another person', ({ header, claims }) => hs256(header, { ...claims, sub: 'u_someone' })],
  [
    'a changed payload',
    ({ token, claims }) => {
      const [h, , s] = token.split('.')
      return `${h}.${encode({ ...claims, sub: 'u_root' })}.${s}`
    },
  ],
  ['a fourth part', ({ token }) => `${token}.x`],
  [
    'a megabyte of claims',
    ({ header, claims }) => hs256(header, { ...claims, x: 'y'.repeat(20_000) }),
  ],
])('a token with %s is refused [users/token/forged]', async (_what, forge) => {
  await using gateway = await openOne()
  const login = await gateway.login('alice', { kind: 'bearer' })
  const { token } = login.json as { token: string }
  expect(await statusOf(gateway, token)).toBe('200')
  expect(await statusOf(gateway, forge({ token, ...decode(token) }))).toBe('401 credential_invalid')
  expect(await statusOf(gateway, token)).toBe('200')
})

test('a token says who it is for, and nothing of rights [users/login/bearer]', async () => {
  const clock = new ManualClock()
  await using gateway = await openOne({ clock })
  const login = await gateway.login('alice', { kind: 'bearer' })
  const { header, claims } = decode((login.json as { token: string }).token)
  expect(header).toEqual({ alg: 'HS256', typ: 'login+jwt' })
  expect(claims).toEqual({
    iss: 'urn:sallyport:test',
    aud: 'urn:sallyport:test:admin',
    sub: expect.stringMatching(/^u_/),
    sid: expect.any(String),
    iat: Math.floor(clock.nowMs() / 1_000),
    exp: Math.floor((clock.nowMs() + HOUR_MS) / 1_000),
  })
  const headers = bearerOf(login)
  clock.advance(HOUR_MS - 2_000)
  expect((await gateway.ask('/api/v1/auth/me', { headers })).status).toBe(200)
  clock.advance(2_000)
  expect((await gateway.ask('/api/v1/auth/me', { headers })).status).toBe(401)
})

test('the login key is rotated under load without one failed call, and then the old one is good for nothing [users/token/rotation]', async () => {
  const [first, second] = [Buffer.alloc(32, 'first'), Buffer.alloc(32, 'second')]
  let keys: readonly Buffer[] = [first]
  await using gateway = await openOne({ keys: () => keys })
  const outcomes = new Map<string, number>()
  const stop = new AbortController()
  const worker = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const login = await gateway.login('alice', { kind: 'bearer' })
      const headers = bearerOf(login)
      for (let call = 0; call < 5; call += 1) {
        const { status } = await gateway.ask('/api/v1/auth/me', { headers })
        outcomes.set(`${status}`, (outcomes.get(`${status}`) ?? 0) + 1)
      }
    }
  }
  const calls = async (count: number): Promise<void> => {
    const from = outcomes.get('200') ?? 0
    while ((outcomes.get('200') ?? 0) < from + count) await new Promise(setImmediate)
  }
  const workers = [worker(), worker()]
  await calls(20)
  const old = bearerOf(await gateway.login('alice', { kind: 'bearer' }))
  keys = [first, second] // every replica knows the new one before any signs with it
  await calls(20)
  keys = [second, first]
  await calls(40)
  const renewed = bearerOf(await gateway.login('alice', { kind: 'bearer' }))
  expect((await gateway.ask('/api/v1/auth/me', { headers: old })).status).toBe(200)
  stop.abort()
  await Promise.all(workers)
  keys = [second]
  expect([...outcomes.keys()]).toEqual(['200'])
  expect((await gateway.ask('/api/v1/auth/me', { headers: old })).status).toBe(401)
  expect((await gateway.ask('/api/v1/auth/me', { headers: renewed })).status).toBe(200)
})
