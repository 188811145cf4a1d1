import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { RawSession } from '../fixtures/edge-client.ts'
import { type EdgeHost, startEdge } from '../fixtures/edge-host.ts'

const SESSIONS = 1_000
const IDLE_MS = 60_000
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {} },
}
const SESSION_BYTES_MAX = 40 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // what the flag above brings

/** Bytes in use once everything that nobody holds is gone. */
async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}

/** What a client does that comes, calls, listens for a moment and is never seen again. */
async function abandon(host: EdgeHost): Promise<void> {
  const session = await RawSession.open(host, { capabilities: { elicitation: {}, roots: {} } })
  const call = await session.call('progress')
  await call.rest()
  const stream = await session.listen()
  await stream.next()
  stream.drop()
}

async function abandonMany(host: EdgeHost, sessions: number): Promise<void> {
  for (let opened = 0; opened < sessions; opened += 50) {
    await Promise.all(Array.from({ length: Math.min(50, sessions - opened) }, () => abandon(host)))
  }
  await vi.waitFor(() => expect(host.edge.load.streams).toBe(0))
}

test('1,000 abandoned sessions take at most 40 KiB each and are collected after their idle time [wire/session/collected]', async () => {
  const clock = new ManualClock()
  await using host = await startEdge({ clock })
  const pass = () => {
    clock.advance(IDLE_MS)
    host.deadlines.expireDue()
    host.sessions.sweep()
  }
  // What is made once: compiled code, pools of connections.
  await abandonMany(host, SESSIONS)
  pass()
  const before = await heapBytes()
  await abandonMany(host, SESSIONS)
  expect(host.edge.load.sessions).toBe(SESSIONS)
  const held = (await heapBytes()) - before
  expect(held / SESSIONS).toBeLessThan(SESSION_BYTES_MAX)
  pass()
  expect([host.edge.load.sessions, host.budget.total]).toEqual([0, 0])
  const after = await heapBytes()
  expect(after / before).toBeLessThan(1.05)
}, 60_000)

test('a key beyond its sessions loses none: the oldest answers by its id, and where all listen a further one is 503 [wire/session/room]', async () => {
  await using host = await startEdge({ sessionsPerPrincipal: 2 })
  const [first, second, third] = [
    await RawSession.open(host),
    await RawSession.open(host),
    await RawSession.open(host),
  ]
  expect(host.edge.load.sessions).toBe(2)
  for (const session of [first, second, third]) {
    expect((await session.post(PING)).status).toBe(200)
  }
  expect(host.edge.load.sessions).toBe(2)
  const streams = [await second.listen(), await third.listen()]
  for (const opening of [
    () => new RawSession(host.url, {}).post(INITIALIZE),
    () => first.post(PING),
  ]) {
    const refused = await opening()
    expect([refused.status, refused.headers.get('mcp-session-id')]).toEqual([503, null])
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(await refused.json()).toMatchObject({ error: { data: { code: 'overloaded' } } })
  }
  expect((await second.post(PING)).status).toBe(200)
  for (const stream of streams) stream.drop()
  await vi.waitFor(async () => expect((await first.post(PING)).status).toBe(200))
})
