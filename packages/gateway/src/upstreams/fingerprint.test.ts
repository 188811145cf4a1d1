import { Secret } from '@sallyport/kit/secret'
import { expect, test } from 'vitest'
import { fingerprintOf } from './fingerprint.ts'
import type { HttpServerConfig, StdioServerConfig } from './server-config.ts'

const common = {
  name: 'a',
  idleAfterMs: 1,
  share: 'none',
  startMs: 1,
  health: { everyMs: 1 },
} as const
const stdio: StdioServerConfig = {
  ...common,
  ...{ kind: 'stdio', command: 'npx', args: ['-y', 'x'], env: {}, cwd: '/', children: 1 },
}
const http: HttpServerConfig = {
  ...common,
  ...{ kind: 'http', url: 'http://a/mcp', headers: {}, inFlight: 1 },
}

test('what reaches the server changes the fingerprint', () => {
  const configs = [
    stdio,
    { ...stdio, command: 'node' },
    { ...stdio, args: ['-y x'] },
    { ...stdio, cwd: '/tmp' },
    { ...stdio, env: { A: new Secret('1') } },
    http,
    { ...http, url: 'http://b/mcp' },
    { ...http, headers: { A: new Secret('1') } },
    { ...http, hostHeader: 'b' },
  ]
  expect(new Set(configs.map(fingerprintOf)).size).toBe(configs.length)
})

test('a secret’s value and our own settings do not', () => {
  const one = { ...stdio, env: { A: new Secret('1') } }
  const other = { ...stdio, env: { A: new Secret('2') }, idleAfterMs: 9, name: 'b' }
  expect(fingerprintOf(one)).toBe(fingerprintOf(other))
})
