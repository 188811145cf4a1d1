import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { callText, httpServer, openTestUpstreams } from '../fixtures/upstreams/harness.ts'

// A key for tests only, and its certificate for `localhost`, good until 2120.
const FOLDER = path.resolve(import.meta.dirname, '../fixtures/upstreams/tls')
const KEY_FILE = path.join(FOLDER, 'localhost-key.pem')
const KEY = readFileSync(KEY_FILE, 'utf8')
const CERTIFICATE_FILE = path.join(FOLDER, 'localhost.pem')
const CERTIFICATE = readFileSync(CERTIFICATE_FILE, 'utf8')

async function startHttps(
  more: ServerOptions = {},
): Promise<AsyncDisposable & { port: number; hosts: string[] }> {
  const hosts: string[] = []
  const server = createServer({ key: KEY, cert: CERTIFICATE, ...more }, (request, response) => {
    hosts.push(request.headers.host ?? '')
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
      const discovered = { supportedVersions: ['2026-07-28'], capabilities: {} }
      const result = method === 'server/discover' ? discovered : { content: [{ text: 'secure' }] }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    port,
    hosts,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

test('an authority nobody trusts is refused before anything is sent [upstreams/tls/authority]', async () => {
  await using server = await startHttps()
  const config = httpServer(`https://localhost:${server.port}/mcp`)
  await using test = await openTestUpstreams({ one: config })
  await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
    code: 'server_unavailable',
    outcome: 'not_sent',
  })
  expect(server.hosts).toEqual([])
})

test.each([
  ['PEM text', CERTIFICATE],
  ['a file', CERTIFICATE_FILE],
])(
  'an authority given as %s is trusted, whatever the Host header says [upstreams/tls/authority]',
  async (_case, ca) => {
    await using server = await startHttps()
    const url = `https://localhost:${server.port}/mcp`
    const config = httpServer(url, { tls: { ca }, hostHeader: 'mcp.internal' })
    await using test = await openTestUpstreams({ one: config })
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('secure')
    expect(new Set(server.hosts)).toEqual(new Set(['mcp.internal']))
  },
)

test('a file of authorities that cannot be read is a failed start', async () => {
  const config = httpServer('https://localhost:1/mcp', { tls: { ca: '/no/such/file.pem' } })
  await using test = await openTestUpstreams({ one: config })
  await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
    code: 'server_start_failed',
    message: 'tls.ca cannot be read',
  })
})

const MUTUAL = { requestCert: true, rejectUnauthorized: true, ca: CERTIFICATE }

test.each([
  ['PEM text', CERTIFICATE, KEY],
  ['files', CERTIFICATE_FILE, KEY_FILE],
])(
  'a server that asks for a certificate is shown ours, given as %s [upstreams/tls/client]',
  async (_case, cert, key) => {
    await using server = await startHttps(MUTUAL)
    const config = httpServer(`https://localhost:${server.port}/mcp`, {
      tls: { ca: CERTIFICATE, cert, key: new Secret(key) },
    })
    await using test = await openTestUpstreams({ one: config })
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('secure')
  },
)

test('a server that asks for a certificate is not used without one [upstreams/tls/client]', async () => {
  await using server = await startHttps(MUTUAL)
  const config = httpServer(`https://localhost:${server.port}/mcp`, { tls: { ca: CERTIFICATE } })
  await using test = await openTestUpstreams({ one: config })
  await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
    outcome: 'not_sent',
  })
  expect(server.hosts).toEqual([])
})

test.each([
  ['a key that is no PEM', '-----BEGIN PRIVATE KEY-----\nx'],
  ['a certificate in place of the key', CERTIFICATE],
])('%s is a failed start that does not show it [upstreams/tls/client]', async (_case, key) => {
  const config = httpServer('https://localhost:1/mcp', {
    tls: { cert: CERTIFICATE, key: new Secret(key) },
  })
  await using test = await openTestUpstreams({ one: config })
  const failure = await callText(test.upstreams, ['one', 'x']).catch((thrown: unknown) => thrown)
  expect(failure).toMatchObject({ code: 'server_start_failed' })
  expect(String(failure)).toContain('tls.cert')
  expect(String(failure)).not.toContain('BEGIN')
})
