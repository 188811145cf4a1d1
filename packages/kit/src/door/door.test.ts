import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { RateLimits } from '../limits/index.ts'
import { Secret } from '../secret.ts'
import { createKey } from './api-key.ts'
import { Credentials } from './credentials.ts'
import { Door, type DoorSettings } from './door.ts'
import { Lockout } from './lockout.ts'

const token = 'k3J9xQ2mZ7pL0vB5nR8tY1wC4sD6fG_h'
const clock = new ManualClock()
const key = createKey({ name: 'ci', role: 'caller', tenant: null, expiresAtMs: null, clock })
const keyText = key.text.reveal()

const loopback: DoorSettings = {
  host: '127.0.0.1',
  allowedHosts: [],
  origins: [],
  trustedProxies: [],
  anonymous: false,
}

function open(settings: Partial<DoorSettings> = {}, burst = 1_000) {
  const refused: string[] = []
  const credentials = new Credentials(clock, [{ name: 'ops', values: [new Secret(token)] }])
  credentials.replaceKeys([key.record])
  const state = { overloaded: false }
  const door = new Door(
    { ...loopback, ...settings },
    {
      credentials,
      rates: new RateLimits(clock, { capacity: burst, refillPerSecond: 1 }),
      lockout: new Lockout(clock, { failures: 3, windowMs: 60_000, holdMs: 60_000 }),
      overloaded: () => state.overloaded,
      onRefused: (error, address, principal) =>
        refused.push(`${error.code} ${address} ${principal?.id ?? '-'}`),
    },
  )
  return { door, refused, state }
}

function request(rawHeaders: string[], remoteAddress: string | undefined = '127.0.0.1') {
  // The door reads these two and nothing else, least of all the body.
  return { rawHeaders, socket: { remoteAddress } } as unknown as IncomingMessage
}

function code(door: Door, headers: string[], host = 'localhost:9100'): string {
  const verdict = door.judge(request(['Host', host, ...headers]))
  if (verdict instanceof Promise) throw new TypeError('a key is judged at once')
  return 'pass' in verdict ? verdict.pass.principal.id : verdict.refuse.code
}

test.each([
  ['no header', [], 'credential_missing'],
  ['an empty header', ['Authorization', ''], 'credential_invalid'],
  ['another scheme', ['Authorization', `Basic ${token}`], 'credential_invalid'],
  ['no scheme', ['Authorization', token], 'credential_invalid'],
  ['no space', ['Authorization', `Bearer${token}`], 'credential_invalid'],
  ['two spaces', ['Authorization', `Bearer  ${token}`], 'credential_invalid'],
  ['a tab', ['Authorization', `Bearer\t${token}`], 'credential_invalid'],
  ['a space after', ['Authorization', `Bearer ${token} `], 'credential_invalid'],
  ['a space before', ['Authorization', ` Bearer ${token}`], 'credential_invalid'],
  ['a wrong token', ['Authorization', `Bearer ${token.slice(0, -1)}i`], 'credential_invalid'],
  ['a prefix', ['Authorization', `Bearer ${token.slice(0, -1)}`], 'credential_invalid'],
  ['a longer one', ['Authorization', `Bearer ${token}h`], 'credential_invalid'],
  ['a list', ['Authorization', `Bearer ${token},${token}`], 'credential_invalid'],
  [
    'the header twice',
    ['Authorization', `Bearer ${token}`, 'authorization', `Bearer ${token}`],
    'credential_invalid',
  ],
  ['a token as X-API-Key', ['X-API-Key', token], 'credential_invalid'],
  ['X-API-Key twice', ['X-API-Key', keyText, 'x-api-key', keyText], 'credential_invalid'],
  [
    'two that differ',
    ['Authorization', `Bearer ${token}`, 'X-API-Key', keyText],
    'credential_invalid',
  ],
  ['a broken checksum', ['X-API-Key', `${keyText.slice(0, -1)}!`], 'credential_invalid'],
])('refuses %s [door/credential/wrong]', (_case, headers, expected) => {
  expect(code(open().door, headers)).toBe(expected)
})

test.each([
  ['a token', ['Authorization', `Bearer ${token}`], 'token:ops'],
  ['any case of the scheme', ['authorization', `bEARER ${token}`], 'token:ops'],
  ['a key', ['AUTHORIZATION', `bearer ${keyText}`], `key:${key.record.id}`],
  ['a key as X-API-Key', ['x-api-key', keyText], `key:${key.record.id}`],
  [
    'one key in both',
    ['X-API-Key', keyText, 'Authorization', `Bearer ${keyText}`],
    `key:${key.record.id}`,
  ],
])('lets %s in [door/credential/accepted]', (_case, headers, id) => {
  expect(code(open().door, headers)).toBe(id)
})

test('judges Host first, then Origin, then the credential, then the rate, and counts each refusal [door/order]', () => {
  const { door, refused } = open({}, 1)
  const good = ['Authorization', `Bearer ${token}`]
  const codes = [
    code(door, ['Origin', 'https://evil.com'], 'evil.com'),
    code(door, ['Origin', 'https://evil.com']),
    code(door, ['Authorization', 'Bearer nonsense']),
    code(door, good),
    code(door, good),
  ]
  expect(codes).toEqual([
    'host_not_allowed',
    'origin_not_allowed',
    'credential_invalid',
    'token:ops',
    'rate_limited',
  ])
  expect(refused).toEqual([
    'host_not_allowed 127.0.0.1 -',
    'origin_not_allowed 127.0.0.1 -',
    'credential_invalid 127.0.0.1 -',
    'rate_limited 127.0.0.1 token:ops',
  ])
})

test('refuses a missing Host and two of them [door/host/ambiguous]', () => {
  const { door } = open()
  const judge = (headers: string[]): unknown => door.judge(request(headers))
  expect(judge([])).toMatchObject({ refuse: { code: 'host_not_allowed' }, challenge: false })
  expect(judge(['Host', 'localhost', 'host', 'localhost'])).toMatchObject({
    refuse: { code: 'host_not_allowed' },
  })
})

test('a held address is told when to come back, and a valid credential still passes [door/lockout]', () => {
  const { door } = open()
  const bad = ['Authorization', 'Bearer nonsense']
  for (let index = 0; index < 10; index += 1) code(door, [])
  for (let index = 0; index < 3; index += 1) expect(code(door, bad)).toBe('credential_invalid')
  expect(door.judge(request(['Host', 'localhost', ...bad]))).toMatchObject({
    refuse: { code: 'locked_out', retryAfterMs: 60_000 },
    challenge: false,
  })
  expect(code(door, [])).toBe('credential_missing')
  expect(code(door, ['Authorization', `Bearer ${token}`])).toBe('token:ops')
})

test('anonymous callers are let in on loopback only, and never through a proxy [door/anonymous]', () => {
  const here = open({ anonymous: true }).door
  const there = open({ anonymous: true, host: '0.0.0.0', allowedHosts: ['localhost'] }).door
  expect(code(there, [])).toBe('credential_missing')
  for (const name of [
    'Forwarded',
    'Via',
    'X-Forwarded-For',
    'x-forwarded-port',
    'X-Forwarded-Host',
  ]) {
    expect(code(here, [name, 'x'])).toBe('forwarded_not_allowed')
    expect(code(here, [name, 'x', 'Authorization', `Bearer ${token}`])).toBe(
      'forwarded_not_allowed',
    )
  }
  expect(code(here, [])).toBe('anonymous')
  expect(code(here, ['Authorization', 'Bearer wrong'])).toBe('credential_invalid')
  expect(code(here, ['Authorization', `Bearer ${token}`])).toBe('token:ops')
  expect(code(open().door, ['Via', '1.1 x', 'Authorization', `Bearer ${token}`])).toBe('token:ops')
})

test('mounts without authentication keep the rules of Host, Origin and rate', () => {
  const { door } = open({}, 1)
  const judge = (headers: string[], auth: 'none' | 'optional'): unknown =>
    door.judge(request(headers), { auth })
  expect(judge(['Host', 'evil.com'], 'none')).toMatchObject({
    refuse: { code: 'host_not_allowed' },
  })
  expect(judge(['Host', 'localhost', 'Authorization', 'Bearer x'], 'none')).toMatchObject({
    pass: { principal: undefined },
  })
  expect(judge(['Host', 'localhost'], 'none')).toMatchObject({ refuse: { code: 'rate_limited' } })
  expect(judge(['Host', 'localhost', 'Authorization', 'Bearer x'], 'optional')).toMatchObject({
    refuse: { code: 'credential_invalid' },
  })
  expect(
    door.judge(request(['Host', 'localhost']), { auth: 'optional', rate: false }),
  ).toMatchObject({ pass: { principal: undefined } })
})

test('sheds load while the event loop is too slow [limits/shed]', () => {
  const { door, state } = open()
  state.overloaded = true
  expect(code(door, ['Authorization', `Bearer ${token}`])).toBe('overloaded')
})

test('the address is the peer, normalised, or what a trusted proxy says [door/proxy/trusted]', () => {
  const { door } = open({ trustedProxies: ['10.0.0.0/8'], publicUrl: 'https://mcp.example.com' })
  const address = (peer: string | undefined, host = 'localhost', ...more: string[]): unknown => {
    const headers = ['Host', host, 'Authorization', `Bearer ${token}`, ...more]
    const verdict = door.judge({ rawHeaders: headers, socket: { remoteAddress: peer } } as never) // as above
    if (verdict instanceof Promise) throw new TypeError('a token is judged at once')
    return 'pass' in verdict ? verdict.pass.address : verdict.refuse.code
  }
  expect(address('::ffff:127.0.0.1')).toBe('127.0.0.1')
  expect(address(undefined)).toBe('local')
  expect(address('::ffff:10.0.0.1', 'inner', 'X-Forwarded-Host', 'mcp.example.com')).toBe(
    '10.0.0.1',
  )
  expect(address('8.8.8.8', 'inner', 'X-Forwarded-Host', 'mcp.example.com')).toBe(
    'host_not_allowed',
  )
  expect(address('10.0.0.1', 'localhost', 'X-Forwarded-For', '1.2.3.4')).toBe('1.2.3.4')
})

test('each request has an id of our own [door/request-id]', () => {
  const { door } = open()
  const ids = [1, 2].map(() => {
    const verdict = door.judge(
      request(['Host', 'localhost', 'X-Request-Id', 'mine', 'Authorization', `Bearer ${token}`]),
    )
    return 'pass' in verdict ? verdict.pass.requestId : ''
  })
  expect(ids[0]).toMatch(/^[0-9a-z]{8}-[0-9a-z]+$/)
  expect(ids[0]).not.toBe(ids[1])
})
