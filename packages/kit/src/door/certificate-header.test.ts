import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { RateLimits } from '../limits/index.ts'
import { Secret } from '../secret.ts'
import { readSubject } from './certificate-header.ts'
import { Credentials } from './credentials.ts'
import { Door } from './door.ts'
import { Lockout } from './lockout.ts'

const HEADERS = { header: 'x-client-subject', verifiedHeader: 'x-client-verify' }
const ROBOT = 'CN=robot,O=Acme'
const GOOD = ['X-Client-Subject', ROBOT, 'X-Client-Verify', 'SUCCESS']
const TOKEN = 'k3J9xQ2mZ7pL0vB5nR8tY1wC4sD6fG_h'
const PROXY = '10.0.0.1'

test.each([
  ['from somebody who is no proxy', GOOD, false],
  ['the verdict alone, from somebody who is no proxy', ['X-Client-Verify', 'SUCCESS'], false],
  ['an empty one from somebody who is no proxy', ['x-client-subject', ''], false],
  ['twice', [...GOOD, 'x-CLIENT-subject', 'CN=admin'], true],
  ['with two verdicts', [...GOOD, 'X-Client-Verify', 'SUCCESS'], true],
  ['unverified', [...GOOD.slice(0, 3), 'FAILED:expired'], true],
  ['without a verdict', GOOD.slice(0, 2), true],
  ['with a verdict in another case', [...GOOD.slice(0, 3), 'success'], true],
])('a subject that came %s is refused [keys/certificates]', (_case, raw, isTrusted) => {
  expect(() => readSubject(raw, HEADERS, isTrusted)).toThrow(
    expect.objectContaining({ code: 'credential_invalid' }),
  )
})

test('no header, or an empty one of a trusted proxy, is no certificate', () => {
  expect(readSubject([], HEADERS, false)).toBeUndefined()
  const empty = ['X-Client-Subject', '', 'X-Client-Verify', 'NONE']
  expect(readSubject(empty, HEADERS, true)).toBeUndefined()
  expect(readSubject(GOOD, HEADERS, true)).toBe(ROBOT)
})

function openDoor() {
  const clock = new ManualClock()
  const credentials = new Credentials(clock, [{ name: 'ops', values: [new Secret(TOKEN)] }])
  credentials.replaceCertificates([
    { name: 'robot', subject: ROBOT, roles: ['viewer'] },
    { name: 'far', subject: 'CN=far', allowFrom: ['192.0.2.1'] },
  ])
  const limits = { failures: 3, windowMs: 60_000, holdMs: 60_000 }
  const door = new Door(
    {
      ...{ host: '127.0.0.1', allowedHosts: [], origins: [], anonymous: false },
      ...{ trustedProxies: [PROXY], clientCertificates: HEADERS },
    },
    {
      credentials,
      rates: new RateLimits(clock, { capacity: 100, refillPerSecond: 1 }),
      lockout: new Lockout(clock, limits),
      onRefused: () => undefined,
    },
  )
  const ask = (peer: string, headers: readonly string[]) => {
    const rawHeaders = ['Host', 'localhost', ...headers]
    const socket = { remoteAddress: peer }
    const verdict = door.judge({ rawHeaders, socket, url: '/mcp' } as unknown as IncomingMessage) // all it reads
    if (verdict instanceof Promise) throw new Error('nothing here is waited for')
    return 'pass' in verdict ? verdict.pass.principal : verdict.refuse.code
  }
  return { ask, credentials }
}

test('who a trusted proxy names is that certificate’s principal, with its role [keys/certificates]', () => {
  const { ask } = openDoor()
  expect(ask(PROXY, GOOD)).toMatchObject({ id: 'certificate:robot', roles: ['viewer'] })
  expect(ask('10.0.0.2', GOOD)).toBe('credential_invalid')
  const unknown = ['X-Client-Subject', 'CN=nobody', 'X-Client-Verify', 'SUCCESS']
  expect(ask(PROXY, unknown)).toBe('credential_invalid')
  const far = ['X-Client-Subject', 'CN=far', 'X-Client-Verify', 'SUCCESS']
  expect(ask(PROXY, far)).toBe('address_not_allowed')
  expect(ask(PROXY, [...far, 'X-Forwarded-For', '192.0.2.1'])).toMatchObject({ name: 'far' })
})

test('a token counts before a certificate, and neither saves a header that may not come from there', () => {
  const { ask, credentials } = openDoor()
  const token = ['Authorization', `Bearer ${TOKEN}`]
  expect(ask(PROXY, [...GOOD, ...token])).toMatchObject({ id: 'token:ops' })
  expect(ask('10.0.0.2', [...GOOD, ...token])).toBe('credential_invalid')
  // A subject is no token, and a token no subject.
  expect(credentials.lookup(ROBOT)).toBeUndefined()
  expect(credentials.certificate(TOKEN, PROXY)).toBeUndefined()
})

test('a certificate that is taken out of the configuration ends', () => {
  const { ask, credentials } = openDoor()
  expect(credentials.replaceCertificates([])).toMatchObject({
    ended: ['certificate:robot', 'certificate:far'],
  })
  expect(ask(PROXY, GOOD)).toBe('credential_invalid')
})
