import { createHmac } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestIssuer, type TokenWish } from '../fixtures/issuer.ts'
import { AUDIENCE, issuerRules, TokenBench } from '../fixtures/token-bench.ts'

let main: TestIssuer
let other: TestIssuer
let stranger: TestIssuer
let bench: TokenBench

beforeAll(async () => {
  main = await TestIssuer.start('RS256')
  await main.addKey('curve', 'ES256')
  other = await TestIssuer.start('ES256')
  await other.addKey('theirs', 'ES256')
  stranger = await TestIssuer.start('ES256')
  await stranger.addKey('curve', 'ES256')
  bench = new TokenBench({
    main: issuerRules(main, { algorithms: ['RS256', 'ES256'] }),
    other: issuerRules(other, { types: ['absent', 'jwt'] }),
  })
})

afterAll(async () => {
  bench[Symbol.dispose]()
  for (const issuer of [main, other, stranger]) await issuer[Symbol.asyncDispose]()
})

const seconds = (): number => Math.floor(bench.clock.nowMs() / 1_000)

const sign = ({ claims, ...rest }: TokenWish = {}, issuer = main): Promise<string> =>
  issuer.sign({ ...rest, claims: { aud: AUDIENCE, ...claims } }, bench.clock.nowMs())

const part = (value: unknown): string =>
  (Buffer.isBuffer(value)
    ? value
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  ).toString('base64url')

function usual(): Record<string, unknown> {
  const now = seconds()
  return { iss: main.url, sub: 'alice', aud: AUDIENCE, iat: now, exp: now + 600 }
}

/** Signs any header and payload text with a key of the issuer's, as its library never would. */
async function signRaw(header: string, payload: string | Buffer): Promise<string> {
  const { privateKey } = main.key('curve')
  const input = `${part(header)}.${part(payload)}`
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
  const signature = await crypto.subtle.sign(algorithm, privateKey, Buffer.from(input))
  return `${input}.${Buffer.from(signature).toString('base64url')}`
}

const HEADER = '{"alg":"ES256","kid":"curve","typ":"at+jwt"}'

function hmac(header: object, secret: string | Buffer): string {
  const input = `${part(header)}.${part(usual())}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const claims =
  (changed: object): (() => Promise<string>) =>
  () =>
    sign({ claims: { ...changed } })
const header =
  (changed: object): (() => Promise<string>) =>
  () =>
    sign({ header: { ...changed } })
/** With more in its header than the library would sign. */
const raw =
  (more: object): (() => Promise<string>) =>
  () =>
    signRaw(JSON.stringify({ ...JSON.parse(HEADER), ...more }), JSON.stringify(usual()))
const later = (by: number): number => seconds() + by

const ATTACKS: readonly (readonly [name: string, make: () => Promise<string> | string])[] = [
  // The signature
  [
    'signed by a stranger under a known key id',
    () => sign({ claims: { iss: main.url } }, stranger),
  ],
  [
    'a changed payload',
    async () => {
      const [head, , signature] = (await sign()).split('.')
      return `${head}.${part({ ...usual(), sub: 'root' })}.${signature}`
    },
  ],
  ['a signature that is cut', async () => (await sign()).slice(0, -4)],
  ['an empty signature', async () => `${(await sign()).split('.').slice(0, 2).join('.')}.`],
  ['a signature in another spelling', async () => `${await sign()}=`],
  ['alg none', () => `${part({ alg: 'none', typ: 'at+jwt' })}.${part(usual())}.`],
  ['alg None with a signature', () => `${part({ alg: 'None', kid: 'curve' })}.${part(usual())}.AA`],
  ['no alg', () => signRaw('{"kid":"curve","typ":"at+jwt"}', JSON.stringify(usual()))],
  [
    'HS256 with the public key as PEM',
    async () => {
      const secret = await exportSPKI(main.key('first').publicKey)
      return hmac({ alg: 'HS256', kid: 'first', typ: 'at+jwt' }, secret)
    },
  ],
  [
    'HS256 with the public key as JWK',
    () =>
      hmac({ alg: 'HS256', kid: 'first', typ: 'at+jwt' }, JSON.stringify(main.key('first').jwk)),
  ],
  [
    'RS256 over an elliptic key',
    () => signRaw('{"alg":"RS256","kid":"curve","typ":"at+jwt"}', JSON.stringify(usual())),
  ],
  [
    'ES256 over an RSA key',
    () => signRaw('{"alg":"ES256","kid":"first","typ":"at+jwt"}', JSON.stringify(usual())),
  ],
  ['an algorithm that is not among the issuer’s', () => signWith('ES384', 'curve')],
  // Keys
  ['a key that nobody published', () => signWith('ES256', 'unknown')],
  ['a key id that is a path', () => signWith('ES256', '../../../../dev/null')],
  ['a key id that is a number', header({ kid: 7 })],
  [
    'no key id where several keys could be meant',
    () => sign({ header: { kid: undefined } }, other),
  ],
  [
    'no key id where the first of several keys is meant',
    () => sign({ header: { kid: undefined }, key: 'first' }, other),
  ],
  [
    'the key of another issuer under its own id',
    () => sign({ claims: { iss: other.url }, key: 'curve', header: { typ: 'jwt' } }),
  ],
  [
    'the key of another issuer under the id of one of this one’s',
    () => sign({ claims: { iss: other.url }, key: 'curve', header: { typ: 'jwt', kid: 'theirs' } }),
  ],
  [
    'its own key in the header',
    async () => {
      const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
      return await new SignJWT(usual())
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', jwk: await exportJWK(publicKey) })
        .sign(privateKey)
    },
  ],
  [
    'the address of its own keys in the header',
    () =>
      sign(
        {
          claims: { iss: main.url },
          header: { jku: stranger.jwks, x5u: stranger.jwks, x5c: ['AA=='], kid: 'first' },
          key: 'first',
        },
        stranger,
      ),
  ],
  // The header
  ['crit with what nobody understands', raw({ crit: ['exp'], exp: 1 })],
  ['b64 false with crit', raw({ crit: ['b64'], b64: false })],
  [
    'b64 false without crit',
    () =>
      signRaw('{"alg":"ES256","kid":"curve","typ":"at+jwt","b64":false}', JSON.stringify(usual())),
  ],
  ['an empty crit', () => signRaw(HEADER.replace('}', ',"crit":[]}'), JSON.stringify(usual()))],
  ['a typ of another kind', header({ typ: 'logout+jwt' })],
  ['a typ of an identity assertion', header({ typ: 'oauth-id-jag+jwt' })],
  ['a typ that is a number', header({ typ: 5 })],
  ['no typ where one is asked for', header({ typ: undefined })],
  [
    'a header that names alg twice',
    () => signRaw(`{"alg":"none",${HEADER.slice(1)}`, JSON.stringify(usual())),
  ],
  // Whose
  ['no iss', claims({ iss: undefined })],
  ['an iss with a slash more', () => sign({ claims: { iss: `${main.url}/` } })],
  ['an iss in capitals', () => sign({ claims: { iss: main.url.toUpperCase() } })],
  ['an iss that is a list', () => sign({ claims: { iss: [main.url] } })],
  ['an iss of nobody known', () => sign({ claims: { iss: stranger.url } })],
  ['an iss that is a name of objects', claims({ iss: '__proto__' })],
  // For whom
  ['no aud', claims({ aud: undefined })],
  ['another aud', claims({ aud: 'https://other.example.com' })],
  ['an aud that begins like ours', claims({ aud: `${AUDIENCE}.evil.example` })],
  ['an aud in capitals', claims({ aud: AUDIENCE.toUpperCase() })],
  ['an aud that is another resource', claims({ aud: `${AUDIENCE}/servers/files/mcp` })],
  ['an aud with a path and a slash', claims({ aud: `${AUDIENCE}/mcp/` })],
  ['a list of others as aud', claims({ aud: ['a', 'b'] })],
  ['an empty list as aud', claims({ aud: [] })],
  ['a list with a number as aud', claims({ aud: [AUDIENCE, 1] })],
  ['an aud that is an object', claims({ aud: { [AUDIENCE]: true } })],
  // When
  ['no exp', claims({ exp: undefined })],
  ['an exp that is over', () => sign({ claims: { iat: later(-600), exp: later(-31) } })],
  ['an exp that is over by the skew to the second', () => sign({ claims: { exp: later(-30) } })],
  ['an exp as text', () => sign({ claims: { exp: String(later(600)) } })],
  ['an exp beyond all time', claims({ exp: 1e300 })],
  ['an exp below zero', claims({ exp: -1 })],
  ['a life over the longest', () => sign({ claims: { exp: later(86_401) } })],
  [
    'a life over the longest, without iat',
    () => sign({ claims: { exp: later(86_432), iat: undefined } }),
  ],
  ['an nbf to come', () => sign({ claims: { nbf: later(31) } })],
  ['an nbf as text', claims({ nbf: '0' })],
  ['an iat to come', () => sign({ claims: { iat: later(31) } })],
  ['an iat that is null', claims({ iat: null })],
  // Who
  ['no sub', claims({ sub: undefined })],
  ['an empty sub', claims({ sub: '' })],
  ['a sub that is a number', claims({ sub: 7 })],
  ['a sub that is an object', claims({ sub: { toString: 'alice' } })],
  ['a sub of 1,001 characters', claims({ sub: 'x'.repeat(1_001) })],
  ['an ID token by its at_hash', claims({ at_hash: 'x' })],
  ['an ID token by its claim', claims({ typ: 'ID' })],
  ['a refresh token by its claim', claims({ typ: 'Refresh' })],
  // The text
  ['a claim twice', () => signRaw(HEADER, `{"sub":"root",${JSON.stringify(usual()).slice(1)}`)],
  [
    'a claim twice, once escaped',
    () => signRaw(HEADER, `{"\\u0073ub":"root",${JSON.stringify(usual()).slice(1)}`),
  ],
  ['claims that are a list', () => signRaw(HEADER, `[${JSON.stringify(usual())}]`)],
  [
    'claims that are a token again',
    async () => signRaw(HEADER.replace('}', ',"cty":"JWT"}'), await sign()),
  ],
  ['claims that are no JSON', () => signRaw(HEADER, 'iss=main')],
  ['claims nested 17 deep', () => signRaw(HEADER, JSON.stringify({ ...usual(), x: deep(17) }))],
  [
    'invalid UTF-8',
    () => signRaw(HEADER, Buffer.from(JSON.stringify({ ...usual(), x: '\u00ff' }), 'latin1')),
  ],
  ['a key id that is empty', header({ kid: '' })],
  ['a key id of 257 characters', header({ kid: 'k'.repeat(257) })],
  ['16,385 characters', async () => await sign({ claims: { x: 'y'.repeat(16_384) } })],
]

function deep(levels: number): unknown {
  return levels === 0 ? 1 : [deep(levels - 1)]
}

async function signWith(alg: string, kid: string): Promise<string> {
  const { privateKey } = await generateKeyPair(alg)
  return await new SignJWT(usual()).setProtectedHeader({ alg, kid, typ: 'at+jwt' }).sign(privateKey)
}

test.each(ATTACKS)(
  '%s is refused, and in the same words as all else [tokens/refused]',
  async (_name, make) => {
    const token = await make()
    await expect(bench.judge(token)).rejects.toMatchObject({
      code: 'credential_invalid',
      message: 'the key or token is not valid',
      details: {},
    })
  },
)

test('the same tokens are good without what is wrong with them [tokens/refused]', async () => {
  const good = [
    await sign(),
    await sign({ key: 'first' }),
    await sign({ header: { typ: 'application/AT+JWT' } }),
    await sign({ claims: { aud: ['x', AUDIENCE] } }),
    await sign({ claims: { aud: `${AUDIENCE}/` } }),
    await sign({ claims: { aud: `${AUDIENCE}/mcp` } }),
    await sign({ claims: { exp: later(-29), iat: later(-600) } }),
    await sign({ claims: { nbf: later(30), iat: later(30) } }),
    await sign({ claims: { exp: later(86_400) } }),
    await sign({ claims: { sub: 'x'.repeat(1_000) } }),
    await sign({ claims: { iat: undefined } }),
    await signRaw(HEADER, JSON.stringify({ ...usual(), x: deep(14) })),
    await sign({ header: { typ: undefined } }, other),
  ]
  for (const token of good) expect(await bench.judge(token)).toMatchObject({ kind: 'subject' })
})

test('nothing that a token points to was ever asked for [tokens/refused]', () => {
  expect(stranger.asked).toEqual([])
})

test('what is too long is refused before it is read, at once [tokens/refused]', () => {
  const long = `eyJ${'A'.repeat(20_000)}.AA.AA`
  expect(() => bench.issuers.judge(long, { address: 'x', path: '/mcp' })).toThrow(
    expect.objectContaining({ code: 'credential_invalid' }),
  )
})

test.each([
  ['a key', 'sp_abcdefgh_x'],
  ['two parts', 'eyJhbGciOiJub25lIn0.e30'],
  ['five parts, as encrypted ones have', 'eyJhbGciOiJub25lIn0.a.b.c.d'],
  ['another beginning', 'abc.e30.AA'],
  ['a header that is a list', `${part('[{"alg":"none"}]')}.e30.AA`],
])('what is no signed JWT is left to others: %s', (_name, text) => {
  expect(bench.issuers.judge(text, { address: 'x', path: '/mcp' })).toBe(undefined)
})
