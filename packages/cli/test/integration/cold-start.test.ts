import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startGateway } from '../fixtures/gateway.ts'
import { serverEvents, stdioServer } from '../fixtures/server-events.ts'
import { callTool, listToolNames, textOf } from '../fixtures/wire.ts'

const CALLS = 50
const START_MS = 1_000
/** Start of the child's runtime, handshake and fifty calls, on a machine that other suites use too. */
const MARGIN_MS = 2_500

function slowServer(more: object = {}): Record<string, unknown> {
  const env = { EVENTS_FILE: './events', START_DELAY_MS: String(START_MS) }
  return stdioServer(env, more)
}

test('fifty concurrent calls start a cold server once, and none waits longer than its start and the call [upstreams/start/once]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { slow: slowServer() } } })
  const startedMs = performance.now()
  const calls = await Promise.all(
    Array.from({ length: CALLS }, async (_, index) => {
      const answer = await callTool(gateway, 'slow__echo', { message: `m${index}` })
      return { text: textOf(answer), latencyMs: performance.now() - startedMs }
    }),
  )
  expect(calls.map(({ text }) => text)).toEqual(calls.map((_, index) => `m${index}`))
  const slowestMs = Math.max(...calls.map(({ latencyMs }) => latencyMs))
  expect(slowestMs).toBeLessThan(START_MS + MARGIN_MS)
  expect(slowestMs).toBeGreaterThan(START_MS)
  const spawns = (await serverEvents(join(gateway.dir, 'events'))).filter(
    ({ event }) => event === 'spawn',
  )
  expect(spawns).toHaveLength(1)
})

test('with `share: all` two principals at once start a cold server once [upstreams/share/all]', async () => {
  const mcpServers = { slow: slowServer({ share: 'all' }) }
  await using gateway = await startGateway({ config: { mcpServers } })
  const other = { url: gateway.url, token: await gateway.createKey('other') }
  const answers = await Promise.all(
    [gateway, other].map((caller) => callTool(caller, 'slow__echo', { message: 'm' })),
  )
  expect(answers.map(textOf)).toEqual(['m', 'm'])
  const events = await serverEvents(join(gateway.dir, 'events'))
  expect(events.filter(({ event }) => event === 'spawn')).toHaveLength(1)
})

test('with `share: none` no two principals meet in one child [upstreams/share/none]', async () => {
  const mcpServers = { own: stdioServer({ EVENTS_FILE: './events' }) }
  await using gateway = await startGateway({ config: { mcpServers } })
  const other = { url: gateway.url, token: await gateway.createKey('other') }
  for (const caller of [gateway, other, gateway, other]) {
    expect(textOf(await callTool(caller, 'own__echo', { message: 'm' }))).toBe('m')
  }
  const events = await serverEvents(join(gateway.dir, 'events'))
  expect(events.filter(({ event }) => event === 'spawn')).toHaveLength(2)
})

test('lists that arrive while a server never seen starts all wait for it: none is empty [tools/list/never-seen]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { slow: slowServer() } } })
  const lists = await Promise.all([1, 2, 3].map(() => listToolNames(gateway)))
  expect(lists.map((names) => names.includes('slow__echo'))).toEqual([true, true, true])
})

test('a restarted gateway lists from its store without starting anything [tools/list/stored]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { slow: slowServer() } } })
  const before = await listToolNames(gateway)
  await gateway.stop()
  await gateway.restart()
  const startedMs = performance.now()
  expect(await listToolNames(gateway)).toEqual(before)
  expect(performance.now() - startedMs).toBeLessThan(START_MS)
})
