import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { MasterKeys, Sealer } from '../crypto/index.ts'
import { Secret } from '../secret.ts'
import { EventStream } from './event-stream.ts'
import { LegacySessions } from './sessions.ts'
import { FakeResponse } from './testing-message.ts'

const IDLE_MS = 1_000
const TOTAL_MS = 10_000

function openSessions(options: { clock?: ManualClock; masterKey?: string } = {}) {
  const clock = options.clock ?? new ManualClock()
  const sealer = new Sealer(
    MasterKeys.parse([new Secret(options.masterKey ?? 'ab'.repeat(32))]),
    'mcp',
  )
  const sessions = new LegacySessions(sealer, clock, { idleMs: IDLE_MS, totalMs: TOTAL_MS })
  onTestFinished(() => sessions[Symbol.dispose]())
  const ended: string[] = []
  sessions.onEnded = ({ id }) => ended.push(id)
  return { sessions, clock, sealer, ended }
}

test('an id is found by the principal it was made for, and by nobody else [wire/session/bound]', () => {
  const { sessions } = openSessions()
  const { id } = sessions.open('key:alice', '2025-06-18')
  expect(sessions.find(id, 'key:bob')).toBe(undefined)
  expect(sessions.find(id, 'key:alice')).toMatchObject({ id, version: '2025-06-18' })
})

test.each([
  ['nothing', () => ''],
  ['made up', () => 'c0ffee'],
  ['changed', (id: string) => `${id.slice(0, -3)}AAA`],
  ['longer', (id: string) => `${id}A`],
])('an id that is %s is unknown [wire/session/sealed]', (_case, bend) => {
  const { sessions } = openSessions()
  const { id } = sessions.open('key:alice', '2025-11-25')
  expect(sessions.find(bend(id), 'key:alice')).toBe(undefined)
})

test.each([
  ['of another purpose', 'list-cursor', '{"v":"x","p":"key:alice","t":0,"r":"x"}'],
  ['without an issue time', 'mcp-session', '{"v":"x","p":"key:alice","r":"x"}'],
  ['with a member too many', 'mcp-session', '{"v":"x","p":"key:alice","t":0,"r":"x","s":1}'],
])('what we sealed %s is no session [wire/session/sealed]', (_case, purpose, plain) => {
  const { sessions, sealer } = openSessions({ clock: new ManualClock(0) })
  expect(sessions.find(sealer.seal(Buffer.from(plain), purpose), 'key:alice')).toBe(undefined)
})

test('two sessions of one principal have different ids of visible ASCII', () => {
  const { sessions } = openSessions()
  const ids = [1, 2].map(() => sessions.open('key:alice', '2025-11-25').id)
  expect(new Set(ids).size).toBe(2)
  for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]+$/)
})

test('another process with the key serves a session on, one without it does not [wire/session/restart]', () => {
  const clock = new ManualClock()
  const first = openSessions({ clock })
  const { id } = first.sessions.open('key:alice', '2025-03-26')
  const sibling = openSessions({ clock })
  const stranger = openSessions({ clock, masterKey: 'cd'.repeat(32) })
  expect(sibling.sessions.find(id, 'key:alice')).toMatchObject({ version: '2025-03-26' })
  expect(sibling.sessions.find(id, 'key:bob')).toBe(undefined)
  expect(stranger.sessions.find(id, 'key:alice')).toBe(undefined)
})

test('a session ends when it was idle for long enough, and not a moment before [wire/session/life]', () => {
  const { sessions, clock, ended } = openSessions()
  const { id } = sessions.open('key:alice', '2025-11-25')
  clock.advance(IDLE_MS - 1)
  expect(sessions.find(id, 'key:alice')).toMatchObject({ id })
  clock.advance(IDLE_MS - 1)
  sessions.sweep()
  expect([sessions.size, ended]).toEqual([1, []])
  clock.advance(1)
  sessions.sweep()
  expect([sessions.size, ended]).toEqual([0, [id]])
  expect(sessions.find(id, 'key:alice')).toBe(undefined)
})

test('an idle session is not found even before it is swept', () => {
  const { sessions, clock, ended } = openSessions()
  const { id } = sessions.open('key:alice', '2025-11-25')
  clock.advance(IDLE_MS)
  expect(sessions.find(id, 'key:alice')).toBe(undefined)
  expect(ended).toEqual([id])
})

test('a call in flight keeps a session from being idle', () => {
  const { sessions, clock } = openSessions()
  const session = sessions.open('key:alice', '2025-11-25')
  session.live.add('1', new AbortController())
  clock.advance(IDLE_MS * 3)
  sessions.sweep()
  expect(sessions.size).toBe(1)
  session.live.clear()
  sessions.sweep()
  expect(sessions.size).toBe(0)
})

test('an open stream keeps a session from being idle', () => {
  const { sessions, clock } = openSessions()
  const session = sessions.open('key:alice', '2025-11-25')
  const fake = new FakeResponse()
  const stream = new EventStream(fake.response, {}, { stallMs: 1, unreadBytesMax: 1 })
  session.streams.add(stream)
  clock.advance(IDLE_MS * 3)
  sessions.sweep()
  expect(sessions.size).toBe(1)
  sessions.end(session)
  expect(stream.open).toBe(false)
})

test('neither use nor a call keeps a session beyond its whole life, here or after a restart [wire/session/life]', () => {
  const { sessions, clock, ended } = openSessions()
  const session = sessions.open('key:alice', '2025-11-25')
  session.live.add('1', new AbortController())
  clock.advance(TOTAL_MS - 1)
  expect(sessions.find(session.id, 'key:alice')).toBe(session)
  clock.advance(1)
  const { sessions: later } = openSessions({ clock })
  expect(later.find(session.id, 'key:alice')).toBe(undefined)
  sessions.sweep()
  expect(ended).toEqual([session.id])
})

test('an id that was ended stays ended', () => {
  const { sessions, ended } = openSessions()
  const session = sessions.open('key:alice', '2025-11-25')
  sessions.end(session)
  expect(sessions.find(session.id, 'key:alice')).toBe(undefined)
  expect(ended).toEqual([session.id])
})

test("ending a principal ends all its sessions and nobody else's", () => {
  const { sessions, ended } = openSessions()
  const alices = [1, 2].map(() => sessions.open('key:alice', '2025-11-25').id)
  const bobs = sessions.open('key:bob', '2025-11-25')
  sessions.endPrincipal('key:alice')
  expect(ended).toEqual(alices)
  expect([...sessions.values()]).toEqual([bobs])
})
