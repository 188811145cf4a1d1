import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { TestIssuer } from '@sallyport/kit/testing/issuer'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { RawClient } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

// A key for tests only, and its certificate for `localhost`, good until 2120.
const FOLDER = path.resolve(import.meta.dirname, '../fixtures/upstreams/tls')
const PEM_FILE = path.join(FOLDER, 'localhost.pem')
const PEM = readFileSync(PEM_FILE, 'utf8')
const KEY = readFileSync(path.join(FOLDER, 'localhost-key.pem'), 'utf8')

let issuer: TestIssuer

beforeEach(async () => {
  issuer = await TestIssuer.start()
})

afterEach(async () => {
  await issuer[Symbol.asyncDispose]()
})

/** What a gateway answers to a good token, when its keys are where `rules` say. */
async function statusWith(gateway: TestGateway, rules: object): Promise<number> {
  const main = { issuer: issuer.url, defaultRoles: 'caller', ...rules }
  gateway.configure({
    mcpServers: { files: hostileEntry('echo') },
    config: { auth: { issuers: { main } } },
  })
  await gateway.restart()
  const token = await issuer.sign({ claims: { aud: gateway.data } })
  return (await (await RawClient.open(gateway, 'modern', token)).list()).status
}

test('keys are read over TLS from who is trusted for it, and from nobody else [tokens/keys]', async () => {
  const server = createServer({ key: KEY, cert: PEM }, (_request, response) => {
    response.end(JSON.stringify(issuer.keySet()))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server that listens
  const jwks = `https://localhost:${port}/jwks.json`
  await using gateway = TestGateway.create()
  expect(await statusWith(gateway, { jwks })).toBe(503)
  expect(await statusWith(gateway, { jwks, ca: PEM })).toBe(200)
  expect(await statusWith(gateway, { jwks, ca: PEM_FILE })).toBe(200)
  server.closeAllConnections()
  server.close()
})

test('keys may lie in a file beside the configuration [tokens/keys]', async () => {
  await using gateway = TestGateway.create()
  writeFileSync(gateway.path('jwks.json'), JSON.stringify(issuer.keySet()))
  expect(await statusWith(gateway, { jwks: './jwks.json' })).toBe(200)
  expect(issuer.asked).toEqual([])
})

test('while an issuer is away its new tokens get 503 and say when to come back [tokens/issuer-down]', async () => {
  await using gateway = await TestGateway.start({
    config: { auth: { issuers: { main: { issuer: issuer.url, defaultRoles: 'caller' } } } },
  })
  await issuer.leave()
  const token = await issuer.sign({ claims: { aud: gateway.data } })
  const { status, headers } = await (await RawClient.open(gateway, 'modern', token)).list()
  expect([status, headers.get('retry-after'), headers.get('www-authenticate')]).toEqual([
    503,
    '10',
    null,
  ])
})
