import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attacked, sendRaw, statusesOf } from '../fixtures/attack.ts'
import { modernBody, modernHeaders } from '../fixtures/wire.ts'

let attacked: Attacked
beforeAll(async () => {
  attacked = await Attacked.start({
    auth: {
      clientCertificates: {
        ...{ header: 'X-Client-Subject', verifiedHeader: 'X-Client-Verify' },
        subjects: [{ name: 'chief', subject: 'CN=chief', roles: ['admin'] }],
      },
    },
    config: {
      trustedProxies: ['10.9.9.9'],
      allowFrom: { admin: ['127.0.0.1'], listen: ['127.0.0.1'] },
      limits: {
        lockout: { failures: 0 },
        perPrincipal: { rate: '100000/s', burst: 1_000_000, concurrent: 64 },
        requestBytes: '64KiB',
      },
    },
  })
})
afterAll(() => attacked[Symbol.asyncDispose]())

/** Carried out only if something of an attack is read as a request of its own. */
const HIDDEN = 'hidden-canary'

const body = (message: string): string =>
  JSON.stringify(modernBody('tools/call', { name: 'spy__echo', arguments: { message } }))

/** The headers of a call, as lines, with the token of `root`. */
function lines(token = attacked.token('root')): string[] {
  const headers = modernHeaders(token, 'tools/call', 'spy__echo')
  const all = { host: 'localhost', 'content-type': 'application/json', ...headers }
  return Object.entries(all).map(([name, value]) => `${name}: ${value}`)
}

function message(headers: readonly string[], content: string, line = 'POST /mcp HTTP/1.1'): string {
  return `${[line, ...headers].join('\r\n')}\r\n\r\n${content}`
}

/** A whole call with its length, which must never be carried out where an attacker hid it. */
function hidden(text = HIDDEN): string {
  const content = body(text)
  return message([...lines(), `content-length: ${content.length}`], content)
}

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const length = (text: string): string => `content-length: ${text.length}`

/** What was called at the server behind, by the message of the call. */
const wasCalled = (text: string): boolean =>
  attacked.spy.seen.some((seen) => seen.body.includes(text))

const SMUGGLED: readonly (readonly [name: string, bytes: () => string])[] = [
  [
    'CL.TE',
    () =>
      message(
        [...lines(), 'content-length: 6', 'transfer-encoding: chunked'],
        `0\r\n\r\n${hidden()}`,
      ),
  ],
  [
    'TE.CL',
    () =>
      message(
        [...lines(), 'transfer-encoding: chunked', 'content-length: 4'],
        `${chunk(hidden())}0\r\n\r\n`,
      ),
  ],
  [
    'two lengths',
    () => message([...lines(), 'content-length: 2', 'content-length: 0'], `{}${hidden()}`),
  ],
  [
    'two equal lengths',
    () => message([...lines(), 'content-length: 2', 'content-length: 2'], `{}${hidden()}`),
  ],
  ['a list of lengths', () => message([...lines(), 'content-length: 2, 2'], `{}${hidden()}`)],
  ['a negative length', () => message([...lines(), 'content-length: -1'], hidden())],
  ['a signed length', () => message([...lines(), 'content-length: +2'], `{}${hidden()}`)],
  ['a hexadecimal length', () => message([...lines(), 'content-length: 0x2'], `{}${hidden()}`)],
  [
    'a length beyond all numbers',
    () => message([...lines(), 'content-length: 99999999999999999999'], hidden()),
  ],
  ['an empty length', () => message([...lines(), 'content-length: '], hidden())],
  ['a space before the colon', () => message([...lines(), 'content-length : 2'], `{}${hidden()}`)],
  [
    'chunked with a space before the colon',
    () => message([...lines(), 'transfer-encoding : chunked'], `0\r\n\r\n${hidden()}`),
  ],
  [
    'chunked twice',
    () =>
      message(
        [...lines(), 'transfer-encoding: chunked', 'transfer-encoding: chunked'],
        `0\r\n\r\n${hidden()}`,
      ),
  ],
  [
    'chunked, then identity',
    () => message([...lines(), 'transfer-encoding: chunked, identity'], `0\r\n\r\n${hidden()}`),
  ],
  [
    'xchunked',
    () => message([...lines(), 'transfer-encoding: xchunked', 'content-length: 4'], hidden()),
  ],
  [
    'a folded transfer-encoding',
    () => message([...lines(), 'transfer-encoding:\r\n chunked', 'content-length: 4'], hidden()),
  ],
  [
    'a vertical tab before chunked',
    () => message([...lines(), 'transfer-encoding: \vchunked', 'content-length: 4'], hidden()),
  ],
  [
    'a bare LF before transfer-encoding',
    () =>
      message(
        [...lines(), 'x: y\ntransfer-encoding: chunked', 'content-length: 4'],
        `0\r\n\r\n${hidden()}`,
      ),
  ],
  [
    'a bare CR in a header',
    () => message([...lines(), 'x: y\rtransfer-encoding: chunked'], `0\r\n\r\n${hidden()}`),
  ],
  ['a NUL in a header', () => message([...lines(), 'x: y\0', 'content-length: 0'], hidden())],
  [
    'a bad chunk size',
    () => message([...lines(), 'transfer-encoding: chunked'], `zz\r\n${hidden()}`),
  ],
  [
    'a chunk size beyond all numbers',
    () => message([...lines(), 'transfer-encoding: chunked'], `fffffffffffffffff\r\n${hidden()}`),
  ],
  [
    'a chunk that is longer than it says',
    () => message([...lines(), 'transfer-encoding: chunked'], `2\r\n{}${hidden()}`),
  ],
  [
    'a chunk extension with a line break',
    () => message([...lines(), 'transfer-encoding: chunked'], `0;a\n\r\n${hidden()}`),
  ],
  [
    'a space in the target',
    () => message([...lines(), 'content-length: 0'], hidden(), 'POST /mcp x HTTP/1.1'),
  ],
  ['HTTP/0.9', () => `GET /mcp\r\n\r\n${hidden()}`],
  ['HTTP/3.7', () => message([...lines(), 'content-length: 0'], hidden(), 'POST /mcp HTTP/3.7')],
  ['a header without a name', () => message([': x', ...lines(), 'content-length: 0'], hidden())],
  ['a folded first header', () => message([' x: y', ...lines(), 'content-length: 0'], hidden())],
]

test('the hidden call by itself is carried out, also as the second of two', async () => {
  const both = `${hidden('first of two')}${hidden('second of two')}`
  expect(statusesOf(await sendRaw(attacked.gateway.data, both))).toEqual([200, 200])
  expect([wasCalled('first of two'), wasCalled('second of two')]).toEqual([true, true])
})

test.each(SMUGGLED)(
  '%s: the request is refused and what hides behind it is not carried out [attacks/framing]',
  async (_name, make) => {
    const bytes = Buffer.from(make(), 'latin1')
    const received = await Promise.all(
      (['data', 'admin'] as const).map((listener) => sendRaw(attacked.gateway[listener], bytes)),
    )
    expect(received.flatMap(statusesOf).filter((status) => status < 400)).toEqual([])
    expect(wasCalled(HIDDEN)).toBe(false)
  },
)

test('a body that is refused at the door is not read as the next request [attacks/framing]', async () => {
  const inner = hidden()
  const outer = message(['host: localhost', 'content-type: application/json', length(inner)], inner)
  for (const listener of ['data', 'admin'] as const) {
    const found = statusesOf(await sendRaw(attacked.gateway[listener], outer))
    expect([listener, found]).toEqual([listener, [401]])
  }
  expect(wasCalled(HIDDEN)).toBe(false)
})

/** Lines laid over a good call; the status must be the one given, and who calls the one that the token says. */
const FORGED: readonly (readonly [
  name: string,
  header: () => readonly string[],
  status: number,
])[] = [
  ['a second Authorization', () => [`authorization: Bearer ${attacked.token('root')}`], 401],
  [
    'an Authorization in other case',
    () => [`AUTHORIZATION: Bearer ${attacked.token('viewer')}`],
    401,
  ],
  ['an X-API-Key that is none', () => [`x-api-key: ${attacked.token('root')}`], 401],
  ['an X-API-Key that disagrees', () => ['x-api-key: sp_aaaaaaaa_bbbbbbbb'], 401],
  ['two credentials in one line', () => [], 401],
  ['two Hosts', () => ['host: localhost'], 400],
  ['another Host beside', () => ['host: evil.example.com'], 400],
  ['X-Forwarded-Host', () => ['x-forwarded-host: evil.example.com'], 200],
  ['X-Forwarded-For from outside', () => ['x-forwarded-for: 8.8.8.8'], 200],
  ['X-Forwarded-For through the proxy', () => ['x-forwarded-for: 8.8.8.8, 10.9.9.9'], 200],
  ['Forwarded', () => ['forwarded: for=8.8.8.8;host=evil.example.com;proto=https'], 200],
  [
    'X-Real-IP',
    () => ['x-real-ip: 8.8.8.8', 'true-client-ip: 8.8.8.8', 'cf-connecting-ip: 8.8.8.8'],
    200,
  ],
  [
    'a client certificate by header',
    () => [
      'x-client-cert: x',
      'x-ssl-client-cert: x',
      'x-forwarded-client-cert: Subject="CN=admin"',
      'ssl-client-subject-dn: CN=admin',
      'client-cert: :AAAA:',
    ],
    200,
  ],
  [
    'a caller by header',
    () => ['sallyport-caller: admin', 'x-remote-user: root', 'x-sallyport-principal: token:t-root'],
    200,
  ],
]

test.each(FORGED)(
  '%s: the caller stays who it is [attacks/headers]',
  async (name, make, status) => {
    const content = body(`forged ${name}`)
    const good = lines(attacked.token('beta'))
    const own = name.startsWith('two credentials')
      ? good.map((line) =>
          line.startsWith('authorization') ? `${line}, Bearer ${attacked.token('root')}` : line,
        )
      : good
    const bytes = message([...own, ...make(), length(content)], content)
    const [got] = statusesOf(await sendRaw(attacked.gateway.data, bytes))
    // Two Hosts are refused by the parser or by the door.
    expect(status === 400 ? [400, 403] : [status]).toContain(got)
    expect(wasCalled(`forged ${name}`)).toBe(status === 200)
    const me = message(
      [...own.filter((line) => /^(?:host|authorization)/.test(line)), ...make()],
      '',
      'GET /api/v1/auth/me HTTP/1.1',
    )
    const received = await sendRaw(attacked.gateway.admin, me)
    expect(received.includes('token:t-beta')).toBe(status === 200)
    expect(received).not.toContain('token:t-root')
  },
)

test.each([
  ['the subject', ['x-client-subject: CN=chief']],
  ['the subject and its check', ['x-client-subject: CN=chief', 'x-client-verify: SUCCESS']],
  ['both in capitals', ['X-CLIENT-SUBJECT: CN=chief', 'X-CLIENT-VERIFY: SUCCESS']],
  [
    'both twice',
    ['x-client-subject: CN=chief', 'x-client-subject: CN=chief', 'x-client-verify: SUCCESS'],
  ],
  [
    'both and a proxy as origin',
    ['x-client-subject: CN=chief', 'x-client-verify: SUCCESS', 'x-forwarded-for: 10.9.9.9'],
  ],
  ['both by underscores', ['x_client_subject: CN=chief', 'x_client_verify: SUCCESS']],
])(
  'a certificate that somebody else than the proxy names by %s lets nobody in [attacks/headers]',
  async (_name, headers) => {
    for (const listener of ['data', 'admin'] as const) {
      const page = listener === 'data' ? '/mcp' : '/api/v1/auth/me'
      const bytes = message(['host: localhost', ...headers], '', `GET ${page} HTTP/1.1`)
      const received = await sendRaw(attacked.gateway[listener], bytes)
      expect([400, 401, 403]).toContain(statusesOf(received)[0])
      expect(received).not.toContain('chief')
      // Nor does it make more of whoever is in by other means.
      const token = `authorization: Bearer ${attacked.token('viewer')}`
      const both = message(['host: localhost', token, ...headers], '', `GET ${page} HTTP/1.1`)
      expect(await sendRaw(attacked.gateway[listener], both)).not.toContain('chief')
    }
  },
)

test('what forwarding headers of anybody say is no address in the audit log [attacks/headers]', async () => {
  const answer = await attacked.api('root', 'GET', '/api/v1/audit?limit=1000')
  const { items } = answer.json as unknown as { items: { address: string }[] }
  expect(new Set(items.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']))
})

const HOSTS = [
  'evil.example.com',
  'localhost.evil.example.com',
  'evil.example.com:80',
  'localhost@evil.example.com',
  'evil.example.com#localhost',
  'evil.example.com/localhost',
  '127.0.0.1.nip.io',
  '127.0.0.1 evil.example.com',
  '2130706433',
  '0x7f.1',
  '127.1',
  '0.0.0.0',
  '[::ffff:8.8.8.8]',
  '[::]',
  'localhost:',
  'localhost:99999',
  'localhost:80:80',
  'ⅼocalhost',
  'localhost%00',
  '',
]

test.each(HOSTS)(
  'the Host "%s" is refused or means this machine, and leads nobody in without a credential [attacks/headers]',
  async (host) => {
    for (const listener of ['data', 'admin'] as const) {
      const page = listener === 'data' ? '/mcp' : '/api/v1/keys'
      const bytes = Buffer.from(
        `GET ${page} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
      )
      const received = await sendRaw(attacked.gateway[listener], bytes)
      const [status] = statusesOf(received)
      expect([400, 401, 403]).toContain(status)
      // Whoever it names, no answer repeats it.
      expect(received.includes('evil.example.com')).toBe(false)
    }
  },
)

const OVERSIZED: readonly (readonly [name: string, headers: () => string[]])[] = [
  ['a cookie of 100 kB', () => [`cookie: sallyport=${'x'.repeat(100_000)}`]],
  [
    'ten thousand cookies',
    () => [`cookie: ${Array.from({ length: 10_000 }, (_one, at) => `c${at}=x`).join('; ')}`],
  ],
  ['a header of 100 kB', () => [`x-large: ${'x'.repeat(100_000)}`]],
  ['five thousand headers', () => Array.from({ length: 5_000 }, (_one, at) => `x-${at}: ${at}`)],
  ['an Authorization of 100 kB', () => [`authorization: Bearer ${'x'.repeat(100_000)}`]],
]

test.each(OVERSIZED)(
  '%s is refused, and others are served meanwhile [attacks/headers]',
  async (_name, make) => {
    for (const listener of ['data', 'admin'] as const) {
      const page = listener === 'data' ? '/mcp' : '/api/v1/keys'
      const bytes = message(['host: localhost', ...make()], '', `GET ${page} HTTP/1.1`)
      const found = statusesOf(await sendRaw(attacked.gateway[listener], bytes))
      // Cut off while it still sends is an answer, too.
      expect(found.filter((status) => ![400, 401, 431].includes(status))).toEqual([])
    }
    expect(await attacked.api('root', 'GET', '/api/v1/auth/me')).toMatchObject({ status: 200 })
  },
)

test.each([
  'access_token',
  'token',
  'key',
  'api_key',
  'apikey',
  'authorization',
  'Authorization',
  'x-api-key',
  'bearer',
  'session',
  'sallyport',
])('a credential as ?%s= is not accepted and not logged [attacks/headers]', async (name) => {
  const token = attacked.token('root')
  for (const listener of ['data', 'admin'] as const) {
    const page = listener === 'data' ? '/mcp' : '/api/v1/auth/me'
    const target = `${page}?${name}=${token}&${name}=Bearer%20${token}`
    const received = await sendRaw(
      attacked.gateway[listener],
      message(['host: localhost'], '', `GET ${target} HTTP/1.1`),
    )
    expect(statusesOf(received)).toEqual([401])
    expect(received).not.toContain(token)
  }
  expect(attacked.gateway.logs).not.toContain(token)
})
