import { createHmac, generateKeyPairSync } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair } from 'jose'
import { TestIssuer, type TokenWish } from '@sallyport/kit/testing/issuer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attacked, AUDIENCE, type Canary, codeOf, startCanary } from '../fixtures/attack.ts'
import { send } from '../fixtures/send.ts'
import { callTool } from '../fixtures/wire.ts'

let attacked: Attacked
let other: TestIssuer
let canary: Canary
beforeAll(async () => {
  attacked = await Attacked.start()
  other = await TestIssuer.start('RS256')
  canary = await startCanary()
})
afterAll(async () => {
  await attacked[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
  await canary[Symbol.asyncDispose]()
})

type Json = Record<string, unknown>

const seconds = (): number => Math.floor(Date.now() / 1_000)
const part = (value: string | object): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token of the real provider, good but for what is changed. */
function sign({ claims, ...rest }: TokenWish = {}, by = attacked.issuer): Promise<string> {
  const aimed = { aud: AUDIENCE, iss: attacked.issuer.url, ...claims }
  return by.sign({ ...rest, claims: aimed })
}

/** The three parts of a good token. */
async function parts(): Promise<readonly [string, string, string]> {
  const [header = '', claims = '', signature = ''] = (await sign()).split('.')
  return [header, claims, signature]
}

function usual(): Json {
  const now = seconds()
  return { iss: attacked.issuer.url, sub: 'alice', aud: AUDIENCE, iat: now, exp: now + 600 }
}

/** Signed with a shared secret that an attacker knows too. */
function hmac(secret: string, header: Json = {}): string {
  const head = { alg: 'HS256', typ: 'at+jwt', kid: 'first', ...header }
  const input = `${part(head)}.${part(usual())}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** Signs any text with the provider's own key, as no library would. */
async function signRaw(header: string, claims: string): Promise<string> {
  const input = `${part(header)}.${part(claims)}`
  const { privateKey } = attacked.issuer.key('first')
  const bytes = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(input))
  return `${input}.${Buffer.from(bytes).toString('base64url')}`
}

/** Signs with a key of the attacker's own, which the header brings along or points to. */
async function bringing(header: (jwk: Json) => Json): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'evil', alg: 'RS256' }
  const head = { alg: 'RS256', typ: 'at+jwt', ...header(jwk) }
  const input = `${part(head)}.${part(usual())}`
  const bytes = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(input))
  return `${input}.${Buffer.from(bytes).toString('base64url')}`
}

const claims = (changed: Json) => () => sign({ claims: changed })
/** For issuers that are only known once they run. */
const from = (iss: () => unknown) => () => sign({ claims: { iss: iss() } })
const header = (changed: Json) => () => sign({ header: changed })
const HEADER = '{"alg":"RS256","kid":"first","typ":"at+jwt"}'
const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

const ATTACKS: readonly (readonly [name: string, token: () => Promise<string> | string])[] = [
  // The signature
  [
    'a changed claim',
    async () => `${(await parts())[0]}.${part({ ...usual(), sub: 'root' })}.${(await parts())[2]}`,
  ],
  ['no signature', async () => `${(await parts()).slice(0, 2).join('.')}.`],
  ['a cut signature', async () => (await sign()).slice(0, -2)],
  ['a signature spelt otherwise', async () => `${await sign()}==`],
  ["another provider's key under the same id", () => sign({}, other)],
  ['alg none', () => `${part({ alg: 'none', typ: 'at+jwt' })}.${part(usual())}.`],
  [
    'alg NoNe and a signature',
    async () => `${part({ alg: 'NoNe', typ: 'at+jwt' })}.${part(usual())}.${(await parts())[2]}`,
  ],
  [
    'HS256 with the public key as PEM',
    async () => hmac(await exportSPKI(attacked.issuer.key('first').publicKey)),
  ],
  [
    'HS256 with the public key as JWK',
    () => hmac(JSON.stringify(attacked.issuer.key('first').jwk)),
  ],
  ['HS256 with the modulus', () => hmac(String(attacked.issuer.key('first').jwk.n))],
  ['HS256 with the name of the provider', () => hmac(attacked.issuer.url)],
  ['HS256 with nothing', () => hmac('')],
  [
    'RS512 where the signature is RS256',
    async () =>
      `${part({ alg: 'RS512', kid: 'first', typ: 'at+jwt' })}.${part(usual())}.${(await parts())[2]}`,
  ],
  ['an encrypted token', async () => `${await sign()}.AAAA.AAAA`],
  // The key
  ['a swapped key id', header({ kid: 'second' })],
  ['a path as key id', header({ kid: '../../../../dev/null' })],
  ['SQL as key id', header({ kid: "x' UNION SELECT 'AAAA" })],
  ['__proto__ as key id', header({ kid: '__proto__' })],
  [
    'a number as key id',
    () => signRaw('{"alg":"RS256","kid":1,"typ":"at+jwt"}', JSON.stringify(usual())),
  ],
  ['a key of its own in jwk', () => bringing((jwk) => ({ jwk }))],
  [
    'a key of its own in jwk under a known id',
    () => bringing((jwk) => ({ kid: 'first', jwk: { ...jwk, kid: 'first' } })),
  ],
  ['jku to the attacker', () => bringing(() => ({ kid: 'evil', jku: `${canary.url}/jwks.json` }))],
  ['x5u to the attacker', () => bringing(() => ({ kid: 'evil', x5u: `${canary.url}/cert.pem` }))],
  ['x5c with a certificate of its own', () => bringing(() => ({ kid: 'evil', x5c: ['MIIB'] }))],
  ['an issuer at the attacker', () => bringing(() => ({ kid: 'evil', iss: canary.url }))],
  ['iss at the attacker', from(() => canary.url)],
  ['iss with a slash', from(() => `${attacked.issuer.url}/`)],
  ['iss of another provider', () => other.sign({ claims: { aud: AUDIENCE } })],
  ['iss as a list', from(() => [attacked.issuer.url])],
  ['no iss', claims({ iss: undefined })],
  // Whom it is for
  ['no audience', claims({ aud: undefined })],
  ['another audience', claims({ aud: 'https://other.example.com' })],
  ['an audience that begins like ours', claims({ aud: `${AUDIENCE}.evil.com` })],
  ['an audience with a slash', claims({ aud: `${AUDIENCE}/` })],
  ['an audience in capitals', claims({ aud: AUDIENCE.toUpperCase() })],
  ['an empty list of audiences', claims({ aud: [] })],
  ['an object as audience', claims({ aud: { [AUDIENCE]: true } })],
  ['ours hidden in a nested list', claims({ aud: [[AUDIENCE]] })],
  // When
  ['expired', () => sign({ claims: { iat: seconds() - 7_200, exp: seconds() - 3_600 } })],
  ['no expiry', claims({ exp: undefined })],
  ['expiry as text', () => sign({ claims: { exp: `${seconds() + 600}` } })],
  [
    'expiry beyond all numbers',
    () => signRaw(HEADER, JSON.stringify(usual()).replace(/"exp":\d+/, '"exp":1e999')),
  ],
  ['not valid yet', () => sign({ claims: { nbf: seconds() + 600 } })],
  ['issued in the future', () => sign({ claims: { iat: seconds() + 600 } })],
  ['a life of a year', () => sign({ claims: { exp: seconds() + 31_536_000 } })],
  // Its form
  ['claims twice', () => signRaw(HEADER, `{"aud":"x",${JSON.stringify(usual()).slice(1)}`)],
  ['header twice', () => signRaw(`{"alg":"none",${HEADER.slice(1)}`, JSON.stringify(usual()))],
  [
    'critical extensions',
    () => signRaw(`{"crit":["exp"],${HEADER.slice(1)}`, JSON.stringify(usual())),
  ],
  [
    'unencoded payload',
    () =>
      signRaw('{"alg":"RS256","kid":"first","typ":"at+jwt","b64":false}', JSON.stringify(usual())),
  ],
  ['an ID token', claims({ at_hash: 'AAAA' })],
  ['typ of another kind', header({ typ: 'logout+jwt' })],
  [
    'a token within a token',
    async () =>
      signRaw(HEADER.replace('at+jwt', 'JWT').replace('}', ',"cty":"JWT"}'), await sign()),
  ],
  [
    'claims nested a thousand deep',
    () => signRaw(HEADER, `{"a":${deep(1_000)},${JSON.stringify(usual()).slice(1)}`),
  ],
  ['a list as claims', () => signRaw(HEADER, JSON.stringify([usual()]))],
  ['null as claims', () => signRaw(HEADER, 'null')],
  ['no subject', claims({ sub: undefined })],
  ['a number as subject', claims({ sub: 1 })],
  ['a huge token', () => sign({ claims: { filler: 'x'.repeat(14_000) } })],
  ['dots only', () => 'eyJ..'],
  [
    'an elliptic key of small order',
    () => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const { d: _secret, ...jwk } = privateKey.export({ format: 'jwk' })
      return `${part({ alg: 'ES256', typ: 'at+jwt', jwk })}.${part(usual())}.${'A'.repeat(86)}`
    },
  ],
]

test('a token of the provider lets its caller in: what follows fails for its own reason', async () => {
  const caller = { url: attacked.gateway.url, token: await sign() }
  expect(await callTool(caller, 'spy__echo', { a: 1 })).toMatchObject({ status: 200 })
})

test.each(ATTACKS)(
  '%s is 401 on both listeners, and nothing is fetched or called [attacks/tokens]',
  async (_name, make) => {
    const token = await make()
    const before = attacked.spy.seen.length
    const called = await callTool({ url: attacked.gateway.url, token }, 'spy__echo', { a: 1 })
    const headers = { authorization: `Bearer ${token}` }
    const asked = await send(`${attacked.gateway.admin}/api/v1/auth/me`, { method: 'GET', headers })
    // A header that is larger than any may be is refused as such.
    const refused = [401, 431]
    expect([called.status, asked.status].filter((status) => !refused.includes(status))).toEqual([])
    expect(called.text + asked.text).not.toMatch(/expired|audience|signature|issuer|algorithm/i)
    expect([attacked.spy.seen.length - before, canary.visits()]).toEqual([0, 0])
  },
)

test('a token that is good on MCP is none on the admin API beyond what its roles allow [attacks/tokens]', async () => {
  const headers = {
    authorization: `Bearer ${await sign({ claims: { roles: ['admin'], role: 'admin', scope: 'admin', tenant: null } })}`,
  }
  const answer = await send(`${attacked.gateway.admin}/api/v1/keys`, { method: 'GET', headers })
  expect([answer.status, codeOf(answer)]).toEqual([403, 'forbidden'])
})
