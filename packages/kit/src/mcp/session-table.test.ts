import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { MasterKeys, Sealer } from '../crypto/index.ts'
import { Secret } from '../secret.ts'
import type { LegacySession } from './session.ts'
import { LegacySessions } from './sessions.ts'
import { AGREED, ALICE, BOB, openTestSessions, testPrincipal } from './testing-session.ts'

const LIFE = { idleMs: 1_000_000, totalMs: 1_000_000 }

/** Three sessions of a principal and five in all; each is opened a millisecond after the one before. */
function openSessions() {
  const clock = new ManualClock()
  const sealer = new Sealer(MasterKeys.parse([new Secret('ab'.repeat(32))]), 'mcp')
  const sessions = new LegacySessions(sealer, clock, { ...LIFE, perPrincipalMax: 3, totalMax: 5 })
  onTestFinished(() => sessions[Symbol.dispose]())
  const open = (principal = ALICE): LegacySession => {
    clock.advance(1)
    return sessions.open(principal, '', AGREED)
  }
  const find = (id: string, principal = ALICE, scope = '') => {
    clock.advance(1)
    return sessions.find(id, principal, scope)
  }
  return { sessions, clock, open, find }
}

const line = (open: boolean) => ({ open, send: () => true, end: () => undefined })
const question = () => {
  const { signal } = new AbortController()
  return { method: 'roots/list', params: undefined, signal }
}

const HELD: readonly [string, (session: LegacySession) => void][] = [
  ['a call', (session) => session.live.add('1', new AbortController())],
  ['a line that is read', (session) => session.addLine(line(true))],
  [
    'an open question',
    (session) => void session.askOn(question(), () => true).catch(() => undefined),
  ],
  ['somebody to tell its end', (session) => session.onEnd(() => undefined)],
  ['a level for log messages', (session) => void (session.logLevel = 'debug')],
]

test('beyond the room of a principal its longest idle session is forgotten, not ended, and found again [wire/session/room]', () => {
  const { sessions, open, find } = openSessions()
  const [first, second] = [open(), open(), open()]
  expect(find(first.id)).toBe(first)
  open()
  expect([sessions.size, first.ended, second.ended]).toEqual([3, false, false])
  expect(sessions.values()).not.toContain(second)
  const again = find(second.id)
  expect(again).not.toBe(second)
  expect(again).toMatchObject({ id: second.id, version: AGREED.version })
  expect(sessions.size).toBe(3)
})

test('beyond the room of all the longest idle session of anyone is forgotten [wire/session/room]', () => {
  const { sessions, open, find } = openSessions()
  const oldest = open(BOB)
  for (let opened = 0; opened < 3; opened += 1) open()
  for (const name of ['carol', 'dave', 'erin']) open(testPrincipal(name))
  expect(sessions.size).toBe(5)
  expect(sessions.values()).not.toContain(oldest)
  expect(find(oldest.id, BOB)).toMatchObject({ id: oldest.id })
  expect(sessions.size).toBe(5)
})

test.each(HELD)('a session with %s is not forgotten [wire/session/room]', (_what, hold) => {
  const { sessions, open } = openSessions()
  const held = open()
  hold(held)
  for (let opened = 0; opened < 9; opened += 1) open()
  expect(sessions.size).toBe(3)
  expect(sessions.values()).toContain(held)
})

test.each(HELD)(
  'where every session has %s a further one is refused [wire/session/room]',
  (_what, hold) => {
    const { sessions, open, find } = openSessions()
    const forgotten = open()
    for (let opened = 0; opened < 3; opened += 1) hold(open())
    const refused = expect.objectContaining({
      code: 'overloaded',
      message: expect.stringContaining('limits.session.perPrincipal'),
    })
    expect(() => open()).toThrow(refused)
    expect(() => find(forgotten.id)).toThrow(refused)
    expect(open(BOB)).toMatchObject({ ended: false })
    hold(open(BOB))
    expect(sessions.size).toBe(5)
  },
)

test('the room of all is refused by its own name when nothing can be forgotten', () => {
  const { open } = openSessions()
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    open(testPrincipal(name)).live.add('1', new AbortController())
  }
  expect(() => open()).toThrow(
    expect.objectContaining({
      code: 'overloaded',
      message: expect.stringContaining('limits.session.max'),
    }),
  )
})

test('a session that is ended makes room, and stays ended though others are forgotten', () => {
  const { sessions, open, find } = openSessions()
  const ended = open()
  sessions.end(ended)
  for (let opened = 0; opened < 9; opened += 1) open()
  expect(find(ended.id)).toBe(undefined)
  expect(sessions.size).toBe(3)
})

test('a forgotten session can be ended by its id', () => {
  const { sessions, open, find } = openSessions()
  const { id } = open()
  for (let opened = 0; opened < 3; opened += 1) open()
  const again = find(id)
  if (again) sessions.end(again)
  expect([find(id), sessions.size]).toEqual([undefined, 2])
})

test.each([
  ['another scope', ALICE, 'files', 0],
  ['another principal', BOB, '', 0],
  ['the end of its life', ALICE, '', LIFE.totalMs],
])('an id that is refused for %s takes the room of none', (_why, principal, scope, afterMs) => {
  const { sessions, clock, open, find } = openSessions()
  const { id } = open()
  clock.advance(afterMs)
  const kept = [open(), open(), open()]
  expect(find(id, principal, scope)).toBe(undefined)
  expect(sessions.values()).toEqual(kept)
})

test('what was kept of the streams of a forgotten session is given back', () => {
  const { sessions, budget, deps, clock, respond } = openTestSessions({ perPrincipalMax: 1 })
  const session = sessions.open(ALICE, '', AGREED)
  const fake = respond()
  const stream = session.listen(deps)
  stream.begin(fake.response, {})
  stream.send(Buffer.from('{"jsonrpc":"2.0","method":"x"}'))
  clock.advance(1)
  expect(() => sessions.open(ALICE, '', AGREED)).toThrow('in use')
  fake.destroy()
  expect(budget.held).toBeGreaterThan(0)
  sessions.open(ALICE, '', AGREED)
  expect([budget.held, sessions.size, session.ended]).toEqual([0, 1, false])
})
