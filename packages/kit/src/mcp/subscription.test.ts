import { expect, test } from 'vitest'
import type { ListenFilter } from './exchange.ts'
import { Subscription } from './subscription.ts'
import { ALICE, openTestSessions } from './testing-session.ts'

const FACE = { serverInfo: { name: 'test', version: '1' }, capabilities: '{}', ttlMs: 1 }
const NOTHING: ListenFilter = { tools: false, prompts: false, resources: false, uris: [] }
const ALL: ListenFilter = { tools: true, prompts: true, resources: true, uris: ['a:1', 'a:2'] }
const ID = 'io.modelcontextprotocol/subscriptionId'
const UPDATED = 'notifications/resources/updated'

function listen(wished: ListenFilter = ALL, id = '"s"') {
  const { fake, stream } = openTestSessions().openStream()
  const subscription = new Subscription({ principal: ALICE, scope: '', id }, wished)
  stream.onClose = () => subscription.end()
  const texts = () => fake.sent.match(/^data: .*$/gm)?.map((line) => line.slice(6)) ?? []
  const messages = () => texts().map((text) => JSON.parse(text))
  return { fake, stream, subscription, texts, messages }
}

test('what was granted is acknowledged first, and never more than was wished [wire/listen/filter]', () => {
  const { subscription, stream, messages } = listen({
    ...NOTHING,
    tools: true,
    uris: ['a:1', 'a:2'],
  })
  subscription.begin(stream, { ...ALL, uris: ['a:2', 'a:3'] }, FACE)
  expect(messages()).toEqual([
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: {
        notifications: { toolsListChanged: true, resourceSubscriptions: ['a:2'] },
        _meta: { [ID]: 's' },
      },
    },
  ])
})

test('nothing outside the filter is sent [wire/listen/filter]', () => {
  const { subscription, stream, messages } = listen()
  subscription.begin(stream, { ...NOTHING, prompts: true }, FACE)
  const methods = [
    'notifications/tools/list_changed',
    'notifications/resources/list_changed',
    UPDATED,
    'notifications/message',
    'notifications/prompts/list_changed',
  ]
  expect(methods.map((method) => subscription.send(method))).toEqual([
    false,
    false,
    false,
    false,
    true,
  ])
  expect(messages().map(({ method }) => method)).toEqual([
    'notifications/subscriptions/acknowledged',
    'notifications/prompts/list_changed',
  ])
})

test('what happens before the acknowledgement follows it, once, and only as granted [wire/listen/no-gap]', () => {
  const { subscription, stream, messages } = listen()
  subscription.send('notifications/tools/list_changed')
  subscription.send('notifications/tools/list_changed')
  subscription.send('notifications/prompts/list_changed')
  subscription.send(UPDATED, '{"uri":"a:1"}')
  subscription.begin(stream, { ...ALL, prompts: false }, FACE)
  expect(messages().map(({ method }) => method)).toEqual([
    'notifications/subscriptions/acknowledged',
    'notifications/tools/list_changed',
    UPDATED,
  ])
})

test('so many messages wait for the acknowledgement and no more', () => {
  const { subscription } = listen()
  const sent = Array.from({ length: 257 }, (_, at) => subscription.send(UPDATED, `{"uri":"${at}"}`))
  expect([sent[255], sent[256]]).toEqual([true, false])
})

test.each([
  [undefined, `{"_meta":{"${ID}":7.0}}`],
  ['{}', `{"_meta":{"${ID}":7.0}}`],
  [' { "uri" : "a" }', `{"_meta":{"${ID}":7.0}, "uri" : "a" }`],
  ['{"_meta":{},"n":1.0}', `{"_meta":{"${ID}":7.0},"n":1.0}`],
  ['{"_meta":{"x":1}}', `{"_meta":{"${ID}":7.0,"x":1}}`],
  [`{"_meta":{"${ID}":"theirs"}}`, `{"_meta":{"${ID}":7.0}}`],
  ['{"_meta":null}', `{"_meta":{"${ID}":7.0}}`],
])('params %j travel under the id as the client wrote it', (params, expected) => {
  const { subscription, stream, texts } = listen(ALL, '7.0')
  subscription.begin(stream, ALL, FACE)
  subscription.send(UPDATED, params)
  expect(texts()[1]).toBe(`{"jsonrpc":"2.0","method":"${UPDATED}","params":${expected}}`)
})

test('with nothing granted it ends at once, with its result', () => {
  const { subscription, stream, messages, fake } = listen()
  subscription.begin(stream, NOTHING, FACE)
  expect(messages().map(({ id }) => id)).toEqual([undefined, 's'])
  expect([fake.writableEnded, subscription.ended]).toEqual([true, true])
})

test('a graceful end sends the result, a lost connection sends nothing, and both tell once', () => {
  const told: string[] = []
  const graceful = listen()
  graceful.subscription.begin(graceful.stream, ALL, FACE)
  graceful.subscription.onEnd(() => told.push('graceful'))
  graceful.subscription.finish()
  graceful.subscription.finish()
  expect(graceful.messages()[1]).toMatchObject({ id: 's', result: { resultType: 'complete' } })
  const lost = listen()
  lost.subscription.begin(lost.stream, ALL, FACE)
  lost.subscription.onEnd(() => told.push('lost'))
  lost.fake.destroy()
  expect([lost.messages().length, lost.subscription.send(UPDATED)]).toEqual([1, false])
  lost.subscription.onEnd(() => told.push('late'))
  expect(told).toEqual(['graceful', 'lost', 'late'])
})
