import { expect } from 'vitest'
import { ICON, panelUri, UI_META, UNKNOWN } from '../fixtures/servers/matrix-catalog.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { all, type Cell, dataOf, type Feature, heard, pick, textOf, WITHIN_MS } from './feature.ts'

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

async function tool(cell: Cell, name: string) {
  const tools = await all('tools', (cursor) => cell.client.listTools(cursor))
  return pick(tools, 'name', cell.named(name))
}

/** What needs no second party: tools, their details, and what goes with a call. */
export const BASIC: readonly Feature[] = [
  {
    id: 'tools',
    title: 'tools: list, call',
    check: async (cell) => {
      await tool(cell, 'echo')
      const result = await cell.client.callTool(cell.named('echo'), { message: cell.ticket })
      expect(textOf(result)).toBe(cell.ticket)
    },
  },
  {
    id: 'pagination',
    title: 'pagination: all pages of the server are listed',
    check: async (cell) => {
      const resources = await all('resources', (cursor) => cell.client.listResources(cursor))
      pick(resources, 'name', 'document-3')
      pick(
        await all('prompts', (cursor) => cell.client.listPrompts(cursor)),
        'name',
        cell.named('asking'),
      )
      await tool(cell, 'ask-form')
    },
  },
  {
    id: 'structured-output',
    title: 'structured output',
    check: async (cell) => {
      expect(await tool(cell, 'structured')).toMatchObject({ outputSchema: { type: 'object' } })
      const result = await cell.client.callTool(cell.named('structured'), {})
      expect(result['structuredContent']).toEqual({ degrees: 21.5, unit: 'celsius' })
    },
  },
  {
    id: 'icons',
    title: 'icons, titles, annotations',
    check: async (cell) => {
      expect(await tool(cell, 'structured')).toMatchObject({
        title: 'Structured',
        icons: [ICON],
        annotations: { readOnlyHint: true, openWorldHint: false },
      })
    },
  },
  {
    id: 'meta',
    title: '`_meta` of tools and results',
    check: async (cell) => {
      const { _meta } = await tool(cell, 'structured')
      expect(_meta).toMatchObject({ 'com.example/unit': { of: 'degrees' } })
      const result = await cell.client.callTool(cell.named('structured'), {})
      expect(result['_meta']).toMatchObject({ 'com.example/sensor': { id: 7 } })
    },
  },
  {
    id: 'unknown-fields',
    title: 'fields nobody knows',
    check: async (cell) => {
      const list = await cell.client.request('tools/list', {})
      const listed = pick(list['tools'] as [], 'name', cell.named('structured'))
      expect(listed).toMatchObject({ ...UNKNOWN, annotations: UNKNOWN })
      const params = { name: cell.named('structured'), arguments: {} }
      expect(await cell.client.request('tools/call', params)).toMatchObject(UNKNOWN)
    },
  },
  {
    id: 'trace-context',
    title: 'trace context in `_meta`',
    check: async (cell) => {
      const meta = { traceparent: TRACEPARENT, tracestate: 'a=b', baggage: `ticket=${cell.ticket}` }
      const seen = dataOf(await cell.client.callTool(cell.named('meta'), {}, meta))
      expect(seen).toMatchObject({ ...meta, traceparent: expect.stringContaining('0af7651916cd') })
    },
  },
  {
    id: 'progress',
    title: 'progress',
    check: async (cell) => {
      const steps: unknown[] = []
      const onprogress = (step: object): void => void steps.push(step)
      await cell.client.callTool(cell.named('steps'), {}, {}, { onprogress })
      const step = (progress: number): object => ({
        progress,
        total: 3,
        message: `step ${progress}`,
      })
      expect(steps).toEqual([step(1), step(2), step(3)])
    },
  },
  {
    id: 'cancellation',
    title: 'cancellation reaches the server',
    check: async (cell) => {
      const { client, ticket } = cell
      const fate = async (): Promise<string> =>
        textOf(await client.callTool(cell.named('fate'), { ticket }))
      const controller = new AbortController()
      const held = client.callTool(cell.named('hold'), { ticket }, {}, controller)
      const ended = expect(held).rejects.toThrow()
      await waitUntil('the call to arrive', async () => (await fate()) === 'held', WITHIN_MS)
      controller.abort()
      await ended
      await waitUntil(
        'the server to hear of it',
        async () => (await fate()) === 'cancelled',
        WITHIN_MS,
      )
    },
  },
  {
    id: 'list-changed',
    title: 'list-changed of tools, resources and prompts, and what is new',
    check: async (cell) => {
      const { client, ticket } = cell
      await tool(cell, 'echo')
      const before = client.told.length
      const grown = `grown-${ticket}`
      await client.callTool(cell.named('grow'), { ticket: grown })
      for (const kind of ['tools', 'resources', 'prompts']) {
        const method = `notifications/${kind}/list_changed`
        const since = (): boolean => client.told.slice(before).some((one) => one.method === method)
        await waitUntil(method, since, WITHIN_MS)
      }
      // Another cell of the same server may have announced its own first.
      await waitUntil('the new tool', () => tool(cell, grown).catch(() => undefined), WITHIN_MS)
      expect(textOf(await client.callTool(cell.named(grown), {}))).toBe('grown')
      const resources = await all('resources', (cursor) => client.listResources(cursor))
      pick(resources, 'name', grown)
      const prompts = await all('prompts', (cursor) => client.listPrompts(cursor))
      pick(prompts, 'name', cell.named(grown))
    },
  },
  {
    id: 'apps',
    title: 'MCP Apps: a tool’s `ui://` resource, with its CSP and permissions',
    check: async (cell) => {
      const { _meta } = await tool(cell, 'panel')
      const { ui } = _meta as { ui: { resourceUri: string } } // as the server wrote it
      expect(ui).toEqual({ resourceUri: panelUri(cell.server), visibility: ['model', 'app'] })
      const { contents } = await cell.client.readResource(ui.resourceUri)
      expect(contents).toMatchObject([
        { uri: ui.resourceUri, mimeType: 'text/html;profile=mcp-app', _meta: { ui: UI_META } },
      ])
    },
  },
]

/** Alone at the server: a log message on standard streams names no call, so several at once share none. */
export const LOGGING: Feature = {
  id: 'logging',
  title: 'logging, at the level asked for',
  check: async (cell) => {
    const { client, ticket } = cell
    const meta = await client.wantLogs('error')
    await client.callTool(cell.named('log'), { ticket }, meta)
    const loud = await heard(client.told, 'notifications/message', `loud ${ticket}`)
    expect(loud.params).toMatchObject({ level: 'error', data: { said: `loud ${ticket}` } })
    const quiet = client.told.filter((one) => JSON.stringify(one).includes(`quiet ${ticket}`))
    expect(quiet).toEqual([])
  },
}
