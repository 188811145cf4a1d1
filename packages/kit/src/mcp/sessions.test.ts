import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import { MasterKeys, Sealer } from '../crypto/index.ts'
import { Secret } from '../secret.ts'
import { EventStream } from './event-stream.ts'
import { LegacySessions } from './sessions.ts'
import { FakeResponse } from './testing-message.ts'
import { ALICE, BOB } from './testing-session.ts'

const IDLE_MS = 1_000
const TOTAL_MS = 10_000

interface Options {
  clock?: ManualClock
  masterKey?: string
  perPrincipalMax?: number
  totalMax?: number
}

function openSessions(options: Options = {}) {
  const clock = options.clock ?? new ManualClock()
  const sealer = new Sealer(
    MasterKeys.parse([new Secret(options.masterKey ?? 'ab'.repeat(32))]),
    'mcp',
  )
  const { perPrincipalMax = 100, totalMax = 100 } = options
  const life = { idleMs: IDLE_MS, totalMs: TOTAL_MS }
  const sessions = new LegacySessions(sealer, clock, { ...life, perPrincipalMax, totalMax })
  onTestFinished(() => sessions[Symbol.dispose]())
  const ended: string[] = []
  const open = (principal = ALICE, version = '2025-11-25', scope = '') => {
    const session = sessions.open(principal, scope, { version, capabilities: '{"roots":{}}' })
    session.onEnd(() => ended.push(session.id))
    return session
  }
  const find = (id: string, principal = ALICE, scope = '') => sessions.find(id, principal, scope)
  return { sessions, clock, sealer, ended, open, find }
}

test('an id is found by the principal it was made for, and by nobody else [wire/session/bound]', () => {
  const { open, find } = openSessions()
  const { id } = open(ALICE, '2025-06-18')
  expect(find(id, BOB)).toBe(undefined)
  expect(find(id)).toMatchObject({ id, version: '2025-06-18' })
})

test.each([
  ['nothing', () => ''],
  ['made up', () => 'c0ffee'],
  ['changed', (id: string) => `${id.slice(0, -3)}AAA`],
  ['longer', (id: string) => `${id}A`],
])('an id that is %s is unknown [wire/session/sealed]', (_case, bend) => {
  const { open, find } = openSessions()
  const { id } = open()
  expect(find(bend(id))).toBe(undefined)
})

test.each([
  ['of another purpose', 'list-cursor', '{"v":"x","p":"key:alice","t":0,"r":"x"}'],
  ['without an issue time', 'mcp-session', '{"v":"x","p":"key:alice","r":"x"}'],
  ['with a member too many', 'mcp-session', '{"v":"x","p":"key:alice","t":0,"r":"x","s":1}'],
])('what we sealed %s is no session [wire/session/sealed]', (_case, purpose, plain) => {
  const { sealer, find } = openSessions({ clock: new ManualClock(0) })
  expect(find(sealer.seal(Buffer.from(plain), purpose))).toBe(undefined)
})

test('two sessions of one principal have different ids of visible ASCII [wire/session/random]', () => {
  const { open } = openSessions()
  const ids = [1, 2].map(() => open().id)
  expect(new Set(ids).size).toBe(2)
  for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]+$/)
})

test('another process with the key serves a session on, one without it does not [wire/session/restart]', () => {
  const clock = new ManualClock()
  const first = openSessions({ clock })
  const { id } = first.open(ALICE, '2025-03-26')
  const sibling = openSessions({ clock })
  const stranger = openSessions({ clock, masterKey: 'cd'.repeat(32) })
  expect(sibling.find(id)).toMatchObject({ version: '2025-03-26' })
  expect(sibling.find(id, BOB)).toBe(undefined)
  expect(stranger.find(id)).toBe(undefined)
})

test('a session ends when it was idle for long enough, and not a moment before [wire/session/life]', () => {
  const { sessions, clock, ended, open, find } = openSessions()
  const { id } = open()
  clock.advance(IDLE_MS - 1)
  expect(find(id)).toMatchObject({ id })
  clock.advance(IDLE_MS - 1)
  sessions.sweep()
  expect([sessions.size, ended]).toEqual([1, []])
  clock.advance(1)
  sessions.sweep()
  expect([sessions.size, ended]).toEqual([0, [id]])
  expect(find(id)).toBe(undefined)
})

test('an idle session is not found even before it is swept', () => {
  const { clock, ended, open, find } = openSessions()
  const { id } = open()
  clock.advance(IDLE_MS)
  expect(find(id)).toBe(undefined)
  expect(ended).toEqual([id])
})

test('a call in flight keeps a session from being idle', () => {
  const { sessions, clock, open } = openSessions()
  const session = open()
  session.live.add('1', new AbortController())
  clock.advance(IDLE_MS * 3)
  sessions.sweep()
  expect(sessions.size).toBe(1)
  session.live.clear()
  sessions.sweep()
  expect(sessions.size).toBe(0)
})

test('an open stream keeps a session from being idle', () => {
  const { sessions, clock, open } = openSessions()
  const session = open()
  const fake = new FakeResponse()
  const stream = new EventStream(fake.response, {}, { stallMs: 1, unreadBytesMax: 1 })
  session.addLine(stream)
  clock.advance(IDLE_MS * 3)
  sessions.sweep()
  expect(sessions.size).toBe(1)
  sessions.end(session)
  expect(stream.open).toBe(false)
})

test('neither use nor a call keeps a session beyond its whole life, here or after a restart [wire/session/life]', () => {
  const { sessions, clock, ended, open, find } = openSessions()
  const session = open()
  session.live.add('1', new AbortController())
  clock.advance(TOTAL_MS - 1)
  expect(find(session.id)).toBe(session)
  clock.advance(1)
  expect(openSessions({ clock }).find(session.id)).toBe(undefined)
  sessions.sweep()
  expect(ended).toEqual([session.id])
})

test('an id that was ended stays ended', () => {
  const { sessions, ended, open, find } = openSessions()
  const session = open()
  sessions.end(session)
  expect(find(session.id)).toBe(undefined)
  expect(ended).toEqual([session.id])
})

test("ending a principal ends all its sessions and nobody else's", () => {
  const { sessions, ended, open } = openSessions()
  const alices = [1, 2].map(() => open().id)
  const bobs = open(BOB)
  sessions.endPrincipal('key:alice')
  expect(ended).toEqual(alices)
  expect(sessions.values()).toEqual([bobs])
})

test('a session is known in the scope it was opened in and in no other, also after a restart [wire/session/scope]', () => {
  const clock = new ManualClock()
  const first = openSessions({ clock })
  const { id } = first.open(ALICE, '2025-11-25', 'files')
  for (const { find } of [first, openSessions({ clock })]) {
    expect([find(id), find(id, ALICE, 'other')]).toEqual([undefined, undefined])
    expect(find(id, ALICE, 'files')).toMatchObject({ id, scope: 'files' })
  }
})

test('what a client can do is known again after a restart [wire/session/restart]', () => {
  const clock = new ManualClock()
  const { id } = openSessions({ clock }).open()
  const found = openSessions({ clock }).find(id)
  expect(found?.abilities).toEqual({ capabilities: '{"roots":{}}', logLevel: undefined })
})

test('an id from before scopes and capabilities were sealed still opens, for the whole mount', () => {
  const { sealer, find } = openSessions({ clock: new ManualClock(0) })
  const plain = '{"v":"2025-06-18","p":"key:alice","t":0,"r":"x"}'
  const id = sealer.seal(Buffer.from(plain), 'mcp-session')
  expect(find(id)).toMatchObject({ version: '2025-06-18', scope: '' })
  expect(find(id)?.abilities.capabilities).toBe('{}')
  expect(find(id, ALICE, 'files')).toBe(undefined)
})

test('the session of a line is found by its own way only, and by its principal in its scope', () => {
  const { sessions, find } = openSessions()
  const session = sessions.openOnLine(ALICE, 'files', { expires: true })
  expect(find(session.id, ALICE, 'files')).toBe(undefined)
  expect(sessions.findOnLine(session.id, BOB, 'files')).toBe(undefined)
  expect(sessions.findOnLine(session.id, ALICE, '')).toBe(undefined)
  expect(sessions.findOnLine(session.id, ALICE, 'files')).toBe(session)
  sessions.end(session)
  expect(sessions.findOnLine(session.id, ALICE, 'files')).toBe(undefined)
})

test('the session of a line is never idle; it ends of age where it may', () => {
  const { sessions, clock } = openSessions()
  const mortal = sessions.openOnLine(ALICE, '', { expires: true })
  const lasting = sessions.openOnLine(ALICE, '', { expires: false })
  clock.advance(TOTAL_MS - 1)
  sessions.sweep()
  expect([mortal.ended, lasting.ended]).toEqual([false, false])
  clock.advance(1)
  sessions.sweep()
  expect([mortal.ended, lasting.ended]).toEqual([true, false])
})

test('the end of a session ends its lines, aborts its calls and drops its questions', async () => {
  const { sessions, open } = openSessions()
  const session = open()
  const call = new AbortController()
  session.live.add('1', call)
  const question = { method: 'roots/list', params: undefined, signal: new AbortController().signal }
  const asking = session.askOn(question, () => true)
  sessions.end(session)
  await expect(asking).rejects.toMatchObject({ code: 'cancelled' })
  expect(call.signal.reason).toMatchObject({ code: 'cancelled' })
  await expect(session.askOn(question, () => true)).rejects.toMatchObject({ code: 'cancelled' })
})

test('outside a request a client is asked on the stream it reads, or not at all', async () => {
  const { open } = openSessions()
  const session = open()
  const question = { method: 'roots/list', params: undefined, signal: new AbortController().signal }
  await expect(session.ask(question)).rejects.toMatchObject({ code: 'question_unanswered' })
  const sent: string[] = []
  const line = (name: string, reading: boolean) => ({
    open: reading,
    send: (message: Buffer) => sent.push(`${name} ${JSON.parse(message.toString()).method}`) > 0,
    end: () => undefined,
  })
  for (const [name, reading] of [
    ['old', true],
    ['new', true],
    ['lost', false],
  ] as const) {
    session.addLine(line(name, reading))
  }
  void session.ask(question).catch(() => undefined)
  expect(session.send('notifications/x')).toBe(true)
  expect(sent).toEqual(['new roots/list', 'new notifications/x'])
})

test('a session of a principal in one tenant is none of its in another, here and in the next process [tenancy/shared/nothing]', () => {
  const { open, find, sessions, clock } = openSessions()
  const acme = { ...ALICE, tenant: 'acme' }
  const { id } = open(acme)
  const mine = open(ALICE).id
  const others = [ALICE, { ...ALICE, tenant: 'globex' }]
  const sibling = openSessions({ clock })
  for (const look of [find, sibling.find]) {
    expect(others.map((one) => look(id, one))).toEqual([undefined, undefined])
    expect(look(mine, acme)).toBeUndefined()
    expect([look(id, acme)?.id, look(mine, ALICE)?.id]).toEqual([id, mine])
  }
  const line = sessions.openOnLine(acme, '', { expires: true })
  expect(sessions.findOnLine(line.id, ALICE, '')).toBeUndefined()
})
