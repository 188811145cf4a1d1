import { createPublicKey, verify } from 'node:crypto'
import { type AssertedCaller, CallerJudge } from '@sallyport/kit/callers'
import { systemClock } from '@sallyport/kit/clock'
import { expect, onTestFinished, test } from 'vitest'
import { KeyedGateway } from '../fixtures/keyed-gateway.ts'
import { post, RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { TestGateway } from '../fixtures/test-gateway.ts'
import {
  legacyServer,
  type RawHttpServer,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'

const HEADER = 'sallyport-caller'

async function startServer(sessionId?: string): Promise<RawHttpServer> {
  const server = await startRawHttp(
    legacyServer((seen, response) => textAnswer(seen, response, 'done'), sessionId),
  )
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

async function startGateway(mcpServers: object): Promise<KeyedGateway> {
  const gateway = await KeyedGateway.start({ mcpServers, tenants: { acme: { title: 'Acme' } } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

/** The public key as the gateway tells it. */
async function publicKey(gateway: TestGateway): Promise<string> {
  const response = await fetch(`${gateway.data}/.well-known/sallyport-callers.json`)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  const { keys } = (await response.json()) as { keys: { x: string }[] } // a JWK set
  return keys[0]?.x ?? ''
}

/** Who each request said that it was for; throws at the first that cannot be believed. */
function callersOf({ seen, url }: RawHttpServer, key: string): AssertedCaller[] {
  const judge = new CallerJudge({ keys: [key], audience: url, clock: systemClock })
  return seen.map(({ headers }) => {
    const value = headers[HEADER]
    return judge.judge(typeof value === 'string' ? value : undefined)
  })
}

test('every request to a server that is told who calls says so, of its own caller alone [callers/signed] [callers/key]', async () => {
  const server = await startServer('session-1')
  const own = await startGateway({ told: { url: server.url, identity: 'assert' } })
  const key = await publicKey(own.gateway)
  const alice = await own.key({ name: 'alice', tenant: 'acme' })
  const bob = await own.key({ name: 'bob' })
  const clients = [
    await RawClient.open(own.gateway, 'legacy', alice.key),
    await RawClient.open(own.gateway, 'modern', bob.key),
  ]
  for (let round = 0; round < 3; round += 1) {
    for (const client of clients) expect(textOf(await client.call('told__a'))).toBe('done')
  }
  await own.gateway.stop()
  expect(new Set(server.seen.map(({ method }) => method))).toEqual(
    new Set(['POST', 'GET', 'DELETE']),
  )
  const callers = callersOf(server, key)
  const calls = callers.filter((_caller, at) => server.seen[at]?.body.method === 'tools/call')
  expect(calls.map(({ principal, tenant, name }) => [principal, tenant, name])).toEqual(
    Array.from({ length: 3 }, () => [
      [`key:${alice.id}`, 'acme', 'alice'],
      [`key:${bob.id}`, null, 'bob'],
    ]).flat(),
  )
  expect(calls[0]?.roles).toEqual(['caller'])
  expect(new Set(calls.map(({ requestId }) => requestId)).size).toBe(6)
  const known = new Set([`key:${alice.id}`, `key:${bob.id}`, 'gateway'])
  expect(callers.every(({ principal }) => known.has(principal))).toBe(true)
})

test('a client cannot say who calls, nor does its credential travel on', async () => {
  const server = await startServer()
  const untold = await startServer()
  const own = await startGateway({
    told: { url: server.url, identity: 'assert' },
    untold: { url: untold.url },
  })
  const { id, key } = await own.key({ name: 'mallory' })
  const headers = {
    authorization: `Bearer ${key}`,
    [HEADER]: 'eyJhbGciOiJub25lIn0.e30.x',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
  }
  for (const name of ['told__a', 'untold__a']) {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
    }
    const params = { name, arguments: {}, _meta }
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
    const url = own.gateway.url()
    expect(textOf(await post(url, body, { ...headers, 'mcp-name': name }))).toBe('done')
  }
  const callers = callersOf(server, await publicKey(own.gateway))
  expect(new Set(callers.map(({ principal }) => principal))).toContain(`key:${id}`)
  for (const { headers: sent } of [...server.seen, ...untold.seen]) {
    expect(JSON.stringify(sent)).not.toContain(key)
  }
  expect(untold.seen.filter(({ headers: sent }) => HEADER in sent)).toEqual([])
})

test('the key stays the same over a restart, and what it signs is an EdDSA JWS', async () => {
  const server = await startServer()
  const own = await startGateway({ told: { url: server.url, identity: 'assert' } })
  const before = await publicKey(own.gateway)
  await own.gateway.restart()
  expect(await publicKey(own.gateway)).toBe(before)
  const { key } = await own.key({ name: 'carol' })
  await (await RawClient.open(own.gateway, 'modern', key)).call('told__a')
  const token = String(server.of('tools/call')[0]?.headers[HEADER])
  const [head = '', body = '', signature = ''] = token.split('.')
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: before }
  const publicPart = createPublicKey({ key: jwk, format: 'jwk' })
  const bytes = Buffer.from(signature, 'base64url')
  expect(verify(null, Buffer.from(`${head}.${body}`), publicPart, bytes)).toBe(true)
})
