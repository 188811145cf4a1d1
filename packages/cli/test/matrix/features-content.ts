import { expect } from 'vitest'
import {
  documentUri,
  EXTENSION,
  EXTENSION_METHOD,
  ICON,
  linkedUri,
  noteUri,
  TASKS,
  UNKNOWN,
} from '../fixtures/servers/matrix-catalog.ts'
import { all, type Feature, heard, pick, textOf } from './feature.ts'

/** Resources, prompts, completion and extensions. */
export const CONTENT: readonly Feature[] = [
  {
    id: 'resources',
    title: 'resources: list, read (text and binary)',
    check: async ({ client, server }) => {
      const resources = await all('resources', (cursor) => client.listResources(cursor))
      expect(pick(resources, 'uri', documentUri(server, 1))).toMatchObject({
        name: 'document-1',
        title: 'Document 1',
        size: 12,
        icons: [ICON],
        _meta: { 'com.example/shelf': 1 },
      })
      const text = await client.readResource(documentUri(server, 3))
      expect(text['contents']).toMatchObject([
        { uri: documentUri(server, 3), text: `text of ${documentUri(server, 3)}` },
      ])
      const binary = await client.readResource(documentUri(server, 2))
      expect(binary['contents']).toMatchObject([{ blob: 'AAEC/w==' }])
    },
  },
  {
    id: 'templates',
    title: 'resource templates: list, read',
    check: async ({ client, server, ticket }) => {
      const templates = await all('resourceTemplates', (cursor) => client.listTemplates(cursor))
      pick(templates, 'uriTemplate', `matrix://${server}/note/{ticket}`)
      const { contents } = await client.readResource(noteUri(server, ticket))
      expect(contents).toMatchObject([{ uri: noteUri(server, ticket), mimeType: 'text/plain' }])
    },
  },
  {
    id: 'missing-resource',
    title: 'a resource that is not there is an error',
    check: async ({ client, server }) => {
      const reading = client.readResource(`matrix://${server}/nowhere`)
      await expect(reading).rejects.toMatchObject({ code: client.missingCode })
    },
  },
  {
    id: 'links',
    title: 'resource links in results resolve',
    check: async (cell) => {
      const { client, server, ticket } = cell
      const { content } = await client.callTool(cell.named('link'), { ticket })
      const uri = linkedUri(server, ticket)
      expect(content).toMatchObject([{ type: 'resource_link', uri }, { type: 'resource' }])
      expect(await client.readResource(uri)).toMatchObject({
        contents: [{ text: `text of ${uri}` }],
      })
    },
  },
  {
    id: 'subscriptions',
    title: 'subscriptions: a change of a resource is announced',
    check: async (cell) => {
      const { client, server, ticket } = cell
      const uri = noteUri(server, ticket)
      const stop = await client.subscribe(uri)
      try {
        await client.callTool(cell.named('touch'), { ticket })
        const { params } = await heard(client.told, 'notifications/resources/updated', uri)
        expect(params).toMatchObject({ uri })
      } finally {
        await stop()
      }
    },
  },
  {
    id: 'prompts',
    title: 'prompts: list, get',
    check: async (cell) => {
      const prompts = await all('prompts', (cursor) => cell.client.listPrompts(cursor))
      expect(pick(prompts, 'name', cell.named('paint'))).toMatchObject({
        title: 'Paint',
        icons: [ICON],
        arguments: [{ name: 'colour', description: 'Which.', required: true }],
      })
      const { messages } = await cell.client.getPrompt(cell.named('paint'), { colour: 'blue' })
      expect(messages).toMatchObject([{ role: 'user', content: { text: 'paint it blue' } }])
    },
  },
  {
    id: 'completion',
    title: 'completion: of prompt arguments and of templates, with context',
    check: async (cell) => {
      const prompt = { type: 'ref/prompt', name: cell.named('paint') }
      const template = { type: 'ref/resource', uri: `matrix://${cell.server}/note/{ticket}` }
      const context = { arguments: { other: 'x' } }
      for (const [ref, name] of [
        [prompt, 'colour'],
        [template, 'ticket'],
      ] as const) {
        const argument = { name, value: 'bl' }
        const { completion } = await cell.client.complete({ ref, argument, context })
        const values = ['bl-completed', 'given {"other":"x"}']
        expect(completion).toEqual({ values, total: 2, hasMore: false })
      }
    },
  },
  {
    id: 'tasks',
    title: 'tasks extension: a call becomes a task',
    check: async (cell) => {
      const { client, ticket } = cell
      const declared = cell.alone.capabilities()['extensions'] as object | undefined
      expect(Object.keys(declared ?? {})).toContain(TASKS)
      const before = client.tasks.length
      // The SDK’s client takes a task for an error.
      await client.callTool(cell.named('task'), { ticket }).catch(() => undefined)
      const [task] = client.tasks.slice(before)
      expect(task).toMatchObject({ resultType: 'task', status: 'working', ttlMs: 60_000 })
      const taskId = task?.['taskId']
      const done = await client.request('tasks/get', { taskId })
      const result = { content: [{ type: 'text', text: 'done in time' }] }
      expect(done).toMatchObject({ taskId, status: 'completed', result })
      await client.request('tasks/cancel', { taskId })
      expect(await client.request('tasks/get', { taskId })).toMatchObject({ status: 'cancelled' })
    },
  },
  {
    id: 'tasks-2025',
    title: 'tasks of revision 2025-11-25 (experimental)',
    check: async (cell) => {
      const { client, ticket } = cell
      const params = { name: cell.named('task'), arguments: { ticket }, task: { ttl: 60_000 } }
      const { task } = (await client.request('tools/call', params)) as { task: { taskId: string } } // asserted next
      expect(task).toMatchObject({ status: 'working', ttl: 60_000, taskId: expect.any(String) })
      const { taskId } = task
      const done = await client.request('tasks/get', { taskId })
      expect(done).toMatchObject({ taskId, status: 'completed' })
      expect(await client.request('tasks/result', { taskId })).toMatchObject({
        content: [{ type: 'text', text: 'done in time' }],
        _meta: { 'io.modelcontextprotocol/related-task': { taskId } },
      })
      const cancelled = await client.request('tasks/cancel', { taskId })
      expect(cancelled).toMatchObject({ taskId, status: 'cancelled' })
    },
  },
  {
    id: 'no-tasks',
    title: 'a call that may become a task, of a client that knows none, completes at once',
    check: async (cell) => {
      const { client, unable, ticket } = cell
      // What an older client declares of the extension counts for nothing.
      for (const one of client.era === 'legacy' ? [client, unable] : [unable]) {
        const result = await one.callTool(cell.named('task'), { ticket: `unable-${ticket}` })
        expect(textOf(result)).toBe('done at once')
      }
    },
  },
  {
    id: 'extensions',
    title: 'an extension nobody knows, on the server’s own route',
    check: async ({ alone, ticket }) => {
      const declared = alone.capabilities()['extensions']
      expect(declared).toMatchObject({ [EXTENSION]: { version: 3, ...UNKNOWN } })
      const answer = await alone.request(EXTENSION_METHOD, { ticket, nested: { a: [1] } })
      expect(answer).toMatchObject({ said: { ticket, nested: { a: [1] } }, ...UNKNOWN })
    },
  },
]
