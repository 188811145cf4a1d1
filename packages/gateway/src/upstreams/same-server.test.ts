import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { isSameServer } from './same-server.ts'
import type { HttpServerConfig, StdioServerConfig } from './server-config.ts'

const COMMON = {
  name: 'one',
  idleAfterMs: 1,
  share: 'none',
  startMs: 1,
  roots: ['file:///a'],
  health: { everyMs: 1 },
} as const

function stdio(changes: Partial<StdioServerConfig> = {}): StdioServerConfig {
  const env = { A: new Secret('a'), B: new Secret('b') }
  const run = { command: 'node', args: ['x', 'y'], env, cwd: '/srv', children: 8 }
  return { ...COMMON, ...run, kind: 'stdio', ...changes }
}

function http(changes: Partial<HttpServerConfig> = {}): HttpServerConfig {
  const headers = { authorization: new Secret('Bearer a') }
  const tls = { ca: '/ca.pem', cert: '/c.pem', key: new Secret('k') }
  return { ...COMMON, kind: 'http', url: 'https://a/', headers, inFlight: 8, tls, ...changes }
}

test.each<[string, Partial<StdioServerConfig>]>([
  ['nothing', {}],
  ['the order of its environment', { env: { B: new Secret('b'), A: new Secret('a') } }],
  ['how long it may be idle', { idleAfterMs: 2 }],
  ['how long it may start', { startMs: 2 }],
  ['how its health is watched', { health: { everyMs: 2, failures: 1 } }],
  ['its breaker', { breaker: { failures: 1, resetMs: 1 } }],
  ['how many children it may have', { children: 1, childrenPerPrincipal: 1 }],
  ['whether it is started with the gateway', { prestart: true }],
  ['a member that is undefined', { caps: undefined }],
])('a child of which %s changed is the same', (_what, changes) => {
  expect(isSameServer(stdio(), stdio(changes))).toBe(true)
})

test.each<[string, Partial<StdioServerConfig>]>([
  ['command', { command: 'deno' }],
  ['arguments', { args: ['y', 'x'] }],
  ['number of arguments', { args: ['x', 'y', 'z'] }],
  ['secret', { env: { A: new Secret('a'), B: new Secret('c') } }],
  ['environment', { env: { A: new Secret('a') } }],
  ['folder', { cwd: '/' }],
  ['sharing', { share: 'tenant' }],
  ['roots', { roots: 'client' }],
  [
    'caps',
    { caps: { memoryBytes: 1, processes: undefined, openFiles: undefined, cpuMs: undefined } },
  ],
])('a child with another %s is another one', (_what, changes) => {
  expect(isSameServer(stdio(), stdio(changes))).toBe(false)
  expect(isSameServer(stdio(changes), stdio())).toBe(false)
})

test.each<[string, Partial<HttpServerConfig>]>([
  ['address', { url: 'https://b/' }],
  ['header', { headers: { authorization: new Secret('Bearer b') } }],
  ['key', { tls: { ca: '/ca.pem', cert: '/c.pem', key: new Secret('l') } }],
  ['authority', { tls: { cert: '/c.pem', key: new Secret('k') } }],
  ['transport', { transport: 'sse' }],
  ['proxy', { proxy: 'none' }],
  ['number of connections', { inFlight: 9 }],
  ['time to connect', { connectMs: 5 }],
  ['time to read', { readMs: 5 }],
  ['host', { hostHeader: 'localhost' }],
])('a remote server with another %s is another one', (_what, changes) => {
  expect(isSameServer(http(), http())).toBe(true)
  expect(isSameServer(http(), http(changes))).toBe(false)
})

test('a child is no remote server, and the transport found out by itself is the default', () => {
  expect(isSameServer(http(), stdio())).toBe(false)
  expect(isSameServer(http(), http({ transport: 'auto' }))).toBe(true)
})
