import { existsSync, readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { Sealer } from '@sallyport/kit/crypto'
import type { Log } from '@sallyport/kit/log'
import { TestIssuer } from '@sallyport/kit/testing/issuer'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { post, RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'
import { legacyServer, startRawHttp, textAnswer } from '../fixtures/upstreams/raw-http-server.ts'

let issuer: TestIssuer
let gateway: TestGateway

beforeEach(async () => {
  issuer = await TestIssuer.start()
  gateway = await TestGateway.start({
    mcpServers: { files: hostileEntry('echo') },
    config: { auth: { issuers: { main: mainIssuer() } } },
  })
})

afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

function mainIssuer(more: object = {}): object {
  return {
    issuer: issuer.url,
    algorithms: ['ES256'],
    scopes: { 'mcp:look': 'viewer', 'mcp:call': 'caller' },
    jwksCooldown: '1s',
    ...more,
  }
}

const sign = (claims: object = {}): Promise<string> =>
  issuer.sign({ claims: { aud: gateway.data, scope: 'mcp:call', ...claims } })

const metadataOf = (path: string): string =>
  `${gateway.data}/.well-known/oauth-protected-resource${path}`

test.each(['legacy', 'modern'] as const)(
  'a %s client with a token of the provider lists and calls',
  async (era) => {
    const client = await RawClient.open(gateway, era, await sign())
    expect((await client.list()).message.result?.tools?.map(({ name }) => name)).toEqual([
      'files__echo',
    ])
    expect((await client.call('files__echo')).status).toBe(200)
  },
)

test('a token for another gateway is refused with a challenge [tokens/challenge]', async () => {
  const client = await RawClient.open(gateway, 'modern', await sign({ aud: 'https://x.example' }))
  const { status, headers } = await client.list()
  expect([status, headers.get('www-authenticate')]).toEqual([
    401,
    `Bearer error="invalid_token", scope="mcp:look", resource_metadata="${metadataOf('/mcp')}"`,
  ])
})

test.each(['legacy', 'modern'] as const)(
  'a token of a %s client that may only look is told which scope a call needs [tokens/step-up]',
  async (era) => {
    const client = await RawClient.open(gateway, era, await sign({ scope: 'mcp:look other' }))
    expect((await client.list()).status).toBe(200)
    const { status, headers, message } = await client.call('files__echo')
    expect([status, headers.get('www-authenticate'), message.error?.data]).toEqual([
      403,
      `Bearer error="insufficient_scope", scope="mcp:look mcp:call", resource_metadata="${metadataOf('/mcp')}"`,
      expect.objectContaining({ code: 'insufficient_scope' }),
    ])
  },
)

test('a page of a configured origin may read metadata and challenges [tokens/challenge]', async () => {
  await reload({ origins: ['https://app.example.com'] })
  const headers = { origin: 'https://app.example.com' }
  const metadata = await fetch(metadataOf('/mcp'), { headers })
  expect(metadata.headers.get('access-control-allow-origin')).toBe(headers.origin)
  const refused = await fetch(gateway.url(), { method: 'POST', headers })
  expect(refused.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
})

test('metadata stands at the root and with the path inserted, whether or not that is there [tokens/metadata] [tokens/scopes-minimal]', async () => {
  for (const path of ['', '/mcp', '/mcp/support', '/servers/files/mcp', '/servers/none/mcp']) {
    const response = await fetch(`${metadataOf(path)}?x=1`)
    expect(await response.json()).toEqual({
      resource: `${gateway.data}${path}`,
      authorization_servers: [issuer.url],
      scopes_supported: ['mcp:look', 'mcp:call'],
      bearer_methods_supported: ['header'],
    })
  }
  for (const path of [
    '/',
    '/mcp/',
    '/mcp/A',
    '/servers/files',
    '/servers/files/sse',
    'x',
    '//mcp',
  ]) {
    expect([path, (await fetch(metadataOf(path))).status]).toEqual([path, 404])
  }
})

test('metadata is read and not written, and is gone with the last issuer [tokens/metadata]', async () => {
  const post = await fetch(metadataOf('/mcp'), { method: 'POST' })
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  gateway.configure({})
  await gateway.running.config.reload({ cause: 'signal', by: '' })
  expect((await fetch(metadataOf('/mcp'))).status).toBe(404)
  const refused = await fetch(gateway.url(), { method: 'POST' })
  expect(refused.headers.get('www-authenticate')).toBe('Bearer')
})

test('who brings no token is told where to get one and for what, and of no error [tokens/challenge] [tokens/scopes-minimal]', async () => {
  for (const [path, resource] of [
    ['/mcp', '/mcp'],
    ['/servers/files/mcp', '/servers/files/mcp'],
    ['/servers/files/sse', '/servers/files/mcp'],
    ['/nowhere', ''],
  ] as const) {
    const { status, headers } = await fetch(`${gateway.data}${path}`, { method: 'POST' })
    expect([status, headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer scope="mcp:look", resource_metadata="${metadataOf(resource)}"`,
    ])
  }
})

test('where no scope gives what is missing, none is asked for [tokens/step-up]', async () => {
  const rules = mainIssuer({ scopes: { look: 'viewer' }, defaultRoles: [] })
  await reload({ auth: { issuers: { main: rules } } })
  const client = await RawClient.open(gateway, 'modern', await sign({ scope: 'look' }))
  const { status, message } = await client.call('files__echo')
  expect([status, message.result?.isError]).toEqual([200, true])
})

test('the role of one scope may cover what others give [tokens/step-up]', async () => {
  const rules = mainIssuer({ scopes: { look: 'viewer', all: 'admin' } })
  await reload({ auth: { issuers: { main: rules } } })
  const client = await RawClient.open(gateway, 'modern', await sign({ scope: 'all' }))
  expect((await client.call('files__echo')).status).toBe(200)
})

test('a token in the query is as good as none [tokens/header-only]', async () => {
  const target = `${gateway.url()}?access_token=${await sign()}`
  const { status, headers } = await fetch(target, { method: 'POST' })
  expect([status, headers.get('www-authenticate')]).toEqual([
    401,
    expect.not.stringContaining('invalid_token'),
  ])
})

test('a server gets nothing of the token of a client [tokens/not-passed-on]', async () => {
  await using spy = await startRawHttp(
    legacyServer((seen, response) => textAnswer(seen, response, 'ok')),
  )
  await reload({ mcpServers: { spy: { url: spy.url } } })
  const token = await sign()
  for (const era of ['legacy', 'modern'] as const) {
    const client = await RawClient.open(gateway, era, token)
    await client.list()
    expect(textOf(await client.call('spy__a', { text: 'x' }))).toBe('ok')
  }
  const seen = JSON.stringify(spy.seen)
  expect(seen).toContain('tools/call')
  for (const part of token.split('.')) expect(seen).not.toContain(part)
  expect(spy.seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([])
})

test('a session is worth nothing without a good token of its owner [tokens/each-request]', async () => {
  const alice = await RawClient.open(gateway, 'legacy', await sign())
  const session = alice.sessionId
  const as = async (credential: object): Promise<number> => {
    const headers = { 'mcp-session-id': session, ...credential }
    const { status } = await post(gateway.url(), { ...PING }, headers)
    return status
  }
  const bearer = (token: string): object => ({ authorization: `Bearer ${token}` })
  expect(await as({})).toBe(401)
  expect(await as(bearer(await sign({ exp: 1 })))).toBe(401)
  expect(await as(bearer(await sign({ sub: 'bob' })))).toBe(404)
  // A fresh token of the same subject is the same caller.
  expect(await as(bearer(await sign({ iat: undefined, jti: 'next' })))).toBe(200)
})

test('when the last token of a caller ends, so does its stream [tokens/remembered]', async () => {
  await reload({ auth: { issuers: { main: mainIssuer({ skew: '0s' }) } } })
  const now = Math.floor(Date.now() / 1_000)
  const client = await RawClient.open(gateway, 'legacy', await sign({ exp: now + 2 }))
  const stream = await client.listen()
  expect(stream.status).toBe(200)
  await stream.over
  expect((await client.list()).status).toBe(401)
})

test('tokens and subjects are kept nowhere in the clear [tokens/not-kept] [tokens/subjects]', async () => {
  const lines: string[] = []
  gateway.log = collectingLog(lines)
  await gateway.restart()
  const sub = 'alice-canary@example.com'
  const good = await sign({ sub })
  const bad = await sign({ sub, aud: 'https://other.example.com' })
  const client = await RawClient.open(gateway, 'modern', good)
  expect((await client.call('files__echo')).status).toBe(200)
  expect((await (await RawClient.open(gateway, 'modern', bad)).list()).status).toBe(401)
  const key = await gateway.createKey('scraper')
  const metrics = await fetch(`http://${gateway.running.adminAddress}/metrics`, {
    headers: { authorization: `Bearer ${key}` },
  })
  const shown = [await metrics.text(), ...lines].join('\n')
  await gateway.stop()
  const [row] = gateway.auditRows().filter(({ kind }) => kind === 'call')
  expect(row?.['principal']).toMatch(/^subject:main:[A-Za-z0-9_-]{22}$/)
  const stored = [gateway.storeFile, `${gateway.storeFile}-wal`]
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file).toString('latin1'))
  const kept = [shown, ...stored].join('\n')
  expect(kept).toContain(String(row?.['principal']))
  for (const secret of [sub, good, bad, good.split('.')[2] ?? '', bad.split('.')[2] ?? '']) {
    expect(kept).not.toContain(secret)
  }
})

test('who stands behind an id is known until it is erased, and the id stays the same [tokens/subjects]', async () => {
  const call = async (): Promise<void> => {
    const client = await RawClient.open(gateway, 'modern', await sign())
    expect((await client.list()).status).toBe(200)
    await gateway.restart()
  }
  await call()
  await call()
  const ids = gateway.auditRows().map(({ principal }) => String(principal))
  expect(new Set(ids).size).toBe(1)
  await gateway.stop()
  await gateway.withStore(async ({ subjects, ring }) => {
    const [record, ...others] = await subjects.list('', 10)
    expect(others).toEqual([])
    const { id = '', subject = Buffer.of() } = record ?? {}
    const sealer = new Sealer(ring.keys, 'subjects')
    expect([id, sealer.open(subject.toString(), id)?.toString()]).toEqual([ids[0], 'alice'])
    expect([await subjects.erase(id), await subjects.erase(id)]).toEqual([true, false])
    expect(await subjects.get(id)).toBe(undefined)
  })
})

const PING = { jsonrpc: '2.0', id: 9, method: 'ping' }

async function reload(changed: object): Promise<void> {
  const { mcpServers, ...config } = {
    ...{ mcpServers: { files: hostileEntry('echo') }, auth: { issuers: { main: mainIssuer() } } },
    ...changed,
  }
  gateway.configure({ mcpServers, config })
  await gateway.running.config.reload({ cause: 'signal', by: '' })
}

/** Writes all that is logged, errors with their causes. */
function collectingLog(lines: string[]): Log {
  const write = (fields: object, message: string): void => {
    lines.push(`${message} ${inspect(fields, { depth: 8 })}`)
  }
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }
  return log
}
