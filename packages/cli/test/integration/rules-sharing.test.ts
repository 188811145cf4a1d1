/** Rules C4, C5, C7, C8 and I14: lists, cursors, subscriptions and tasks of two keys, and their pages. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AskedSession, bare, modernRequest, sendModern } from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import { EventStream } from '../fixtures/event-stream.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import type { Answer, JsonAnswer } from '../fixtures/send.ts'
import {
  type ScriptedCall,
  type ScriptedServer,
  startScripted,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { LegacySession, type Target } from '../fixtures/wire.ts'

type Json = Readonly<Record<string, unknown>>
const ERAS = ['legacy', 'modern'] as const
const TASKS = 'io.modelcontextprotocol/tasks'
const KNOWS_TASKS = { capabilities: { extensions: { [TASKS]: {} } } }
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId'

let gateway: TestGateway
let mine: Target
let theirs: Target
let server: ScriptedServer
let legacy: ScriptedServer
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  const tools = Array.from({ length: 5 }, (_, at) => tool(`t${at}`))
  const capabilities = {
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    prompts: { listChanged: true },
    extensions: { [TASKS]: {} },
  }
  const modern = { resultType: 'complete', ttlMs: 60_000, cacheScope: 'public' }
  const lists = (hints: Json) => ({
    'resources/list': (call: ScriptedCall) =>
      call.result({
        ...hints,
        resources: ['a', 'b', 'c'].map((one) => ({ uri: `kept://${one}`, name: one })),
      }),
    'resources/templates/list': (call: ScriptedCall) =>
      call.result({ ...hints, resourceTemplates: [] }),
    'prompts/list': (call: ScriptedCall) =>
      call.result({ ...hints, prompts: ['p0', 'p1', 'p2'].map((name) => ({ name })) }),
    'resources/read': (call: ScriptedCall) =>
      call.result({ ...hints, contents: [{ uri: 'kept://a', text: `read ${(reads += 1)}` }] }),
    'resources/subscribe': (call: ScriptedCall) => call.result({}),
    'resources/unsubscribe': (call: ScriptedCall) => call.result({}),
  })
  const tasks = {
    'tasks/get': (call: ScriptedCall) => task(call, 'working'),
    'tasks/cancel': (call: ScriptedCall) => call.result({ resultType: 'complete' }),
    'tasks/update': (call: ScriptedCall) => call.result({ resultType: 'complete' }),
  }
  server = owned.use(
    await startScripted({
      era: 'modern',
      tools: [...tools, tool('work')],
      capabilities,
      on: { ...lists(modern), ...tasks },
      call: { work: (call) => task(call, 'working') },
    }),
  )
  legacy = owned.use(await startScripted({ era: 'legacy', tools, capabilities, on: lists({}) }))
  const { auth, next } = callers()
  gateway = owned.use(
    await startGateway({
      config: {
        auth,
        mcpServers: { modern: { url: server.url }, legacy: { url: legacy.url } },
        endpoints: {
          few: {
            servers: ['modern'],
            tools: { allow: ['modern__t1'] },
            resources: { allow: ['kept://a'] },
          },
        },
        limits: { listTools: 2 },
      },
    }),
  )
  mine = { url: gateway.url, token: next() }
  theirs = { url: gateway.url, token: next() }
})
afterAll(() => owned.disposeAsync())

let reads = 0

/** A task of the same id for whoever asks: ids are not unguessable at this server. */
function task(call: ScriptedCall, status: string): void {
  const at = '2026-11-20T00:00:00Z'
  const times = { createdAt: at, lastUpdatedAt: at, ttlMs: 60_000, pollIntervalMs: 20 }
  const resultType = call.method === 'tools/call' ? 'task' : 'complete'
  call.result({ resultType, taskId: 'task-1', status, ...times })
}

const LISTS = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']

describe.each(LISTS)('%s', (method) => {
  test('C5: is private on every page, whatever its servers say [features/cache-hints]', async () => {
    for (const url of [
      gateway.url,
      `${gateway.data}/mcp/few`,
      `${gateway.data}/servers/modern/mcp`,
    ]) {
      let cursor: unknown
      do {
        const params = cursor === undefined ? {} : { cursor }
        const { json } = await sendModern({ ...mine, url }, method, params)
        expect([url, json.result?.['cacheScope']]).toEqual([url, 'private'])
        expect(Number(json.result?.['ttlMs'])).toBeGreaterThanOrEqual(0)
        cursor = json.result?.['nextCursor']
      } while (cursor !== undefined)
    }
  })

  test('C7: is the same bytes over another connection, after other calls, for the other key and in a new session [features/list/everyone]', async () => {
    const list = (target: Target): Promise<string> =>
      sendModern(target, method, {}).then(uncursored)
    const first = await list(mine)
    await sendModern(mine, 'tools/call', { name: 'modern__t1', arguments: {} })
    await sendModern(mine, 'resources/read', { uri: 'kept://a' })
    expect(await list(mine)).toBe(first)
    expect(await list(theirs)).toBe(first)
    const sessions = await Promise.all([LegacySession.open(mine), LegacySession.open(theirs)])
    const [one, two] = await Promise.all(
      sessions.map((session) => session.request(method).then(uncursored)),
    )
    expect(two).toBe(one)
  })
})

/** An answer without what is each request's own: ids, cursors and when a server was read. */
function uncursored(answer: Answer): string {
  return bare(answer)
    .replace(/"nextCursor":"[^"]*"/, '')
    .replace(/"at":"[^"]*"/g, '')
}

test.each(['tools/list', 'prompts/list', 'resources/list'])(
  'C8: a cursor of %s is its key’s, its address’s and its list’s alone; any other is what never was [features/cursor] [tools/list/cursor]',
  async (method) => {
    // The limit is of tools; other lists have their cursors only where servers give many entries.
    const { json } = await sendModern(mine, method, {})
    const cursor = json.result?.['nextCursor']
    if (method === 'tools/list') expect(cursor).toEqual(expect.any(String))
    const given = typeof cursor === 'string' ? cursor : 'x'.repeat(64)
    const never = bare(await sendModern(mine, method, { cursor: 'x'.repeat(given.length) }))
    expect(never).toContain('-32602')
    const middle = Math.floor(given.length / 2)
    const changed = `${given.slice(0, middle)}${given[middle] === 'A' ? 'B' : 'A'}${given.slice(middle + 1)}`
    const few = { ...mine, url: `${gateway.data}/mcp/few` }
    const own = { ...mine, url: `${gateway.data}/servers/modern/mcp` }
    const others = LISTS.filter((other) => other !== method)
    const wrong = [
      await sendModern(theirs, method, { cursor: given }),
      await sendModern(few, method, { cursor: given }),
      await sendModern(own, method, { cursor: given }),
      await sendModern(mine, method, { cursor: changed }),
      await sendModern(mine, method, { cursor: `${given}A` }),
      await sendModern(mine, method, { cursor: '' }),
      ...(await Promise.all(others.map((other) => sendModern(mine, other, { cursor: given })))),
    ]
    expect(wrong.map(bare)).toEqual(wrong.map(() => never))
    for (const odd of [7, {}, [given], true]) {
      const answer = await sendModern(mine, method, { cursor: odd })
      expect([odd, answer.json.error?.code]).toEqual([odd, -32602])
    }
    if (typeof cursor === 'string') {
      expect((await sendModern(mine, method, { cursor })).json.result).toBeDefined()
    }
  },
)

test('C5: what one key read is read anew for the other, though its server calls it public', async () => {
  const read = (target: Target): Promise<string> =>
    sendModern(target, 'resources/read', { uri: 'modern+kept://a' }).then(({ text }) => text)
  const texts = [await read(mine), await read(theirs)]
  expect(texts[0]).toContain('read ')
  expect(texts[0]).not.toBe(texts[1])
})

/** A listen of a modern client. */
async function listenAs(
  target: Target,
  notifications: Json,
  id: unknown = 'l',
): Promise<EventStream> {
  const { headers, body } = modernRequest(target, 'subscriptions/listen', { notifications }, { id })
  return EventStream.open(target.url, headers, body)
}

const methodsOn = (stream: EventStream): unknown[] => stream.messages.map(({ method }) => method)
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

async function acknowledged(stream: EventStream): Promise<JsonAnswer> {
  return waitUntil('the acknowledgement', () => stream.messages[0])
}

test('C4: a listen is acknowledged first, hears what it asked for alone, each time under its own id [wire/listen/filter] [wire/modern/listen]', async () => {
  // A server that was never met is not started to hear of its changes.
  await sendModern(mine, 'tools/list', {})
  await waitUntil('the gateway to listen', () =>
    server.seen.some(({ message }) => message['method'] === 'subscriptions/listen'),
  )
  await using tools = await listenAs(mine, { toolsListChanged: true }, 'for-tools')
  await using prompts = await listenAs(mine, { promptsListChanged: true }, 7)
  await using nothing = await listenAs(theirs, {}, 'for-nothing')
  expect((await acknowledged(tools))['method']).toBe(ACKNOWLEDGED)
  expect((await acknowledged(prompts))['method']).toBe(ACKNOWLEDGED)
  expect((await acknowledged(nothing))['method']).toBe(ACKNOWLEDGED)
  server.announce('notifications/tools/list_changed')
  server.announce('notifications/prompts/list_changed')
  await waitUntil('both to be told', () => tools.messages.length > 1 && prompts.messages.length > 1)
  await sleep(200)
  expect(methodsOn(tools)).toEqual([ACKNOWLEDGED, 'notifications/tools/list_changed'])
  expect(methodsOn(prompts)).toEqual([ACKNOWLEDGED, 'notifications/prompts/list_changed'])
  // Who wants nothing is told so, and that it is over.
  expect(methodsOn(nothing)).toEqual([ACKNOWLEDGED, undefined])
  for (const [stream, id] of [
    [tools, 'for-tools'],
    [prompts, 7],
  ] as const) {
    for (const { params } of stream.messages) {
      expect((params as { _meta: Json })._meta[SUBSCRIPTION]).toBe(id)
    }
  }
})

test('C4: news of a resource reach the key that watches it, under its own subscription, and no other key or address [subscriptions/own] [wire/listen/filter]', async () => {
  const few = { ...theirs, url: `${gateway.data}/mcp/few` }
  await using watching = await listenAs(mine, { resourceSubscriptions: ['modern+kept://b'] })
  await using other = await listenAs(theirs, { resourceSubscriptions: ['modern+kept://c'] })
  // What an endpoint does not show cannot be watched through it.
  await using denied = await listenAs(few, {
    resourceSubscriptions: ['kept://b', 'modern+kept://b'],
  })
  await using session = await openWatch(theirs, 'modern+kept://c')
  for (const stream of [watching, other, denied]) await acknowledged(stream)
  const granted = (await acknowledged(denied))['params'] as { notifications: Json } // by the protocol
  expect(granted.notifications['resourceSubscriptions'] ?? []).toEqual([])
  server.announce('notifications/resources/updated', { uri: 'kept://b' })
  await waitUntil('the watcher to be told', () => watching.messages.length > 1)
  expect(watching.messages[1]).toMatchObject({ params: { uri: 'modern+kept://b' } })
  await sleep(200)
  expect(other.text).not.toContain('updated')
  expect(denied.text).not.toContain('updated')
  expect(session.text).not.toContain('updated')
})

/** A legacy session's stream, subscribed to a resource. */
async function openWatch(target: Target, uri: string): Promise<EventStream> {
  const session = await AskedSession.open(target)
  const stream = await session.listen()
  const body = { jsonrpc: '2.0', id: 3, method: 'resources/subscribe', params: { uri } }
  expect((await session.post(body)).json.result).toEqual({})
  return stream
}

test('C4: a legacy session of one key hears of what it watches, one of the other key does not, in either era of server [subscriptions/own]', async () => {
  for (const [era, from] of [
    ['modern', server],
    ['legacy', legacy],
  ] as const) {
    await using watching = await openWatch(mine, `${era}+kept://a`)
    await using other = await openWatch(theirs, `${era}+kept://b`)
    from.announce('notifications/resources/updated', { uri: 'kept://a' })
    await waitUntil(`the watcher of ${era} to be told`, () => watching.text.includes('updated'))
    await sleep(150)
    expect([era, other.text.includes('updated')]).toEqual([era, false])
  }
})

test('I14: a task is for who declared tasks: nobody else is given one [calls/result-type]', async () => {
  const params = { name: 'modern__work', arguments: {} }
  const plain = await sendModern(mine, 'tools/call', params)
  expect(plain.text).not.toContain('task-1')
  const own = await sendModern(mine, 'tools/call', params, KNOWS_TASKS)
  expect(own.json.result).toMatchObject({ resultType: 'task', status: 'working' })
  const session = await AskedSession.open(mine, { extensions: { [TASKS]: {} } })
  await using stream = await session.beginCall('modern__work')
  const answer = await waitUntil('the answer', () => stream.messages.at(-1))
  expect(JSON.stringify(answer)).not.toContain('"resultType":"task"')
})

test('I14, C8: a task id is its key’s own: with the other key, changed, or as the server says it, it is what never was [tasks/owner]', async () => {
  const params = { name: 'modern__work', arguments: {} }
  const begun = await sendModern(mine, 'tools/call', params, KNOWS_TASKS)
  const begunByOther = await sendModern(theirs, 'tools/call', params, KNOWS_TASKS)
  const taskId = String(begun.json.result?.['taskId'])
  expect(taskId).not.toBe('task-1')
  expect(begunByOther.json.result?.['taskId']).not.toBe(taskId)
  for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update']) {
    const ask = (target: Target, id: string): Promise<Answer> =>
      sendModern(target, method, { taskId: id, inputResponses: {} }, KNOWS_TASKS)
    const never = await ask(mine, 'modern.bmV2ZXI.AAAAAAAAAAAAAAAAAAAAAA')
    const before = server.seen.length
    const wrong = [
      await ask(theirs, taskId),
      await ask(mine, 'task-1'),
      await ask(mine, `${taskId.slice(0, -2)}AA`),
      await ask(mine, `${taskId}.x`),
      await ask(mine, taskId.replace('modern.', 'legacy.')),
    ]
    expect([method, never.json.error?.code]).toEqual([method, -32602])
    expect(wrong.map(bare)).toEqual(wrong.map(() => bare(never)))
    expect(server.seen).toHaveLength(before)
    const good = await ask(mine, taskId)
    expect([method, good.status, good.json.error]).toEqual([method, 200, undefined])
    const [last] = server.seen.slice(-1)
    expect(last?.headers['mcp-name']).toBe('task-1')
    expect(last?.message).toMatchObject({ params: { taskId: 'task-1' } })
  }
})

test('I14: Mcp-Name must be the task’s id [wire/header/mismatch]', async () => {
  for (const name of ['task-1', '', 'modern.x.y']) {
    const params = { taskId: 'modern.bmV2ZXI.AAAAAAAAAAAAAAAAAAAAAA' }
    const answer = await sendModern(mine, 'tasks/get', params, {
      ...KNOWS_TASKS,
      headers: { 'mcp-name': name },
    })
    expect([name, answer.status, answer.json.error?.code]).toEqual([name, 400, -32020])
  }
})

test('I14: a client that did not declare tasks is told that it lacks them', async () => {
  const { status, json } = await sendModern(mine, 'tasks/get', { taskId: 'gate-test' })
  expect([status, json.error]).toMatchObject([
    400,
    { code: -32021, data: { requiredCapabilities: { extensions: { [TASKS]: {} } } } },
  ])
})

test.each(ERAS)('lists go on while the other key’s listens come and go: %s', async (era) => {
  for (let turn = 0; turn < 3; turn += 1) {
    await using _stream = await listenAs(theirs, { toolsListChanged: true }, turn)
    const { json } = await sendModern(mine, 'tools/list', {})
    expect(JSON.stringify(json)).toContain(era === 'legacy' ? 'legacy__t0' : 'nextCursor')
  }
})
