import { afterAll, beforeAll, expect, test } from 'vitest'
import { Rig } from '../fixtures/rig.ts'
import { RunningServer } from '../fixtures/running-server.ts'

let rig: Rig
let server: RunningServer

beforeAll(async () => {
  rig = await Rig.open()
  server = await RunningServer.start({ rig })
  const shown = await rig.browse(`${server.url}/slack/install`)
  expect(shown.status).toBe(200)
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rig[Symbol.asyncDispose]()
})

test('a client of either era lists the tools and calls one [slack/serving/eras]', async () => {
  const opened = await server.initialize()
  expect(opened.body?.result).toMatchObject({
    protocolVersion: '2025-11-25',
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: 'sallyport-slack' },
  })
  const session = opened.headers.get('mcp-session-id') ?? ''
  const legacy = await server.legacy('tools/list', {}, { session })
  const modern = await server.modern('tools/list')
  expect(modern.body?.result).toMatchObject({ resultType: 'complete', cacheScope: 'private' })
  expect(modern.body?.result.tools).toEqual(legacy.body?.result.tools)
  const names = legacy.body?.result.tools.map(({ name }: { name: string }) => name)
  expect(names).toContain('slack_list_channels')
  const found = await server.modern('server/discover')
  expect(found.body?.result).toMatchObject({ supportedVersions: ['2026-07-28'] })

  const called = await server.call('slack_list_channels')
  expect(called.body?.result).toMatchObject({ resultType: 'complete' })
  expect(called.body?.result.isError).toBe(undefined)
  const params = { name: 'slack_list_channels', arguments: {} }
  const again = await server.legacy('tools/call', params, { session })
  expect(again.body?.result.structuredContent).toEqual(called.body?.result.structuredContent)
})
