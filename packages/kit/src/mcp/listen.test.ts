import { expect, onTestFinished, test } from 'vitest'
import { CallController } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import { Calls } from './calls.ts'
import type { ListenFilter, McpApplication } from './exchange.ts'
import { prepareListen } from './listen.ts'
import { Streams } from './streams.ts'
import { testMessage } from './testing-message.ts'
import { ALICE, FakeBudget, openTestSessions } from './testing-session.ts'

const FACE = { serverInfo: { name: 'test', version: '1' }, capabilities: '{}', ttlMs: 1 }

function openListens(
  grant: McpApplication['listen'] = (_subscriber, filter) => Promise.resolve(filter),
) {
  const { sessions, openStream } = openTestSessions()
  const streams = new Streams(sessions)
  const app: McpApplication = {
    hasScope: () => true,
    handles: () => true,
    face: () => Promise.resolve(FACE),
    request: () => Promise.reject(new TypeError('no requests here')),
    notified: () => undefined,
    listen: grant,
  }
  const calls = new Calls(app)
  const arrival = {
    caller: { principal: ALICE, address: '', requestId: 'r-1' },
    scope: '',
    headers: {},
    reservation: new FakeBudget(0).reserve(),
    arrivedMs: 0,
  }
  const prepare = (params: string, controller = new CallController()) => {
    const text = `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen"${params}}`
    return prepareListen(arrival, testMessage(text), { app, calls, streams }, controller)
  }
  onTestFinished(() => streams.finish())
  return { prepare, streams, calls, openStream }
}

const manyUris = JSON.stringify(Array.from({ length: 1_001 }, (_, at) => `a:${at}`))

test.each([
  ['nothing to listen for', ''],
  ['no notifications', ',"params":{}'],
  ['notifications of no kind', ',"params":{"notifications":[]}'],
  ['null', ',"params":{"notifications":null}'],
  ['URIs of no kind', ',"params":{"notifications":{"resourceSubscriptions":{}}}'],
  ['numbers', ',"params":{"notifications":{"resourceSubscriptions":[1]}}'],
  ['too many URIs', `,"params":{"notifications":{"resourceSubscriptions":${manyUris}}}`],
])('listening for %s is refused as bad parameters', async (_case, params) => {
  const { prepare, streams } = openListens()
  const refused = await prepare(params)
  if (!('bytes' in refused)) throw new TypeError('the listen was not refused')
  expect([refused.status, JSON.parse(refused.bytes.toString()).error.code, streams.size]).toEqual([
    400, -32602, 0,
  ])
})

test('what a client asks for reaches the application, each address once', async () => {
  const asked: ListenFilter[] = []
  const { prepare } = openListens((_subscriber, filter) => {
    asked.push(filter)
    return Promise.resolve(filter)
  })
  await prepare(
    ',"params":{"notifications":{"toolsListChanged":"yes","promptsListChanged":true,"resourceSubscriptions":["a:1","a:2","a:1"]}}',
  )
  expect(asked).toEqual([{ tools: false, prompts: true, resources: false, uris: ['a:1', 'a:2'] }])
})

const TOOLS = ',"params":{"notifications":{"toolsListChanged":true}}'

test('a change between grant and acknowledgement is told after it [wire/listen/no-gap]', async () => {
  const { prepare, streams, openStream } = openListens(async (_subscriber, filter) => {
    streams.announce('tools', () => true)
    return filter
  })
  const ready = await prepare(TOOLS)
  if ('bytes' in ready) throw new TypeError('the listen was refused')
  const { fake, stream } = openStream()
  ready.begin(stream)
  expect(fake.sent.match(/notifications\/[\w/]+/g)).toEqual([
    'notifications/subscriptions/acknowledged',
    'notifications/tools/list_changed',
  ])
})

test('a listen that is aborted, fails or meets the end of the gateway leaves nothing behind', async () => {
  const reason = new AppError('cancelled', 'gone')
  const controller = new CallController()
  const aborted = openListens((_subscriber, filter) => {
    controller.abort(reason)
    return Promise.resolve(filter)
  })
  await expect(aborted.prepare(TOOLS, controller)).rejects.toBe(reason)
  const failing = openListens(() => Promise.reject(reason))
  await expect(failing.prepare(TOOLS)).rejects.toBe(reason)
  const stopping = openListens((_subscriber, filter) => {
    stopping.streams.finish()
    return Promise.resolve(filter)
  })
  await expect(stopping.prepare(TOOLS)).rejects.toMatchObject({ code: 'shutting_down' })
  for (const { streams, calls } of [aborted, failing, stopping]) {
    expect([streams.size, calls.size]).toEqual([0, 0])
  }
})
