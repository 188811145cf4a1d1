import type { IncomingMessage } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { answerDiscover, openListen } from './listen.ts'
import { LegacySessions } from './sessions.ts'
import { judgeAccept } from './reply.ts'
import { Streams } from './streams.ts'
import { FakeResponse, testMessage } from './testing-message.ts'

const FACE = {
  serverInfo: { name: 'test', version: '1' },
  capabilities: { tools: { listChanged: true } },
  ttlMs: 1_000,
}
const LIMITS = { stallMs: 1_000, unreadBytesMax: 10_000, requestBytes: 1_000, depth: 8 }

function listen(params: string, accept = 'application/json, text/event-stream') {
  const sealer = { seal: () => '', open: () => undefined }
  const sessions = new LegacySessions(sealer, new ManualClock(), { idleMs: 1, totalMs: 1 })
  const streams = new Streams(sessions)
  const fake = new FakeResponse()
  onTestFinished(() => {
    fake.destroy()
    sessions[Symbol.dispose]()
  })
  const id = 'key:alice'
  const principal = { id, kind: 'key', name: 'alice', role: 'caller' } as const
  const inbound = {
    request: { headers: {} } as IncomingMessage, // not read
    response: fake.response,
    caller: {
      principal: { ...principal, tenant: null, expiresAtMs: null },
      address: '',
      requestId: 'r-1',
    },
    scope: '',
    reservation: { grow: () => true, release: () => undefined },
    accepts: judgeAccept(accept),
    arrivedMs: 0,
  }
  const text = `{"jsonrpc":"2.0","id":12345678901234567890,"method":"subscriptions/listen"${params}}`
  openListen(inbound, testMessage(text), { face: FACE, streams, limits: LIMITS })
  return { fake, streams }
}

test.each([
  ['nothing to listen for', ''],
  ['no notifications', ',"params":{}'],
  ['notifications of no kind', ',"params":{"notifications":[]}'],
  ['null', ',"params":{"notifications":null}'],
])('listening for %s is refused as bad parameters', (_case, params) => {
  const { fake, streams } = listen(params)
  expect([fake.status, JSON.parse(fake.sent).error.code, streams.size]).toEqual([400, -32602, 0])
})

test('listening without taking streams is refused', () => {
  const { fake } = listen(',"params":{"notifications":{}}', 'application/json')
  expect([fake.status, JSON.parse(fake.sent).error.code]).toEqual([400, -32600])
})

const events = (fake: FakeResponse) =>
  fake.sent.match(/^data: .*$/gm)?.map((line) => line.slice('data: '.length)) ?? []

test('who asks for what there is not gets an acknowledgement of nothing, and the end', () => {
  const { fake, streams } = listen(
    ',"params":{"notifications":{"promptsListChanged":true,"toolsListChanged":"yes"}}',
  )
  const [acknowledged = '', farewell = ''] = events(fake)
  expect(JSON.parse(acknowledged).params.notifications).toEqual({})
  expect(farewell).toContain('"id":12345678901234567890,"result":{"resultType":"complete"')
  expect([fake.writableEnded, streams.size]).toEqual([true, 0])
})

test('who asks for changed tools is granted that, under an id of all its digits', () => {
  const { fake, streams } = listen(',"params":{"notifications":{"toolsListChanged":true}}')
  const [acknowledged = ''] = events(fake)
  expect(JSON.parse(acknowledged)).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true } },
  })
  expect(acknowledged).toContain(
    '"_meta":{"io.modelcontextprotocol/subscriptionId":12345678901234567890}',
  )
  expect([events(fake).length, fake.writableEnded, streams.size]).toEqual([1, false, 1])
  streams.endAll()
  expect(events(fake)[1]).toContain('"id":12345678901234567890,"result"')
})

test('discovery says which revisions, what for, and for how long that holds [wire/modern/discover]', () => {
  const { bytes, status } = answerDiscover(
    testMessage('{"jsonrpc":"2.0","id":"d","method":"server/discover"}'),
    { ...FACE, instructions: 'be kind' },
  )
  expect([status, JSON.parse(bytes.toString())]).toEqual([
    200,
    {
      jsonrpc: '2.0',
      id: 'd',
      result: {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: FACE.capabilities,
        instructions: 'be kind',
        ttlMs: 1_000,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': FACE.serverInfo },
      },
    },
  ])
})
