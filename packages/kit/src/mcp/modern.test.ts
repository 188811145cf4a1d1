import { expect, test } from 'vitest'
import { answerDiscover } from './modern.ts'
import { testMessage } from './testing-message.ts'

test('discovery says which revisions, what for, and for how long that holds [wire/modern/discover]', () => {
  const serverInfo = { name: 'test', version: '1' }
  const { bytes, status } = answerDiscover(
    testMessage('{"jsonrpc":"2.0","id":"d","method":"server/discover"}'),
    { serverInfo, capabilities: '{"tools":{}}', ttlMs: 1_000, instructions: 'be kind' },
  )
  expect([status, JSON.parse(bytes.toString())]).toEqual([
    200,
    {
      jsonrpc: '2.0',
      id: 'd',
      result: {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        instructions: 'be kind',
        ttlMs: 1_000,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
      },
    },
  ])
})
