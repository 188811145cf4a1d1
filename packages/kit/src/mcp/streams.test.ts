import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { EventStream } from './event-stream.ts'
import { LegacySessions } from './sessions.ts'
import { Streams } from './streams.ts'
import { FakeResponse } from './testing-message.ts'

const CHANGED = 'notifications/tools/list_changed'
const ALICE = { principalId: 'key:alice', scope: '' }

function openStreams() {
  const clock = new ManualClock()
  const sealer = {
    seal: (plain: Buffer) => plain.toString('base64url'),
    open: (sealed: string) => Buffer.from(sealed, 'base64url'),
  }
  const sessions = new LegacySessions(sealer, clock, { idleMs: 1_000, totalMs: 100_000 })
  const streams = new Streams(sessions)
  const fakes: FakeResponse[] = []
  onTestFinished(() => {
    for (const fake of fakes) fake.destroy()
    sessions[Symbol.dispose]()
  })
  const open = () => {
    const fake = new FakeResponse()
    fakes.push(fake)
    const stream = new EventStream(fake.response, {}, { stallMs: 1_000, unreadBytesMax: 10_000 })
    return { fake, stream }
  }
  const subscribe = (owner = ALICE, id = '"s"') => {
    const { fake, stream } = open()
    streams.addSubscription(stream, owner, id, Buffer.from('{"farewell":1}'))
    return fake
  }
  const attach = (session: ReturnType<typeof sessions.open>, scope = '') => {
    const { fake, stream } = open()
    streams.addSession(stream, session, scope)
    return fake
  }
  return { clock, sessions, streams, subscribe, attach }
}

const toldOf = (fakes: readonly FakeResponse[]) =>
  fakes.map(({ sent }) => sent.split(CHANGED).length - 1)

test('a principal holds so many subscriptions and no more, until one closes', () => {
  const { streams, subscribe } = openStreams()
  const fakes = Array.from({ length: 256 }, () => subscribe())
  const refused = expect.objectContaining({ code: 'overloaded' })
  expect(() => streams.assertRoom('key:alice')).toThrow(refused)
  expect(() => streams.assertRoom('key:bob')).not.toThrow()
  fakes[0]?.emit('close')
  expect(() => streams.assertRoom('key:alice')).not.toThrow()
})

test('who is limited to another server is told nothing', () => {
  const { streams, subscribe } = openStreams()
  const fakes = ['other', 'files', ''].map((scope) => subscribe({ ...ALICE, scope }))
  streams.announce('files')
  expect(toldOf(fakes)).toEqual([0, 1, 1])
})

test("a subscription's changes carry its id as the client wrote it", () => {
  const { streams, subscribe } = openStreams()
  const fake = subscribe(ALICE, '12345678901234567890')
  streams.announce('files')
  expect(fake.sent).toContain('"io.modelcontextprotocol/subscriptionId":12345678901234567890}')
})

test('a session hears of a change once, on its newest stream', () => {
  const { streams, sessions, attach } = openStreams()
  const session = sessions.open('key:alice', '2025-11-25')
  const fakes = [attach(session), attach(session), attach(sessions.open('key:bob', '2025-11-25'))]
  streams.announce('files')
  expect(toldOf(fakes)).toEqual([0, 1, 1])
})

test('a session whose newest stream is over hears of a change on the one before', () => {
  const { streams, sessions, attach } = openStreams()
  const session = sessions.open('key:alice', '2025-11-25')
  const older = attach(session)
  const newer = attach(session)
  newer.emit('close')
  streams.announce('files')
  expect(toldOf([older, newer])).toEqual([1, 0])
})

test('the oldest streams of a session end when it has more than four, even if nobody reads them', () => {
  const { streams, sessions, attach } = openStreams()
  const session = sessions.open('key:alice', '2025-11-25')
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
  expect(session.streams.size).toBe(4)
  fakes[0]?.drain()
  expect([session.streams.size, streams.size]).toEqual([4, 5])
})

test('a session is idle from the end of its last stream on', () => {
  const { sessions, attach, clock } = openStreams()
  const session = sessions.open('key:alice', '2025-11-25')
  const fake = attach(session)
  clock.advance(5_000)
  fake.emit('close')
  clock.advance(999)
  sessions.sweep()
  expect(sessions.size).toBe(1)
  clock.advance(1)
  sessions.sweep()
  expect(sessions.size).toBe(0)
})

test("a revoked principal's streams end, and nobody else's", () => {
  const { streams, subscribe } = openStreams()
  const fakes = [subscribe(), subscribe({ ...ALICE, principalId: 'key:bob' })]
  streams.endPrincipal('key:alice')
  expect(fakes.map(({ writableEnded }) => writableEnded)).toEqual([true, false])
})

test('at the end subscriptions get their result, sessions just end', () => {
  const { streams, sessions, subscribe, attach } = openStreams()
  const fakes = [subscribe(), attach(sessions.open('key:alice', '2025-11-25'))]
  streams.endAll()
  expect(
    fakes.map(({ sent, writableEnded }) => [sent.includes('farewell'), writableEnded]),
  ).toEqual([
    [true, true],
    [false, true],
  ])
  expect(streams.size).toBe(0)
})
