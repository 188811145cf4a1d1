import { gatewayConfig } from '@sallyport/contract/config'
import { pathText } from '@sallyport/kit/config'
import { expect, test } from 'vitest'
import type { RunnableConfig } from '../config/index.ts'
import { restartKeys } from './restart-only.ts'

const TOKEN = '0123456789abcdef0123456789abcdef'

function config(input: object = {}): RunnableConfig {
  return { store: 'sqlite:/x', ...gatewayConfig.parse(input) } as RunnableConfig // the store is named
}

const keys = (before: object, after: object) =>
  restartKeys(config(before), config(after)).map(pathText)

test.each([
  ['listen', { listen: '127.0.0.1:1' }],
  ['admin', { admin: '127.0.0.1:1' }],
  ['postgres', { postgres: { poolMax: 3 } }],
  ['metrics', { metrics: { perTool: true } }],
  ['log', { log: { access: true } }],
  ['audit.durability', { audit: { durability: 'power' } }],
  ['audit.enabled', { audit: { enabled: false } }],
  ['limits.headerBytes', { limits: { headerBytes: '8KiB' } }],
  ['limits.connections', { limits: { connections: 5 } }],
  ['limits.bufferedBytes', { limits: { bufferedBytes: '2MiB' } }],
  ['limits.resultBytes', { limits: { resultBytes: '2MiB' } }],
])('%s takes a restart [reload/restart-keys]', (key, changed) => {
  expect(keys({}, changed)).toEqual([key])
  expect(keys(changed, changed)).toEqual([])
})

test.each([
  ['servers', { mcpServers: { a: { url: 'http://127.0.0.1:1/mcp' } } }],
  ['groups and endpoints', { endpoints: { e: { servers: ['a'] } } }],
  ['tokens', { auth: { tokens: [TOKEN] } }],
  ['origins', { origins: ['https://a.example.com'] }],
  ['limits of calls', { limits: { callTimeout: '5s', perPrincipal: { rate: '1/s' } } }],
  ['how long rows are kept', { audit: { keep: '1d' } }],
  ['the master key', { masterKey: 'ab'.repeat(32) }],
])('%s take none', (_what, changed) => {
  expect(keys({}, changed)).toEqual([])
})
