import { expect, test } from 'vitest'
import { parseEventId } from './session-stream.ts'
import { AGREED, ALICE, openTestSessions } from './testing-session.ts'

const KEPT_MS = 60_000
const message = (n: number | string) => Buffer.from(JSON.stringify({ n }))

function openSession(options: { version?: string; bytesMax?: number } = {}) {
  const kit = openTestSessions(options)
  const session = kit.sessions.open(ALICE, '', {
    ...AGREED,
    version: options.version ?? AGREED.version,
  })
  const begin = (answers = true) => {
    const fake = kit.respond()
    const stream = answers ? session.openStream(kit.deps) : session.listen(kit.deps)
    stream.begin(fake.response, {})
    return { fake, stream }
  }
  /** Comes back to a stream after an event. */
  const resume = (eventId: string) => {
    const seen = parseEventId(eventId)
    const stream = seen && session.findStream(seen.streamId)
    if (!seen || !stream) return undefined
    const fake = kit.respond()
    stream.resume(fake.response, {}, seen.seq)
    return fake
  }
  const wait = (ms: number) => {
    kit.clock.advance(ms)
    kit.deadlines.expireDue()
  }
  return { ...kit, session, begin, resume, wait }
}

const told = (fake: { sent: string } | undefined) =>
  fake?.sent.match(/^data: .*$/gm)?.map((line) => JSON.parse(line.slice(6)).n) ?? []
const ids = ({ sent }: { sent: string }) =>
  [...sent.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '')

test('a client that comes back gets what it missed of that stream, the answer included, and then the end [wire/resume/answer]', () => {
  const { begin, resume } = openSession()
  const { fake, stream } = begin()
  stream.send(message(1))
  stream.send(message(2))
  fake.destroy()
  expect(stream.send(message(3))).toBe(true)
  const [, first = ''] = ids(fake)
  const second = resume(first)
  expect([told(second), second?.writableEnded]).toEqual([[2, 3], false])
  stream.send(message(4))
  stream.finish(message('answer'))
  expect([told(second), second?.writableEnded]).toEqual([[2, 3, 4, 'answer'], true])
})

test('an answer is kept for a client whose connection dropped before it [wire/resume/answer]', () => {
  const { begin, resume } = openSession()
  const { fake, stream } = begin()
  fake.destroy()
  stream.finish(message('answer'))
  const [primed = ''] = ids(fake)
  const back = resume(primed)
  expect([told(back), back?.writableEnded]).toEqual([['answer'], true])
})

test('a stream is kept for a minute after its answer and not longer', () => {
  const { begin, resume, wait, budget } = openSession()
  const { fake, stream } = begin()
  stream.finish(message('answer'))
  const [primed = ''] = ids(fake)
  wait(KEPT_MS - 100)
  expect(told(resume(primed))).toEqual(['answer'])
  wait(KEPT_MS + 100)
  expect([resume(primed), budget.held]).toEqual([undefined, 0])
})

test('a request that takes long is kept for as long as it takes', () => {
  const { begin, resume, wait } = openSession()
  const { fake, stream } = begin()
  fake.destroy()
  wait(KEPT_MS * 5)
  stream.finish(message('answer'))
  expect(told(resume(ids(fake)[0] ?? ''))).toEqual(['answer'])
})

test('a stream that only listens is kept for a minute after its loss', () => {
  const { begin, resume, wait, session } = openSession()
  const { fake } = begin(false)
  fake.destroy()
  expect(session.send('notifications/x')).toBe(true)
  wait(KEPT_MS - 100)
  const back = resume(ids(fake)[0] ?? '')
  expect(back?.sent).toContain('notifications/x')
  back?.destroy()
  wait(KEPT_MS + 100)
  expect([resume(ids(fake)[0] ?? ''), session.send('notifications/x')]).toEqual([undefined, false])
})

test('a message goes to the connection that came last, and the one before is closed [wire/resume/streams]', () => {
  const { begin, resume } = openSession()
  const { fake, stream } = begin()
  const back = resume(ids(fake)[0] ?? '')
  expect(fake.writableEnded).toBe(true)
  stream.send(message(1))
  expect([told(fake), told(back)]).toEqual([[], [1]])
})

test('of two streams that dropped each has its own [wire/resume/streams]', () => {
  const { begin, resume } = openSession()
  const streams = ['a', 'b'].map((name) => {
    const { fake, stream } = begin()
    fake.destroy()
    stream.finish(message(name))
    return ids(fake)[0] ?? ''
  })
  expect(streams.map((id) => told(resume(id)))).toEqual([['a'], ['b']])
})

test('another session does not find a stream [wire/resume/foreign]', () => {
  const { begin, sessions } = openSession()
  const { fake } = begin()
  const { streamId = '' } = parseEventId(ids(fake)[0]) ?? {}
  expect(sessions.open(ALICE, '', AGREED).findStream(streamId)).toBe(undefined)
})

test.each([
  [undefined],
  [['a', 'b']],
  [''],
  ['7'],
  ['AAAAAAAAAAAA'],
  ['AAAAAAAAAAAA.-1'],
  ['AAAAAAAAAAAA.1e9'],
  ['AAAAAAAAAAA.1'],
  ['AAAAAAAAAAAA.1\n'],
  ['AAAAAAAAAAAA.9999999999999999'],
])('%j is no event id', (text) => {
  expect(parseEventId(text)).toBe(undefined)
})

test('so many events are kept of a stream, the newest of them [wire/resume/bound]', () => {
  const { begin, resume } = openSession()
  const { fake, stream } = begin()
  fake.destroy()
  for (let n = 0; n < 300; n += 1) stream.send(message(n))
  const kept = told(resume(ids(fake)[0] ?? ''))
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([256, 44, 299])
})

test('so many bytes are kept of a stream, and no more than the budget gives [wire/resume/bound]', () => {
  const large = 'x'.repeat(400_000)
  const roomy = openSession({ bytesMax: 100_000_000 })
  const first = roomy.begin()
  first.fake.destroy()
  for (let n = 0; n < 4; n += 1) first.stream.send(message(large))
  expect(roomy.budget.held).toBeLessThan(1_048_576)
  expect(told(roomy.resume(ids(first.fake)[0] ?? '')).length).toBe(2)
  const poor = openSession({ bytesMax: 500_000 })
  const second = poor.begin()
  second.fake.destroy()
  for (let n = 0; n < 4; n += 1) second.stream.send(message(large))
  expect(told(poor.resume(ids(second.fake)[0] ?? '')).length).toBe(1)
  const broke = openSession({ bytesMax: 10 })
  const third = broke.begin()
  third.fake.destroy()
  expect(third.stream.send(message(large))).toBe(false)
})

test('of a large answer that was read to its end nothing is kept', () => {
  const { begin, budget } = openSession()
  const { fake, stream } = begin()
  Object.defineProperty(fake, 'writableFinished', { get: () => true })
  stream.finish(message('x'.repeat(100_000)))
  expect(budget.held).toBe(0)
})

test('eight streams are kept after their answers, the newest of them [wire/resume/bound]', () => {
  const { begin, resume, budget } = openSession()
  const primed = Array.from({ length: 12 }, (_, n) => {
    const { fake, stream } = begin()
    stream.finish(message(n))
    return ids(fake)[0] ?? ''
  })
  expect(primed.map((id) => told(resume(id))[0])).toEqual([
    ...Array.from({ length: 3 }, () => undefined),
    ...Array.from({ length: 9 }, (_, n) => n + 3),
  ])
  expect(budget.held).toBeGreaterThan(0)
})

test('the end of a session gives everything back', () => {
  const { begin, budget, sessions, session } = openSession()
  const { fake, stream } = begin()
  stream.send(message(1))
  expect(budget.held).toBeGreaterThan(0)
  sessions.end(session)
  expect(budget.held).toBe(0)
  // The answer still reaches who waits for it.
  stream.finish(message('answer'))
  expect([told(fake), budget.held]).toEqual([[1, 'answer'], 0])
})

test('who speaks 2025-11-25 is told at once where to come back to, an older revision is not [wire/resume/primed]', () => {
  const newer = openSession({ version: '2025-11-25' }).begin().fake
  const older = openSession({ version: '2025-06-18' }).begin().fake
  expect(newer.sent).toMatch(/^retry: 1000\nid: [\w-]{12}\.0\ndata:\n\n$/)
  expect(older.sent).toBe('retry: 1000\n\n')
})
