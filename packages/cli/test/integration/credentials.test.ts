import { readdir, readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { head, RawConnection } from '../fixtures/raw-connection.ts'
import { send } from '../fixtures/send.ts'
import { type SpyServer, startSpyServer } from '../fixtures/servers/spy-server.ts'
import { callTool, modernBody, modernHeaders, textOf } from '../fixtures/wire.ts'

let spy: SpyServer
let gateway: TestGateway
let key: string
beforeAll(async () => {
  spy = await startSpyServer()
  gateway = await startGateway({
    env: { MCP_LOG_LEVEL: 'debug' },
    config: {
      mcpServers: { spy: { url: spy.url } },
      limits: {
        lockout: { failures: 0 },
        perPrincipal: { rate: '100000/s', burst: 1_000_000, concurrent: 64 },
      },
      log: { access: true },
    },
  })
  key = await gateway.createKey('credentials')
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await spy[Symbol.asyncDispose]()
})

const CALL = modernBody('tools/call', { name: 'spy__echo', arguments: { message: 'hi' } })

/** The mirror headers of CALL without any credential. */
function bare(): Record<string, string> {
  const { authorization: _unused, ...headers } = modernHeaders('', 'tools/call', 'spy__echo')
  return headers
}

/** Same length, other first or last character, still of a token's alphabet. */
function changed(secret: string, at: 'first' | 'last'): string {
  const other = (character: string | undefined): string => (character === 'A' ? 'B' : 'A')
  return at === 'first'
    ? `${other(secret[0])}${secret.slice(1)}`
    : `${secret.slice(0, -1)}${other(secret.at(-1))}`
}

const REFUSED: [string, (secret: string) => Record<string, string>][] = [
  ['no header', () => ({})],
  ['an empty header', () => ({ authorization: '' })],
  ['the scheme alone', () => ({ authorization: 'Bearer' })],
  ['a wrong scheme', (secret) => ({ authorization: `Basic ${secret}` })],
  ['no scheme', (secret) => ({ authorization: secret })],
  [
    'a wrong first character',
    (secret) => ({ authorization: `Bearer ${changed(secret, 'first')}` }),
  ],
  ['a wrong last character', (secret) => ({ authorization: `Bearer ${changed(secret, 'last')}` })],
  ['a prefix', (secret) => ({ authorization: `Bearer ${secret.slice(0, -1)}` })],
  ['more than the token', (secret) => ({ authorization: `Bearer ${secret}A` })],
  ['two spaces before it', (secret) => ({ authorization: `Bearer  ${secret}` })],
  ['a tab before it', (secret) => ({ authorization: `Bearer\t${secret}` })],
  ['a space and more behind it', (secret) => ({ authorization: `Bearer ${secret} x` })],
  ['an encoded space behind it', (secret) => ({ authorization: `Bearer ${secret}%20` })],
  ['quotes around it', (secret) => ({ authorization: `Bearer "${secret}"` })],
  ['it in a cookie', (secret) => ({ cookie: `access_token=${secret}; authorization=${secret}` })],
  ['it as a proxy credential', (secret) => ({ 'proxy-authorization': `Bearer ${secret}` })],
]

test.each(REFUSED)(
  'refuses %s with 401, runs no tool and calls no server [door/credential/wrong]',
  async (_case, given) => {
    for (const secret of [gateway.token, key]) {
      const before = spy.seen.length
      const answer = await send(gateway.url, {
        headers: { ...bare(), ...given(secret) },
        body: CALL,
      })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
      expect(answer.json.error).toMatchObject({
        data: { code: expect.stringMatching(/^credential_/) },
      })
      expect(spy.seen).toHaveLength(before)
    }
  },
)

test('refuses a token in the address [door/credential/query]', async () => {
  for (const name of ['access_token', 'token', 'key', 'api_key', 'authorization']) {
    const url = `${gateway.url}?${name}=${gateway.token}`
    expect(await send(url, { headers: bare(), body: CALL })).toMatchObject({ status: 401 })
  }
})

test('refuses a request that brings its credential twice, even when both are right [door/credential/twice]', async () => {
  await using connection = await RawConnection.open(gateway.url)
  const authorization = `Authorization: Bearer ${gateway.token}`
  const body = JSON.stringify(CALL)
  const headers = [
    'Host: localhost',
    authorization,
    authorization,
    `Content-Length: ${body.length}`,
  ]
  await connection.write(
    head('POST', '/mcp', [...headers, 'Content-Type: application/json']) + body,
  )
  expect(await connection.status()).toBe(401)
})

test('a space behind the token is no part of the header (RFC 9110 §5.5); of the token it would be wrong', async () => {
  await using connection = await RawConnection.open(gateway.url)
  const body = JSON.stringify(CALL)
  const headers = [
    'Host: localhost',
    `Authorization: Bearer ${gateway.token} `,
    `Content-Length: ${body.length}`,
    'Content-Type: application/json',
    ...Object.entries(bare()).map(([name, value]) => `${name}: ${value}`),
  ]
  await connection.write(head('POST', '/mcp', headers) + body)
  expect(await connection.status()).toBe(200)
  const inside = { ...bare(), 'x-api-key': `${key} x` }
  expect(await send(gateway.url, { headers: inside, body: CALL })).toMatchObject({ status: 401 })
})

test('accepts the scheme in any case, and our keys as X-API-Key [door/credential/accepted]', async () => {
  for (const headers of [
    { authorization: `bearer ${gateway.token}` },
    { authorization: `BEARER ${key}` },
    { 'x-api-key': key },
  ]) {
    const answer = await send(gateway.url, { headers: { ...bare(), ...headers }, body: CALL })
    expect([answer.status, textOf(answer)]).toEqual([200, '{"message":"hi"}'])
  }
})

test('a revoked key is refused at once [door/key/revoked]', async () => {
  const short = await gateway.createKey('short-lived')
  const caller = { url: gateway.url, token: short }
  expect(await callTool(caller, 'spy__echo', {})).toMatchObject({ status: 200 })
  await gateway.json(['keys', 'revoke', 'short-lived'])
  expect(await callTool(caller, 'spy__echo', {})).toMatchObject({ status: 401 })
})

const TRIES = 2_000
/** Of the median: far below what comparing or hashing differently costs, above what one machine wobbles. */
const SPREAD_MAX = 0.1

test.each(['token', 'key'] as const)(
  'a wrong first and a wrong last character of a %s take the same time over 2,000 tries [door/credential/timing]',
  async (kind) => {
    const secret = kind === 'token' ? gateway.token : key
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const timesUs: Record<'first' | 'last', number[]> = { first: [], last: [] }
    const tryOnce = async (at: 'first' | 'last'): Promise<void> => {
      const headers = { authorization: `Bearer ${changed(secret, at)}` }
      const startedMs = performance.now()
      const { status } = await send(gateway.url, { method: 'GET', headers, agent })
      timesUs[at].push((performance.now() - startedMs) * 1_000)
      expect(status).toBe(401)
    }
    // In turns, and the turns in turns, so that drift of the machine touches both alike.
    for (let index = 0; index < TRIES; index += 1) {
      await tryOnce(index % 2 === 0 ? 'first' : 'last')
      await tryOnce(index % 2 === 0 ? 'last' : 'first')
    }
    agent.destroy()
    const [first, last] = [median(timesUs.first), median(timesUs.last)]
    expect(Math.abs(first - last) / Math.min(first, last)).toBeLessThan(SPREAD_MAX)
  },
)

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

test('no credential, right or wrong, is in any log or in the store [door/credential/unlogged]', async () => {
  const secrets = [gateway.token, key].flatMap((secret) => [
    secret,
    secret.slice(0, -1),
    changed(secret, 'first'),
    changed(secret, 'last'),
  ])
  const folder = join(gateway.dir, 'data')
  const files = await readdir(folder)
  expect(files).toContain('sallyport.db')
  const texts = await Promise.all(
    files
      .filter((name) => name.startsWith('sallyport.db') && !name.endsWith('.sock'))
      .map((name) => readFile(join(folder, name), 'latin1')),
  )
  // The access log and the audit log were written: an empty haystack proves nothing.
  expect(gateway.logs).toContain('/mcp')
  for (const [index, haystack] of [gateway.logs, ...texts].entries()) {
    const found = secrets.filter((secret) => haystack.includes(secret))
    expect({ index, found: found.length }).toEqual({ index, found: 0 })
  }
})
