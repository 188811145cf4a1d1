import { expect, test } from 'vitest'
import type { ListenFilter } from './exchange.ts'
import { Streams } from './streams.ts'
import { Subscription } from './subscription.ts'
import { AGREED, ALICE, BOB, openTestSessions } from './testing-session.ts'

const FACE = { serverInfo: { name: 'test', version: '1' }, capabilities: '{}', ttlMs: 1 }
const ALL: ListenFilter = { tools: true, prompts: true, resources: true, uris: [] }
const CHANGED = 'notifications/tools/list_changed'

function openStreams() {
  const { sessions, deps, respond, openStream, clock } = openTestSessions()
  const streams = new Streams(sessions)
  const subscribe = (owner = { principal: ALICE, scope: '' }, filter = ALL) => {
    const { fake, stream } = openStream()
    const subscription = new Subscription({ ...owner, id: '"s"' }, filter)
    streams.add(subscription)
    stream.onClose = () => subscription.end()
    subscription.begin(stream, filter, FACE)
    return fake
  }
  const open = (principal = ALICE, scope = '') => sessions.open(principal, scope, AGREED)
  const attach = (session: ReturnType<typeof open>) => {
    const fake = respond()
    session.listen(deps).begin(fake.response, {})
    return fake
  }
  return { clock, sessions, streams, subscribe, attach, open }
}

const toldOf = (fakes: readonly { sent: string }[]) =>
  fakes.map(({ sent }) => sent.split(CHANGED).length - 1)

test('a principal holds so many subscriptions and no more, until one closes', () => {
  const { streams, subscribe } = openStreams()
  const fakes = Array.from({ length: 256 }, () => subscribe())
  const refused = expect.objectContaining({ code: 'overloaded' })
  expect(() => subscribe()).toThrow(refused)
  expect(() => subscribe({ principal: BOB, scope: '' })).not.toThrow()
  fakes[0]?.destroy()
  expect(() => subscribe()).not.toThrow()
  expect(streams.size).toBe(257)
})

test('who is limited to what is not concerned is told nothing', () => {
  const { streams, subscribe, attach, open } = openStreams()
  const fakes = ['other', 'files', ''].map((scope) => subscribe({ principal: ALICE, scope }))
  const sessions = ['other', 'files', ''].map((scope) => attach(open(ALICE, scope)))
  const asked: string[] = []
  streams.announce('tools', ({ scope }) => asked.push(scope) > 0 && scope !== 'other')
  expect(toldOf([...fakes, ...sessions])).toEqual([0, 1, 1, 0, 1, 1])
  expect(asked).toEqual(['other', 'files', ''])
})

test('a subscription hears of the lists it asked for', () => {
  const { streams, subscribe } = openStreams()
  const fake = subscribe({ principal: ALICE, scope: '' }, { ...ALL, tools: false })
  for (const kind of ['tools', 'prompts', 'resources'] as const) streams.announce(kind, () => true)
  expect(fake.sent.match(/notifications\/\w+\/list_changed/g)).toEqual([
    'notifications/prompts/list_changed',
    'notifications/resources/list_changed',
  ])
})

test('a session hears of a change once, on its newest stream', () => {
  const { streams, open, attach } = openStreams()
  const session = open()
  const fakes = [attach(session), attach(session), attach(open(BOB))]
  streams.announce('tools', () => true)
  expect(toldOf(fakes)).toEqual([0, 1, 1])
})

test('a session whose newest stream is over hears of a change on the one before', () => {
  const { streams, open, attach } = openStreams()
  const session = open()
  const older = attach(session)
  const newer = attach(session)
  newer.destroy()
  streams.announce('tools', () => true)
  expect(toldOf([older, newer])).toEqual([1, 0])
})

test('the oldest streams of a session end when it has more than four, even if nobody reads them', () => {
  const { streams, open, attach } = openStreams()
  const session = open()
  const fakes = Array.from({ length: 6 }, () => {
    const fake = attach(session)
    fake.reading = false
    return fake
  })
  expect(fakes.map(({ writableEnded }) => writableEnded)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ])
  expect([session.lines.length, streams.size]).toEqual([4, 4])
})

test('a stream whose reader was lost makes room before one that is read', () => {
  const { open, attach } = openStreams()
  const session = open()
  const fakes = Array.from({ length: 4 }, () => attach(session))
  fakes[2]?.destroy()
  attach(session)
  expect(fakes.map(({ writableEnded }) => writableEnded)).toEqual([false, false, false, false])
  expect(session.lines.filter(({ open: read }) => read).length).toBe(4)
})

test('a session is idle from the end of its last stream on', () => {
  const { sessions, open, attach, clock } = openStreams()
  const fake = attach(open())
  clock.advance(5_000)
  fake.destroy()
  clock.advance(999)
  sessions.sweep()
  expect(sessions.size).toBe(1)
  clock.advance(1)
  sessions.sweep()
  expect(sessions.size).toBe(0)
})

test("a revoked principal's subscriptions end, and nobody else's", () => {
  const { streams, subscribe } = openStreams()
  const fakes = [subscribe(), subscribe({ principal: BOB, scope: '' })]
  streams.endPrincipal('key:alice')
  expect(fakes.map(({ writableEnded }) => writableEnded)).toEqual([true, false])
})

test('at the end subscriptions get their result', () => {
  const { streams, subscribe } = openStreams()
  const fake = subscribe()
  streams.finish()
  expect([fake.sent.includes('"resultType":"complete"'), fake.writableEnded, streams.size]).toEqual(
    [true, true, 0],
  )
})

const SIGHT = { key: 'files', rules: [{ servers: ['files'] }] }

test('it is asked once for all who see the same of a scope, and again for who sees something else [tenancy/sight/news]', () => {
  const { streams, subscribe } = openStreams()
  const seeing = { ...BOB, sight: SIGHT }
  const fakes = [ALICE, ALICE, seeing, { ...seeing }].map((principal) =>
    subscribe({ principal, scope: '' }),
  )
  const asked: (string | undefined)[] = []
  streams.announce('tools', ({ principal }) => {
    asked.push(principal.sight?.key)
    return principal.sight === undefined
  })
  expect([asked, toldOf(fakes)]).toEqual([
    [undefined, 'files'],
    [1, 1, 0, 0],
  ])
})

test('what a principal holds open goes on as it is now, and is told of lists where it sees others [tenancy/sight/live]', () => {
  const { streams, subscribe, attach, open } = openStreams()
  const session = open(ALICE)
  const fakes = [
    subscribe({ principal: ALICE, scope: '' }),
    attach(session),
    subscribe({ principal: BOB, scope: '' }),
  ]
  const seeing = { ...ALICE, sight: SIGHT }
  streams.renew(seeing)
  expect([session.principal, toldOf(fakes)]).toEqual([seeing, [1, 1, 0]])
  streams.renew({ ...seeing, name: 'other' })
  streams.renew({ ...seeing, tenant: 'acme', sight: undefined })
  expect(toldOf(fakes)).toEqual([1, 1, 0])
  const seen: unknown[] = []
  streams.announce('tools', ({ principal }) => seen.push(principal.sight?.key) > 0)
  expect(seen).toEqual(['files', undefined])
})

test('who may list no more is told nothing, until it may again', () => {
  const { streams, subscribe } = openStreams()
  const fake = subscribe()
  streams.renew({ ...ALICE, sight: SIGHT, permissions: new Set(['mcp.call']) })
  streams.announce('tools', () => true)
  expect(toldOf([fake])).toEqual([0])
  streams.renew(ALICE)
  expect(toldOf([fake])).toEqual([1])
})
