import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { expect, onTestFinished, test } from 'vitest'
import type { StdioServerConfig } from '../../src/upstreams/server-config.ts'
import { RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'
import {
  asker,
  callText,
  hostileServer,
  httpServer,
  openTestUpstreams,
  stdioServer,
  temporaryFolder,
  until,
} from '../fixtures/upstreams/harness.ts'
import { createSdkServer } from '../fixtures/upstreams/sdk-server.ts'

const GREEDY = fileURLToPath(new URL('../fixtures/upstreams/greedy-server.ts', import.meta.url))
const CALL = { tool: 'look', arguments: { at: 'it' }, expect: { structuredContent: { ok: true } } }

/** A server that is looked at with a call, and the file that breaks it. */
function lookedAt(changes: Partial<StdioServerConfig> = {}) {
  const folder = temporaryFolder()
  onTestFinished(() => rm(folder, { recursive: true }))
  const broken = path.join(folder, 'broken')
  const health = { everyMs: 100, failures: 3, call: CALL }
  const server = stdioServer([process.execPath, GREEDY], { BROKEN: broken }, { health, ...changes })
  return { server, broken }
}

test('a server that hangs is degraded after three looks of a second, one looked at twice a minute is untouched, and looks keep their intervals [supervision/health/interval]', async () => {
  await using test = await openTestUpstreams({
    quick: hostileServer({}, { health: { everyMs: 1_000, failures: 3 } }),
    slow: hostileServer({}, { health: { everyMs: 30_000, failures: 3 } }),
  })
  const startedMs = performance.now()
  const pid = Number(await callText(test.upstreams, ['quick', 'pid']))
  await callText(test.upstreams, ['slow', 'pid'])
  const slow = test.status('slow')
  await until(() => test.checks.length === 2, 'two looks while it is well')
  expect(test.checks.map(({ server, check }) => [server, check.ok])).toEqual([
    ['quick', true],
    ['quick', true],
  ])
  const hungMs = performance.now()
  process.kill(pid, 'SIGSTOP')
  const degraded = (): boolean =>
    test.states.some(({ name, state }) => name === 'quick' && state === 'degraded')
  await until(degraded, 'the hung server is degraded')
  const tookMs = performance.now() - hungMs
  // Three looks that begin a second apart, each given a second to be answered.
  expect(tookMs).toBeGreaterThan(2_000)
  expect(tookMs).toBeLessThan(5_000)
  const found = test.states.find(({ state }) => state === 'degraded')
  expect(found?.reason).toBe('the server does not answer health probes')
  expect(test.status('slow')).toEqual(slow)
  // One a second, give or take a tenth, counted from the start; the last three ended a second after they began.
  const looks = test.checks.filter(({ server }) => server === 'quick')
  const seconds = (performance.now() - startedMs) / 1_000
  expect(looks.length).toBeGreaterThanOrEqual(Math.floor((seconds - 2) / 1.1))
  expect(looks.length).toBeLessThanOrEqual(Math.ceil(seconds / 0.9))
  expect(looks.slice(2).map(({ check }) => check.reason)).toEqual(
    Array.from({ length: 3 }, () => 'the server did not answer ping within 1000 ms'),
  )
  // It is replaced, and used again without a hand. Its end would otherwise be waited for.
  process.kill(pid, 'SIGKILL')
  await until(() => test.status('quick').state === 'ready', 'a new child is ready')
  expect(Number(await callText(test.upstreams, ['quick', 'pid']))).not.toBe(pid)
})

test('a call that goes wrong degrades its server but not the session, ordinary calls go on, and the first good one recovers it [supervision/health/call] [supervision/health/no-values]', async () => {
  const { server, broken } = lookedAt()
  await using test = await openTestUpstreams({ one: server })
  const pid = await callText(test.upstreams, ['one', 'pid'])
  await until(() => test.status('one').check !== null, 'a first look')
  expect(test.status('one').check).toMatchObject({ kind: 'call', ok: true, reason: null })
  writeFileSync(broken, '')
  await until(() => test.status('one').state === 'degraded', 'it is degraded')
  const reason =
    'the health call of look failed: result.structuredContent.ok is another boolean than expected'
  expect(test.status('one').reason).toBe(reason)
  expect(test.checks.filter(({ check }) => !check.ok).length).toBeGreaterThanOrEqual(3)
  expect(await callText(test.upstreams, ['one', 'pid'])).toBe(pid)
  expect(test.status('one')).toMatchObject({ state: 'degraded', reason, breaker: 'closed' })
  rmSync(broken)
  await until(() => test.status('one').state === 'ready', 'it is well again')
  expect(await callText(test.upstreams, ['one', 'pid'])).toBe(pid)
  expect(JSON.stringify([test.states, test.checks, test.logged])).not.toContain('5ecret')
})

test('a modern server over HTTP, which takes a call by its headers too, is looked at with one', async () => {
  const answer = toNodeHandler(createMcpHandler(createSdkServer, { legacy: 'reject' }))
  const http = createServer((request, response) => {
    void answer(request as Parameters<typeof answer>[0], response) // the same, but for exactOptionalPropertyTypes
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    http.closeAllConnections()
    http.close()
  })
  const { port } = http.address() as AddressInfo // listening on TCP
  const call = { tool: 'echo', arguments: { text: 'up' }, expect: { content: [{ text: 'up' }] } }
  const one = httpServer(`http://127.0.0.1:${port}/mcp`, { health: { everyMs: 60_000, call } })
  await using test = await openTestUpstreams({ one })
  const look = test.upstreams.control.check('one', asker(), new AbortController().signal)
  expect(await look).toMatchObject({ kind: 'call', ok: true, reason: null })
  expect(test.status('one').era).toBe('modern')
})

test('an operator’s look starts a server that is cold, counts like any other, and tells what it found', async () => {
  const { server, broken } = lookedAt({
    health: { everyMs: 60_000, failures: 2, call: CALL },
  })
  await using test = await openTestUpstreams({ one: server })
  const { control } = test.upstreams
  const look = () => control.check('one', asker(), new AbortController().signal)
  expect(await look()).toMatchObject({ kind: 'call', ok: true })
  expect(test.status('one').state).toBe('ready')
  writeFileSync(broken, '')
  expect(await look()).toMatchObject({ ok: false })
  expect(test.status('one').state).toBe('ready')
  await look()
  expect(test.status('one').state).toBe('degraded')
  rmSync(broken)
  await look()
  expect(test.status('one').state).toBe('ready')
  expect(test.checks.map(({ check }) => check.ok)).toEqual([true, false, false, true])
})

test('health calls are no use: the server becomes idle, and leaves no call in flight behind [supervision/health/no-use]', async () => {
  const { server } = lookedAt({ idleAfterMs: 500 })
  await using test = await openTestUpstreams({ one: server })
  await callText(test.upstreams, ['one', 'pid'])
  await until(() => test.checks.length > 2, 'several looks')
  expect(test.status('one').inFlight).toBe(0)
  await until(() => test.status('one').state === 'cold', 'the idle child is let go', 3_000)
  const looks = test.checks.length
  expect(test.checks.every(({ check }) => check.ok)).toBe(true)
  await callText(test.upstreams, ['one', 'pid'])
  await until(() => test.checks.length > looks, 'it is looked at again')
})

test('health calls are nobody’s: no row of the audit, no call in the metrics, no part of a quota [supervision/health/no-use]', async () => {
  const folder = temporaryFolder()
  onTestFinished(() => rm(folder, { recursive: true }))
  const talk = path.join(folder, 'talk')
  await using gateway = await TestGateway.start({
    mcpServers: {
      one: {
        ...hostileEntry('echo', { TALK_LOG: talk }),
        prestart: true,
        health: { every: '1s', call: { tool: 'echo' } },
        limits: { daily: 1 },
      },
    },
  })
  const calls = (): number =>
    existsSync(talk) ? readFileSync(talk, 'utf8').split('"tools/call"').length - 1 : 0
  await until(() => calls() >= 2, 'two health calls')
  expect(gateway.auditRows()).toEqual([])
  const metrics = await fetch(`http://${gateway.running.adminAddress}/metrics`)
  expect(await metrics.text()).not.toMatch(/^sallyport_calls_total\{server="one"/m)
  const client = await RawClient.open(gateway, 'modern')
  // The only call of the day is still there to be made.
  expect(textOf(await client.call('one__echo', { n: 1 }))).toBe('{"n":1}')
})
