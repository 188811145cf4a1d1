import { generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { builtInGrants, type Grant } from '../../src/door/index.ts'
import { isSafeAfter } from '../../src/tokens/issuer-keys.ts'
import type { IssuerRules } from '../../src/tokens/index.ts'
import { TestIssuer, type TokenWish } from '../fixtures/issuer.ts'
import { AUDIENCE, issuerRules, TokenBench } from '../fixtures/token-bench.ts'

/** Stands for the key of the issuer, and for its key set, which is known once it runs. */
const KEY = '"the key"'
const KEYS = `{"keys":[${KEY}]}`
const OTHER_KEY = { status: 200, body: '{"keys":[]}' }

let issuer: TestIssuer
let bench: TokenBench

beforeEach(async () => {
  issuer = await TestIssuer.start()
  bench = new TokenBench({ main: issuerRules(issuer) })
})

afterEach(async () => {
  bench[Symbol.dispose]()
  await issuer[Symbol.asyncDispose]()
})

function use(changed: Partial<IssuerRules>): void {
  bench.issuers.apply({ main: issuerRules(issuer, changed) })
}

const sign = ({ claims, ...rest }: TokenWish = {}): Promise<string> =>
  issuer.sign({ ...rest, claims: { aud: AUDIENCE, ...claims } }, bench.clock.nowMs())

const judgeNow = (token: string): unknown =>
  bench.issuers.judge(token, { address: '192.0.2.1', path: '/mcp' })

const unavailable = expect.objectContaining({ code: 'issuer_unavailable' })
const invalid = expect.objectContaining({ code: 'credential_invalid' })

test('a token that was verified is known at once, as the same principal [tokens/remembered]', async () => {
  const token = await sign()
  const principal = await bench.judge(token)
  expect(judgeNow(token)).toBe(principal)
  expect(bench.seen).toHaveLength(1)
})

test('a token is verified again after five minutes [tokens/remembered]', async () => {
  const token = await sign()
  const principal = await bench.judge(token)
  bench.clock.advance(299_999)
  expect(judgeNow(token)).toBe(principal)
  bench.clock.advance(1)
  expect(judgeNow(token)).toBeInstanceOf(Promise)
  await bench.judge(token)
  expect(bench.seen).toHaveLength(2)
})

test('a known token ends when it says so, with the skew [tokens/remembered]', async () => {
  const token = await sign({ claims: { exp: Math.floor(bench.clock.nowMs() / 1_000) + 60 } })
  await bench.judge(token)
  bench.clock.advance(89_999)
  expect(judgeNow(token)).not.toBeInstanceOf(Promise)
  bench.clock.advance(1)
  await expect(bench.judge(token)).rejects.toEqual(invalid)
})

test('a known token is judged for the address of each request [tokens/audience]', async () => {
  const token = await sign({ claims: { aud: `${AUDIENCE}/servers/files/mcp` } })
  await bench.judge(token, '/servers/files/mcp')
  await bench.judge(token, '/servers/files/sse')
  for (const path of ['/mcp', '/servers/file/mcp', '/servers/files/mcp/', '/api/v1/keys', '/']) {
    await expect(bench.judge(token, path)).rejects.toEqual(invalid)
  }
})

test('an audience of the configuration replaces the address [tokens/audience]', async () => {
  use({ audience: ['api://sallyport'] })
  expect(
    await bench.judge(await sign({ claims: { aud: 'api://sallyport' } }), '/mcp/a'),
  ).toBeDefined()
  await expect(bench.judge(await sign())).rejects.toEqual(invalid)
})

test('any number of tokens wait for one reading of the keys [tokens/keys]', async () => {
  const gate = Promise.withResolvers<void>()
  issuer.onAsked = () => gate.promise
  const tokens = await Promise.all([...'0123456789'].map((sub) => sign({ claims: { sub } })))
  const judging = tokens.map((token) => bench.judge(token))
  gate.resolve()
  await Promise.all(judging)
  expect(issuer.reads).toBe(1)
})

test('a key that is not known is looked for at most once per cooldown [tokens/keys]', async () => {
  await bench.judge(await sign())
  const strange = await sign({ header: { kid: 'strange' } })
  bench.clock.advance(10_000)
  for (let count = 0; count < 20; count += 1) {
    await expect(bench.judge(strange)).rejects.toEqual(invalid)
  }
  expect(issuer.reads).toBe(2)
  bench.clock.advance(9_999)
  await expect(bench.judge(strange)).rejects.toEqual(invalid)
  expect(issuer.reads).toBe(2)
})

test('a new key counts as soon as a token is signed with it [tokens/keys]', async () => {
  await bench.judge(await sign())
  for (const key of ['second', 'third', 'fourth']) {
    await issuer.addKey(key)
    expect(await bench.judge(await sign({ key }))).toBeDefined()
  }
  expect(issuer.reads).toBe(4)
})

test('a key that was taken back counts no more once keys are read again [tokens/keys]', async () => {
  await issuer.addKey('second')
  const exp = Math.floor(bench.clock.nowMs() / 1_000) + 7_200
  const known = await sign({ key: 'first', claims: { exp } })
  await bench.judge(known)
  issuer.removeKey('first')
  bench.clock.advance(1_800_000)
  // Half the age is over: this one still passes, and the keys are read meanwhile.
  await bench.judge(await sign({ key: 'second' }))
  await expect.poll(() => issuer.reads).toBe(2)
  await expect.poll(() => bench.judge(known).catch(() => 'refused')).toBe('refused')
})

test('a known token is verified again as soon as its issuer has other keys [tokens/keys]', async () => {
  const known = await sign()
  const principal = await bench.judge(known)
  await issuer.addKey('second')
  issuer.removeKey('first')
  expect(judgeNow(known)).toBe(principal)
  await bench.judge(await sign({ key: 'second' }))
  await expect(bench.judge(known)).rejects.toEqual(invalid)
})

test.each([
  ['a short RSA key', 'RS256', () => generateKeyPairSync('rsa', { modulusLength: 1_024 })],
  ['a key of another curve', 'ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
])('%s verifies nothing, however it is published [tokens/keys]', async (_name, alg, make) => {
  const { privateKey, publicKey } = make()
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'weak' }
  const body = JSON.stringify({ keys: [jwk, ...issuer.keySet().keys] })
  issuer.answers.set('/jwks.json', { status: 200, body })
  use({ algorithms: ['ES256', 'RS256'] })
  const [, payload] = (await sign()).split('.')
  const head = Buffer.from(JSON.stringify({ alg, kid: 'weak', typ: 'at+jwt' })).toString(
    'base64url',
  )
  const text = `${head}.${payload}`
  const signature = signBytes('sha256', Buffer.from(text), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  const token = `${text}.${signature.toString('base64url')}`
  await expect(bench.judge(token)).rejects.toEqual(invalid)
})

test('keys are never read over http on the word of an issuer on https, nor from files [tokens/keys]', () => {
  const https = 'https://login.example.com'
  expect(isSafeAfter(https, 'https://keys.example.com/jwks')).toBe(true)
  expect(isSafeAfter('http://127.0.0.1:1', 'http://127.0.0.1:1/jwks')).toBe(true)
  for (const url of [
    'http://login.example.com/jwks',
    'file:///jwks',
    '/jwks',
    'data:,',
    'https://',
  ]) {
    expect([url, isSafeAfter(https, url)]).toEqual([url, false])
  }
})

test('keys over their age are read again before a token counts [tokens/keys]', async () => {
  await bench.judge(await sign())
  bench.clock.advance(3_600_000)
  await bench.judge(await sign())
  expect(issuer.reads).toBe(2)
})

test('while the issuer is away known tokens pass, and others are told to come back [tokens/issuer-down]', async () => {
  const life = { exp: Math.floor(bench.clock.nowMs() / 1_000) + 7_200 }
  const known = await sign({ claims: life })
  await bench.judge(known)
  await issuer.leave()
  await issuer.addKey('second')
  bench.clock.advance(10_000)
  const fresh = await sign({ key: 'second' })
  await expect(bench.judge(fresh)).rejects.toMatchObject({
    code: 'issuer_unavailable',
    retryAfterMs: 10_000,
  })
  bench.clock.advance(4_000)
  await expect(bench.judge(fresh)).rejects.toMatchObject({ retryAfterMs: 6_000 })
  // Also past five minutes, and past the age of the keys.
  bench.clock.advance(3_600_000)
  expect(await bench.judge(known)).toBeDefined()
  const unknown = await sign({ key: 'first', claims: { sub: 'bob' } })
  await expect(bench.judge(unknown)).rejects.toEqual(unavailable)
  // What was refused for want of keys is not remembered as bad.
  await issuer.listen()
  bench.clock.advance(10_000)
  expect(await bench.judge(unknown)).toBeDefined()
  expect(await bench.judge(await sign({ key: 'second' }))).toBeDefined()
})

test.each<[string, { status: number; body: string; headers?: object }]>([
  ['a redirect', { status: 302, body: '', headers: { location: '/elsewhere' } }],
  ['an answer that is not 200', { status: 203, body: KEYS }],
  ['an error', { status: 500, body: '' }],
  ['no JSON', { status: 200, body: '<html>' }],
  ['no key set', { status: 200, body: '[]' }],
  ['no key', OTHER_KEY],
  [
    'more than 1 MiB',
    { status: 200, body: `${KEYS.slice(0, -1)},"x":"${'y'.repeat(1_048_576)}"}` },
  ],
  [
    '101 keys',
    { status: 200, body: KEYS.replace(/\[(.*)\]/, (_all, key) => `[${Array(101).fill(key)}]`) },
  ],
  ['a secret', { status: 200, body: '{"keys":[{"kty":"oct","k":"AAAA","kid":"first"}]}' }],
])('%s instead of the keys is none [tokens/keys]', async (_name, answer) => {
  const keys = JSON.stringify(issuer.keySet())
  const [key] = issuer.keySet().keys
  const body = answer.body.replaceAll(KEY, JSON.stringify(key)).replaceAll(KEYS, keys)
  issuer.answers.set('/jwks.json', { ...answer, body })
  await expect(bench.judge(await sign())).rejects.toEqual(unavailable)
  expect(issuer.asked).not.toContain('/elsewhere')
})

test('keys for other uses, and short ones, verify nothing [tokens/keys]', async () => {
  const { keys } = issuer.keySet()
  const [key] = keys
  const publish = (changed: object): void => {
    const body = JSON.stringify({
      keys: [
        { ...key, kid: 'x' },
        { ...key, ...changed },
      ],
    })
    issuer.answers.set('/jwks.json', { status: 200, body })
    use({ skewMs: (skew += 1) })
  }
  let skew = 0
  for (const changed of [
    { use: 'enc' },
    { key_ops: ['encrypt'] },
    { alg: 'ES384' },
    { crv: 'P-384' },
    { x: 'AA' },
  ]) {
    publish(changed)
    await expect(bench.judge(await sign())).rejects.toEqual(invalid)
  }
  publish({})
  expect(await bench.judge(await sign())).toBeDefined()
})

test('a document that takes too long is given up [tokens/keys]', async () => {
  const gate = Promise.withResolvers<void>()
  issuer.onAsked = () => gate.promise
  use({ timeoutMs: 50 })
  await expect(bench.judge(await sign())).rejects.toEqual(unavailable)
  gate.resolve()
})

test.each<[string, (url: string) => object]>([
  ['speaks for another issuer', (url) => ({ issuer: `${url}/`, jwks_uri: `${url}/jwks.json` })],
  ['names no keys', (url) => ({ issuer: url })],
  ['names keys at no address', (url) => ({ issuer: url, jwks_uri: 'file:///etc/passwd' })],
])('a discovery document that %s counts for nothing [tokens/keys]', async (_name, make) => {
  const body = JSON.stringify(make(issuer.url))
  issuer.answers.set('/.well-known/openid-configuration', { status: 200, body })
  await expect(bench.judge(await sign())).rejects.toEqual(unavailable)
  use({ jwks: issuer.jwks })
  expect(await bench.judge(await sign())).toBeDefined()
})

test('metadata is looked for at the addresses of both specifications, in their order', async () => {
  use({ issuer: `${issuer.url}/realms/a` })
  const token = await sign({ claims: { iss: `${issuer.url}/realms/a` } })
  await expect(bench.judge(token)).rejects.toEqual(unavailable)
  expect(issuer.asked).toEqual([
    '/.well-known/oauth-authorization-server/realms/a',
    '/.well-known/openid-configuration/realms/a',
    '/realms/a/.well-known/openid-configuration',
  ])
})

test('the last token of a principal that ends is told, once [tokens/remembered]', async () => {
  const now = Math.floor(bench.clock.nowMs() / 1_000)
  const principal = await bench.judge(await sign({ claims: { exp: now + 60 } }))
  await bench.judge(await sign({ claims: { exp: now + 120 } }))
  bench.clock.advance(100_000)
  bench.issuers.sweep()
  expect(bench.expired).toEqual([])
  bench.clock.advance(50_000)
  bench.issuers.sweep()
  bench.issuers.sweep()
  expect(bench.expired).toEqual([principal?.id])
})

test('a change of roles counts for a known token from the next request on [tokens/remembered]', async () => {
  const built = builtInGrants()
  let roles = ['caller']
  const grants = {
    version: 1,
    resolve: (grant: Grant) => built.resolve({ ...grant, roles }),
  }
  using live = new TokenBench({ main: issuerRules(issuer) }, grants)
  const token = await issuer.sign({ claims: { aud: AUDIENCE } }, live.clock.nowMs())
  const before = await live.judge(token)
  grants.version += 1
  expect(live.issuers.regrant()).toEqual([])
  expect(await live.judge(token)).toBe(before)
  roles = ['viewer']
  grants.version += 1
  const [renewal, ...others] = live.issuers.regrant()
  expect(others).toEqual([])
  expect(renewal?.before).toBe(before)
  expect(renewal?.after.permissions.has('mcp.call')).toBe(false)
  expect(await live.judge(token)).toBe(renewal?.after)
  expect(live.issuers.standingOf(renewal?.after ?? expect.fail())).toMatchObject({ issuer: 'main' })
  roles = []
  grants.version += 1
  expect((await live.judge(token))?.permissions.size).toBe(0)
})

test('an issuer that is gone or judges otherwise loses its callers, and others do not', async () => {
  await using second = await TestIssuer.start()
  const rules = { main: issuerRules(issuer), second: issuerRules(second) }
  bench.issuers.apply(rules)
  const token = await sign()
  const principal = await bench.judge(token)
  const theirs = await second.sign({ claims: { aud: AUDIENCE } }, bench.clock.nowMs())
  const other = await bench.judge(theirs)
  expect(other?.id).not.toBe(principal?.id)
  expect(bench.issuers.apply({ ...rules })).toEqual([])
  const stricter = issuerRules(issuer, { defaultRoles: ['viewer'] })
  expect(bench.issuers.apply({ ...rules, main: stricter })).toEqual([principal?.id])
  expect(await bench.judge(token)).toMatchObject({ roles: ['viewer'] })
  expect(bench.issuers.apply({ main: stricter })).toEqual([other?.id])
  await expect(bench.judge(theirs)).rejects.toEqual(invalid)
})

test('claims give roles, a tenant and a name; what is not mapped gives nothing [tokens/claims]', async () => {
  use({
    ...{ defaultRoles: [], scopes: { 'mcp:call': ['caller'] } },
    roles: { staff: ['operator'], audit: ['auditor'] },
    claims: { roles: ['groups', 'https://x.example/roles'], tenant: 'org.name', name: 'email' },
  })
  const token = await sign({
    claims: {
      ...{ scope: 'openid mcp:call admin', groups: ['staff', 'nobody', 7, '__proto__'] },
      ...{ 'https://x.example/roles': 'audit', org: { name: 'acme' }, email: 'a\u0007@x' },
    },
  })
  const principal = await bench.judge(token)
  expect(principal).toMatchObject({
    ...{ roles: ['caller', 'operator', 'auditor'], tenant: 'acme', name: 'a @x', kind: 'subject' },
    id: expect.stringMatching(/^subject:main:[A-Za-z0-9_-]{22}$/),
  })
  expect(principal?.permissions.has('keys.write')).toBe(false)
})

test.each([[undefined], [''], [7], [['acme']], [null], ['a b'], ['x'.repeat(201)]])(
  'a token whose tenant is %j is refused where tenants are told by tokens [tokens/claims]',
  async (tenant) => {
    use({ claims: { tenant: 'org' } })
    const token = await sign({ claims: { org: tenant } })
    await expect(bench.judge(token)).rejects.toMatchObject({ code: 'tenant_required' })
  },
)
