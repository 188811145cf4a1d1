import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startGateway } from '../fixtures/gateway.ts'
import { isRunning } from '../fixtures/processes.ts'
import { serverEvents, stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, textOf } from '../fixtures/wire.ts'

const IDLE_MS = 2_000
const CALL_MS = 6_000
/** Closing its input, its exit, and the look for what it left behind. */
const STOP_MS = 6_000

test('a call longer than the idle time is not cut; the server stops after real idleness, with all it started, and the next call starts it again [upstreams/idle/call-kept] [upstreams/idle/stops]', async () => {
  const env = { EVENTS_FILE: './events', GRANDCHILD: '1' }
  const mcpServers = { slow: stdioServer(env, { idleAfter: `${IDLE_MS}ms` }) }
  await using gateway = await startGateway({ config: { mcpServers } })
  const events = join(gateway.dir, 'events')

  const answer = await callTool(gateway, 'slow__wait', { ms: CALL_MS })
  const answeredMs = performance.now()
  expect(textOf(answer)).toBe('waited')
  const [spawned] = await serverEvents(events)
  const pid = spawned?.pid ?? 0
  expect(await gateway.children()).toHaveLength(2)

  // Half of the idle time later it must still be there: the clock runs from the answer, not from the call.
  await sleep(IDLE_MS / 2)
  expect({
    elapsedMs: performance.now() - answeredMs < IDLE_MS,
    alive: await isRunning(pid),
  }).toEqual({
    elapsedMs: true,
    alive: true,
  })
  await waitUntil(
    'the idle server and its own child to be gone',
    async () => (await gateway.children()).length === 0,
    IDLE_MS + STOP_MS,
  )
  expect(performance.now() - answeredMs).toBeGreaterThan(IDLE_MS - 50)

  expect(textOf(await callTool(gateway, 'slow__echo', { message: 'again' }))).toBe('again')
  const spawns = (await serverEvents(events)).filter(({ event }) => event === 'spawn')
  expect(spawns).toHaveLength(2)
})

test('use keeps a server alive past its idle time', async () => {
  const mcpServers = { busy: stdioServer({ EVENTS_FILE: './events' }, { idleAfter: '1s' }) }
  await using gateway = await startGateway({ config: { mcpServers } })
  const untilMs = performance.now() + 3_000
  while (performance.now() < untilMs) {
    expect(textOf(await callTool(gateway, 'busy__echo', { message: 'm' }))).toBe('m')
    await sleep(300)
  }
  const events = await serverEvents(join(gateway.dir, 'events'))
  expect(events.filter(({ event }) => event === 'spawn')).toHaveLength(1)
})

test('SIGTERM lets a running call finish, answers it, and leaves no process behind [upstreams/stop/drain]', async () => {
  const mcpServers = { slow: stdioServer({ EVENTS_FILE: './events', GRANDCHILD: '1' }) }
  await using gateway = await startGateway({ config: { mcpServers } })
  const call = callTool(gateway, 'slow__wait', { ms: 1_500 })
  await waitUntil('the call to reach the server', async () =>
    (await serverEvents(join(gateway.dir, 'events'))).some(({ event }) => event === 'call'),
  )
  const [answer, code] = await Promise.all([call, gateway.stop()])
  expect([textOf(answer), code]).toEqual(['waited', 0])
  expect(await gateway.children()).toEqual([])
})

test('what a killed gateway left running is ended by the next start [upstreams/stop/orphans]', async () => {
  const mcpServers = { own: stdioServer({ GRANDCHILD: '1' }) }
  await using gateway = await startGateway({ config: { mcpServers } })
  await callTool(gateway, 'own__echo', { message: 'm' })
  await gateway.kill9()
  // The child ends with its input; what it started in a group of its own does not.
  expect((await gateway.children()).length).toBeGreaterThan(0)
  await gateway.restart()
  await waitUntil('the orphans to be ended', async () => (await gateway.children()).length === 0)
})
