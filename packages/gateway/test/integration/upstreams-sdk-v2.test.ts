import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { describe, expect, test } from 'vitest'
import {
  asker,
  callText,
  httpServer,
  openTestUpstreams,
  REPOSITORY,
  stdioServer,
  until,
} from '../fixtures/upstreams/harness.ts'
import { createSdkV2Server } from '../fixtures/upstreams/sdk-v2-server.ts'

const SCRIPT = path.join(REPOSITORY, 'packages/gateway/test/fixtures/upstreams/sdk-v2-server.ts')
const SIGNAL = AbortSignal.timeout(60_000)

describe('a modern SDK v2 server', () => {
  test('over stdio announces lists and the resources subscribed to [upstreams/subscriptions] [upstreams/lists/changed]', async () => {
    const config = stdioServer([process.execPath, SCRIPT])
    await using test = await openTestUpstreams({ one: config })
    await test.upstreams.subscribe('one', asker(), 'file:///r', SIGNAL)
    await until(() => test.lists.get('one prompts')?.length === 1, 'the prompts are read')
    expect(test.status('one').era).toBe('modern')
    await callText(test.upstreams, ['one', 'change'])
    await until(() => test.updates.length === 1, 'the change of the resource is told')
    expect(test.updates[0]).toMatchObject({ uri: 'file:///r', key: 'key:a' })
    await until(() => test.lists.get('one prompts')?.length === 2, 'the new prompt is read')
    test.upstreams.unsubscribe('one', asker(), 'file:///r')
    await test.upstreams.subscribe('one', asker(), 'file:///other', SIGNAL)
    await callText(test.upstreams, ['one', 'change'])
    await until(() => test.lists.get('one prompts')?.length === 3, 'the next prompt is read')
    expect(test.updates).toHaveLength(1)
  })

  test('over HTTP announces lists and the resources subscribed to [upstreams/subscriptions] [upstreams/lists/changed]', async () => {
    const handler = createMcpHandler(() => createSdkV2Server(), { legacy: 'reject' })
    const answer = toNodeHandler(handler)
    type Incoming = Parameters<typeof answer>[0]
    const http = createServer((request, response) => {
      void answer(request as Incoming, response) // the same, but for exactOptionalPropertyTypes
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo // listening on TCP
    try {
      await using test = await openTestUpstreams({
        one: httpServer(`http://127.0.0.1:${port}/mcp`),
      })
      await test.upstreams.subscribe('one', asker(), 'file:///r', SIGNAL)
      await until(() => test.reads.length === 1, 'the tools are read')
      handler.notify.resourceUpdated('file:///other')
      handler.notify.resourceUpdated('file:///r')
      await until(() => test.updates.length === 1, 'the change of the resource is told')
      handler.notify.toolsChanged()
      await until(() => test.reads.length === 2, 'the tools are read again')
      test.upstreams.unsubscribe('one', asker(), 'file:///r')
      await test.upstreams.subscribe('one', asker(), 'file:///b', SIGNAL)
      handler.notify.resourceUpdated('file:///r')
      handler.notify.resourceUpdated('file:///b')
      await until(() => test.updates.length === 2, 'the other change is told')
      expect(test.updates.map(({ uri }) => uri)).toEqual(['file:///r', 'file:///b'])
    } finally {
      http.closeAllConnections()
      http.close()
    }
  })
})
