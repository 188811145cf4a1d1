import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { describe, expect, test } from 'vitest'
import {
  asker,
  callText,
  hostileServer,
  httpServer,
  openTestUpstreams,
  type TestUpstreams,
  until,
} from '../fixtures/upstreams/harness.ts'
import { json, legacyServer, startRawHttp } from '../fixtures/upstreams/raw-http-server.ts'

const ALL = JSON.stringify({
  resources: { listChanged: true, subscribe: true },
  prompts: { listChanged: true },
  'x-vendor': { n: 1 },
})

function warm({ upstreams }: TestUpstreams): Promise<void> {
  return upstreams.warm('one', asker(), AbortSignal.timeout(10_000))
}

function announce(test: TestUpstreams, family: string): Promise<string> {
  const method = `notifications/${family}/list_changed`
  return callText(test.upstreams, ['one', 'announce'], { method })
}

describe('lists', () => {
  test('of every kind that a server has are read, and what it says of itself is handed on as it wrote it [upstreams/lists]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ CAPABILITIES: ALL }) })
    await warm(test)
    expect(Object.fromEntries(test.lists)).toEqual({
      'one tools': ['echo', 'other'],
      'one resources': ['file:///1'],
      'one resourceTemplates': ['file:///{1}'],
      'one prompts': ['prompt-1'],
    })
    const capabilities = `{"tools":{"listChanged":true},${ALL.slice(1)}`
    expect(test.facts).toEqual([
      { server: 'one', era: 'legacy', capabilities, instructions: undefined },
    ])
  })

  test('that a server does not have are empty without being asked for', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    await warm(test)
    expect([...test.lists.keys()].toSorted()).toEqual([
      'one prompts',
      'one resourceTemplates',
      'one resources',
      'one tools',
    ])
    expect(test.lists.get('one prompts')).toEqual([])
  })

  test('of templates are empty where a server has resources and knows no templates', async () => {
    const env = { CAPABILITIES: ALL, NO_TEMPLATES: 'yes' }
    await using test = await openTestUpstreams({ one: hostileServer(env) })
    await warm(test)
    expect(test.lists.get('one resourceTemplates')).toEqual([])
    expect(test.logged.filter(({ message }) => message.includes('not read'))).toEqual([])
  })

  test('that hang or are none keep the others from nobody [upstreams/lists]', async () => {
    await using server = await startRawHttp((seen, response) => {
      const { id, method } = seen.body
      const capabilities = { tools: {}, prompts: {}, resources: {} }
      if (method === 'initialize') {
        json(response, { id, result: { protocolVersion: '2025-11-25', capabilities } })
      } else if (method === 'prompts/list') {
        json(response, { id, error: { code: -32_603, message: 'broken' } })
      } else if (method === 'resources/list') json(response, { id, result: { resources: 7 } })
      else if (method === 'resources/templates/list') response.writeHead(500).end()
      else legacyServer(() => undefined)(seen, response)
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await warm(test)
    expect([...test.lists]).toEqual([['one tools', ['a']]])
    // Each was tried once; the next look is that of the health probe.
    await warm(test)
    expect(server.of('prompts/list')).toHaveLength(1)
  })
})

describe.each([
  ['legacy', {}],
  ['modern', { MODERN: 'yes' }],
] as const)('a change that a %s server announces', (era, env) => {
  test.each([
    ['prompts', ['prompt-2'], ['file:///1'], ['file:///{1}']],
    ['resources', ['prompt-1'], ['file:///2'], ['file:///{2}']],
  ] as const)(
    'of its %s is read within a second, and nothing else [upstreams/lists/changed]',
    async (family, prompts, resources, templates) => {
      const server = hostileServer({ ...env, CAPABILITIES: ALL })
      await using test = await openTestUpstreams({ one: server })
      await warm(test)
      if (era === 'modern') await listening(test)
      const beganMs = performance.now()
      await announce(test, family)
      await until(
        () =>
          test.lists.get(`one ${family}`)?.[0] === (family === 'prompts' ? prompts : resources)[0],
        'the new list is read',
      )
      expect(performance.now() - beganMs).toBeLessThan(1_000)
      await until(
        () => test.lists.get('one resourceTemplates')?.[0] === templates[0],
        'the templates are read',
      )
      expect(test.lists.get('one prompts')).toEqual(prompts)
      expect(test.lists.get('one resources')).toEqual(resources)
      expect(test.reads).toHaveLength(1)
    },
  )

  test('a hundred times is read twice at most, with the last state in the end [upstreams/lists/changed]', async () => {
    const server = hostileServer({ ...env, CAPABILITIES: ALL })
    await using test = await openTestUpstreams({ one: server })
    await warm(test)
    if (era === 'modern') await listening(test)
    await Promise.all(Array.from({ length: 100 }, () => announce(test, 'prompts')))
    await until(() => test.lists.get('one prompts')?.[0] === 'prompt-3', 'the last is read', 2_000)
    expect(await callText(test.upstreams, ['one', 'listed'])).toContain('"prompts":3')
  })
})

/** A modern server has our subscription. */
async function listening({ upstreams }: TestUpstreams): Promise<void> {
  await until(async () => {
    const state = await callText(upstreams, ['one', 'subscribed'])
    return state.includes('promptsListChanged')
  }, 'the subscription stands')
}

describe('changes over HTTP', () => {
  test('of an SDK server in the modern era arrive within a second [upstreams/lists/changed]', async () => {
    const servers: McpServer[] = []
    const handler = createMcpHandler(() => {
      const server = new McpServer({ name: 'sdk', version: '1' })
      server.registerPrompt('first', {}, () => ({ messages: [] }))
      if (grown) server.registerPrompt('second', {}, () => ({ messages: [] }))
      servers.push(server)
      return server
    })
    let grown = false
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
      await warm(test)
      expect(test.lists.get('one prompts')).toEqual(['first'])
      grown = true
      await until(async () => {
        handler.notify.promptsChanged()
        return test.lists.get('one prompts')?.length === 2
      }, 'the change is heard')
    } finally {
      http.closeAllConnections()
      http.close()
    }
  })

  test('that fall between two streams of a modern server count as changes', async () => {
    let streams = 0
    let prompts = 0
    await using server = await startRawHttp((seen, response) => {
      const { id, method } = seen.body
      if (method === 'server/discover') {
        const capabilities = { prompts: { listChanged: true } }
        json(response, { id, result: { supportedVersions: ['2026-07-28'], capabilities } })
      } else if (method === 'prompts/list') {
        prompts += 1
        json(response, { id, result: { prompts: [{ name: `p${prompts}` }] } })
      } else if (method === 'subscriptions/listen') {
        streams += 1
        const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
        const params = { notifications: { promptsListChanged: true }, _meta }
        const acknowledged = { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged' }
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`data: ${JSON.stringify({ ...acknowledged, params })}\n\n`)
        if (streams === 1) response.end()
      } else json(response, { id, result: {} })
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await warm(test)
    await until(() => test.lists.get('one prompts')?.[0] === 'p2', 'the list is read again')
    expect(streams).toBe(2)
    const [first] = server.of('subscriptions/listen')
    expect(first?.body.params).toMatchObject({ notifications: { promptsListChanged: true } })
    expect(first?.body.params).not.toHaveProperty('notifications.toolsListChanged')
  })
})
