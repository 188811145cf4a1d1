import { systemClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { silentLog } from '@sallyport/kit/log'
import { type Message, scanReply } from '@sallyport/kit/mcp'
import { CALLER, type Principal } from '@sallyport/kit/principal'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Health, type HealthOptions } from './health.ts'
import type { Exchange, Session } from './session.ts'
import { createSlot, type Slot } from './slot.ts'
import type { HealthCheck } from './upstream.ts'

const PRINCIPAL: Principal = {
  ...{ id: 'key:a', kind: 'key', name: 'a', ...CALLER },
}
const CALL = {
  tool: 'look',
  arguments: { deep: true },
  expect: { structuredContent: { ok: true } },
}

type Answer = (method: string) => string | AppError | undefined

/** A session that answers as told: a result or an error member, a failure, or nothing at all. */
function fakeSession(answer: Answer): Session & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    ...{ era: 'legacy', version: '2025-11-25', pid: undefined, heard: 0, lost: undefined },
    ...{ lastWords: [], asked },
    send: (exchange: Exchange) => {
      const { method } = exchange.request
      asked.push(
        exchange.request.encode({ id: 1, era: 'legacy', version: '2025-11-25' }).toString(),
      )
      const given = answer(method)
      if (given instanceof AppError) setImmediate(() => exchange.fail(given))
      else if (given !== undefined) setImmediate(() => exchange.succeed(message(given)))
    },
    adopt: () => undefined,
    cancel: () => undefined,
    notify: () => Promise.resolve(),
    listen: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  }
}

function message(member: string): Message {
  const scanned = scanReply(Buffer.from(`{"jsonrpc":"2.0","id":1,${member}}`))
  if (scanned === undefined) throw new Error('not a message')
  return scanned
}

function slotOf(session: Session | undefined, readyAtMs = 0): Slot {
  const slot = createSlot({ key: `k${readyAtMs}`, group: 'g', asker: { principal: PRINCIPAL } }, 0)
  return Object.assign(slot, { session, readyAtMs })
}

function watched(slots: readonly Slot[], changes: Partial<HealthOptions> = {}) {
  const told = {
    checks: [] as HealthCheck[],
    alive: 0,
    dead: [] as Slot[],
  }
  const closing = new AbortController()
  const health = new Health({
    ...{ everyMs: 60_000, timeoutMs: 40, failures: 3, call: CALL },
    ...{ clientInfo: { name: 'test', version: '0' }, clock: systemClock, log: silentLog },
    ...{ random: () => 0, signal: closing.signal, slots: () => slots },
    onAlive: () => void (told.alive += 1),
    onDead: (slot) => {
      told.dead.push(slot)
      slot.session = undefined
    },
    onCheck: (check) => void told.checks.push(check),
    ...changes,
  })
  onTestFinished(() => {
    closing.abort()
    health.stop()
  })
  const look = (): Promise<HealthCheck> => health.check(new AbortController().signal)
  return { ...told, told, health, look, closing }
}

const OK = '"result":{"structuredContent":{"ok":true,"more":1}}'
const BAD = '"result":{"structuredContent":{"ok":"5ecret"}}'

test('a call that does not give what is expected degrades after so many in a row, is told by its shape, and one good one recovers [supervision/health/call] [supervision/health/no-values]', async () => {
  let given = BAD
  const session = fakeSession((method) => (method === 'ping' ? '"result":{}' : given))
  const { health, look, told } = watched([slotOf(session)])
  const reason =
    'the health call of look failed: result.structuredContent.ok is a text of 6 characters, not a boolean'
  expect(await look()).toMatchObject({ kind: 'call', ok: false, reason })
  await look()
  expect(health.fault).toBeNull()
  await look()
  expect(health.fault).toBe(reason)
  // The session is as good as before.
  expect(told.dead).toEqual([])
  given = OK
  expect(await look()).toMatchObject({ ok: true, reason: null })
  expect(health.fault).toBeNull()
  expect(told.checks).toHaveLength(4)
})

test.each([
  [
    'an error',
    '"error":{"code":-32602,"message":"5ecret"}',
    'it was answered with the error -32602',
  ],
  ['isError', '"result":{"isError":true,"content":[]}', 'result.isError is true'],
  ['no map', '"result":[1]', 'result is not a map'],
  ['a question', '"result":{"resultType":"input_required"}', 'the call is not complete'],
])('without an expectation %s fails', async (_case, given, fault) => {
  const { look } = watched([slotOf(fakeSession(() => given))], {
    call: { tool: 'look', arguments: {}, expect: undefined },
  })
  expect(await look()).toMatchObject({ reason: `the health call of look failed: ${fault}` })
})

test('the call is made on the oldest session alone, with its arguments; every session gets a ping', async () => {
  const young = fakeSession(() => OK)
  const old = fakeSession(() => OK)
  await watched([slotOf(young, 5), slotOf(undefined, 1), slotOf(old, 2)]).look()
  const methods = (session: { asked: string[] }): string[] =>
    session.asked.map((text) => (JSON.parse(text) as { method: string }).method).toSorted()
  expect(methods(young)).toEqual(['ping'])
  expect(methods(old)).toEqual(['ping', 'tools/call'])
  expect(old.asked.join()).toContain('"params":{"name":"look","arguments":{"deep":true}}')
})

test('pings that stay unanswered as often as configured replace the session, and no sooner', async () => {
  const hung = slotOf(fakeSession(() => undefined))
  const { look, told } = watched([hung], { call: undefined, failures: 2 })
  expect(await look()).toMatchObject({
    ...{ kind: 'ping', ok: false },
    reason: 'the server did not answer ping within 40 ms',
  })
  expect(told.dead).toEqual([])
  await look()
  expect(told.dead).toEqual([hung])
})

test('a call whose transport failed gives its reason', async () => {
  const lost = new AppError('server_unavailable', 'the server cannot be reached')
  const session = fakeSession((method) => (method === 'ping' ? '"result":{}' : lost))
  const { look } = watched([slotOf(session)])
  expect(await look()).toMatchObject({ ok: false, reason: 'the server cannot be reached' })
})

test('a session that ends while it is looked at says nothing about its server', async () => {
  const slot = slotOf(fakeSession(() => undefined))
  const { look, told } = watched([slot])
  const looking = look()
  slot.session = undefined
  expect(await looking).toMatchObject({
    ...{ ok: false, reason: 'the session ended during the look at it' },
  })
  expect(told).toMatchObject({ checks: [], dead: [] })
})

test('looks never overlap, however long one takes [supervision/health/no-pile]', async () => {
  let running = 0
  let most = 0
  let seen = 0
  const session = fakeSession(() => undefined)
  const slot = slotOf({
    ...session,
    send: () => {
      running += 1
      most = Math.max(most, running)
      seen += 1
    },
    cancel: () => void (running -= 1),
  })
  const { health, look } = watched([slot], {
    ...{ call: undefined, everyMs: 30, timeoutMs: 60_000, failures: 100 },
  })
  health.arm()
  // Whoever asks meanwhile joins.
  await Promise.all([look(), look()])
  await vi.waitFor(() => expect(seen).toBeGreaterThan(4))
  expect(most).toBe(1)
})

test('a server without a session is left alone until the next one opens', async () => {
  const slot = slotOf(undefined)
  const { health, told, look } = watched([slot], { everyMs: 10 })
  health.arm()
  expect(await look()).toMatchObject({ ok: false, reason: 'no session with the server is open' })
  expect(told.checks).toEqual([])
  slot.session = fakeSession(() => OK)
  health.arm()
  await vi.waitFor(() => expect(told.checks.length).toBeGreaterThan(1))
})

test('whoever stops waiting for a look hears why; the look goes on', async () => {
  const { health, told } = watched([slotOf(fakeSession(() => undefined))])
  const gone = new AppError('cancelled', 'the client is gone')
  const leaving = new AbortController()
  const looking = health.check(leaving.signal)
  leaving.abort(gone)
  await expect(looking).rejects.toBe(gone)
  await vi.waitFor(() => expect(told.checks).toHaveLength(1))
})
