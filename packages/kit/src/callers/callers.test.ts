import { createPrivateKey, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { CallerJudge, CallerSigner } from './index.ts'

const SEED = Buffer.alloc(32, 7)
const AUDIENCE = 'http://127.0.0.1:9200/mcp'
const ALICE = {
  ...{ principal: 'key:1', name: 'alice', tenant: 'acme', roles: ['caller'], requestId: 'r-1' },
}
const clock = new ManualClock()
const signer = new CallerSigner(SEED, clock)

function judge(keys = [signer.publicKey]): CallerJudge {
  return new CallerJudge({ keys, audience: AUDIENCE, clock })
}

/** A token of our own making, signed by the right key unless another one is given. */
function forge(header: object, claims: object, seed = SEED): string {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const parts = [header, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const signed = parts.join('.')
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

const HEADER = { alg: 'EdDSA', typ: 'sallyport-caller+jwt' }

function claims(changes: object = {}): object {
  const iat = Math.floor(clock.nowMs() / 1_000)
  return {
    ...{ iss: 'sallyport', aud: AUDIENCE, sub: 'key:1', name: 'alice', tenant: null, roles: [] },
    ...{ rid: 'r', jti: Math.random().toString(), iat, exp: iat + 60 },
    ...changes,
  }
}

test('what a gateway says about a caller arrives whole [callers/signed]', () => {
  expect(judge().judge(signer.sign(ALICE, AUDIENCE))).toEqual(ALICE)
  const nobody = { ...ALICE, tenant: null, roles: [] }
  expect(
    judge([new CallerSigner(Buffer.alloc(32, 8), clock).publicKey, signer.publicKey]).judge(
      signer.sign(nobody, AUDIENCE),
    ),
  ).toEqual(nobody)
})

test('a token is good once [callers/once]', () => {
  const believed = judge()
  const token = signer.sign(ALICE, AUDIENCE)
  believed.judge(token)
  expect(() => believed.judge(token)).toThrow(
    expect.objectContaining({ code: 'credential_invalid' }),
  )
  // Each request gets one of its own.
  expect(believed.judge(signer.sign(ALICE, AUDIENCE))).toEqual(ALICE)
})

test('a token is good for a minute, give or take what clocks differ [callers/minute]', () => {
  const token = signer.sign(ALICE, AUDIENCE)
  clock.advance(63_000)
  expect(judge().judge(token)).toEqual(ALICE)
  clock.advance(3_000)
  expect(() => judge().judge(token)).toThrow(
    expect.objectContaining({ code: 'credential_invalid' }),
  )
  const iat = Math.floor(clock.nowMs() / 1_000)
  expect(judge().judge(forge(HEADER, claims({ iat: iat + 4, exp: iat + 60 })))).toBeDefined()
})

test.each([
  ['of another gateway', () => new CallerSigner(Buffer.alloc(32, 9), clock).sign(ALICE, AUDIENCE)],
  ['for another server', () => signer.sign(ALICE, 'http://127.0.0.1:9201/mcp')],
  ['of another type', () => forge({ ...HEADER, typ: 'JWT' }, claims())],
  ['that says it needs no signature', () => forge({ ...HEADER, alg: 'none' }, claims())],
  ['that lives for an hour', () => forge(HEADER, claims({ exp: clock.nowMs() / 1_000 + 3_600 }))],
  ['of the future', () => forge(HEADER, claims({ iat: Math.floor(clock.nowMs() / 1_000) + 30 }))],
  ['of another issuer', () => forge(HEADER, claims({ iss: 'somebody' }))],
  ['without a subject', () => forge(HEADER, claims({ sub: '' }))],
  ['whose tenant is no text', () => forge(HEADER, claims({ tenant: 7 }))],
  ['changed on its way', () => signer.sign(ALICE, AUDIENCE).replace(/\.[^.]/, '.f')],
  ['cut off', () => signer.sign(ALICE, AUDIENCE).slice(0, -1)],
  [
    'without its signature',
    () => `${signer.sign(ALICE, AUDIENCE).split('.').slice(0, 2).join('.')}.`,
  ],
  ['of 100 kB', () => 'eyJ'.padEnd(100_000, 'A')],
  ['of two tokens', () => `${signer.sign(ALICE, AUDIENCE)}, ${signer.sign(ALICE, AUDIENCE)}`],
  ['that is empty', () => ''],
])('a token %s is refused, and not in other words than any [callers/forged]', (_case, token) => {
  const sentence = 'what the gateway said about the caller is not valid'
  expect(() => judge().judge(token())).toThrow(sentence)
})

test('who is not said is nobody [callers/missing]', () => {
  expect(() => judge().judge(undefined)).toThrow(
    expect.objectContaining({ code: 'credential_missing' }),
  )
})

test('a public key that is none is refused before anybody is believed', () => {
  expect(() => judge(['abc'])).toThrow('32 bytes in base64url')
})

test('the public key is told as a set that says what it is for', () => {
  expect(JSON.parse(signer.jwks)).toEqual({
    keys: [
      {
        ...{ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', x: signer.publicKey },
        kid: expect.stringMatching(/^[\w-]{43}$/),
      },
    ],
  })
})
