import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@sallyport/kit/clock'
import { expect, onTestFinished, test, vi } from 'vitest'
import { OTHER_TOKEN, RunningServer, TOKEN } from '../fixtures/running-server.ts'

const TTL_MS = 900_000

/** The system's clock, which can be moved ahead. */
class AheadClock implements Clock {
  aheadMs = 0
  nowMs(): number {
    return Date.now() + this.aheadMs
  }
  monotonicMs(): number {
    return performance.now() + this.aheadMs
  }
}

function sessionOf({ headers }: { headers: Headers }): string {
  return headers.get('mcp-session-id') ?? ''
}

test('a session that was idle for its time is unknown on the next use, whether or not anything swept [slack/serving/sessions]', async () => {
  const clock = new AheadClock()
  await using server = await RunningServer.start({ clock })
  const [idle, active] = [
    sessionOf(await server.initialize()),
    sessionOf(await server.initialize()),
  ]
  clock.aheadMs += TTL_MS - 5_000
  expect((await server.legacy('tools/list', {}, { session: active })).status).toBe(200)
  clock.aheadMs += 6_000
  const told = await server.legacy('tools/list', {}, { session: idle })
  expect([told.status, told.body?.error.code]).toEqual([404, -32600])
  expect((await server.legacy('tools/list', {}, { session: active })).status).toBe(200)
  expect((await server.legacy('tools/list', {}, { session: idle })).status).toBe(404)
})

test('sessions that nobody comes back to are forgotten by themselves [slack/serving/sessions]', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const clock = new AheadClock()
  await using server = await RunningServer.start({
    clock,
    env: { SLACK_RATE_PER_SECOND: '10000', SLACK_RATE_BURST: '10000' },
  })
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(Array.from({ length: 100 }, () => server.initialize()))
  }
  expect(server.server.load.sessions).toBe(1_000)
  clock.aheadMs += TTL_MS + 1_000
  vi.advanceTimersByTime(15_000)
  expect(server.server.load.sessions).toBe(0)
})

test('a session is of no use with another key, and none without a session is answered [slack/serving/sessions]', async () => {
  await using server = await RunningServer.start({
    env: { SALLYPORT_TOKEN: `ana=${TOKEN},bob=${OTHER_TOKEN}` },
  })
  const session = sessionOf(await server.initialize())
  const statuses = [
    await server.legacy('tools/list', {}, { session, token: OTHER_TOKEN }),
    await server.legacy('tools/list', {}, { session: `${session.slice(0, -2)}AA` }),
    await server.legacy('tools/list', {}, {}),
    await server.legacy('tools/list', {}, { session }),
  ].map(({ status }) => status)
  expect(statuses).toEqual([404, 404, 400, 200])
  const ended = await fetch(`${server.url}/mcp`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${TOKEN}`, 'mcp-session-id': session },
  })
  expect(ended.status).toBe(204)
  expect((await server.legacy('tools/list', {}, { session })).status).toBe(404)
})

test('a session goes on after a restart [slack/serving/sessions]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slack-restart-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const first = await RunningServer.start({ folder })
  const session = sessionOf(await first.initialize())
  await first[Symbol.asyncDispose]()
  await using second = await RunningServer.start({ folder })
  expect((await second.legacy('tools/list', {}, { session })).status).toBe(200)
})

test("the checklist's own call is answered as JSON [slack/serving/smoke]", async () => {
  await using server = await RunningServer.start()
  // curl sends `Accept: */*` unless it is told otherwise; the seed's command tells it nothing.
  for (const headers of [{}, { accept: '*/*' }]) {
    const told = await server.initialize({ headers }, '2024-11-05')
    expect(told.status).toBe(200)
    expect(told.headers.get('content-type')).toBe('application/json')
    expect(told.body?.result.protocolVersion).toBe('2024-11-05')
  }
})

test('a client is answered in its own revision, one of an unknown revision in the latest [slack/serving/eras]', async () => {
  await using server = await RunningServer.start()
  for (const version of ['2025-03-26', '2025-06-18', '2025-11-25', '2031-01-01']) {
    const opened = await server.initialize({}, version)
    const spoken = version === '2031-01-01' ? '2025-11-25' : version
    expect(opened.body?.result.protocolVersion).toBe(spoken)
    const listed = await server.legacy('tools/list', {}, { session: sessionOf(opened) })
    expect(listed.body?.result.tools.length).toBeGreaterThan(0)
  }
})

test('a client of HTTP with SSE is served on its stream [slack/serving/eras]', async () => {
  await using server = await RunningServer.start()
  const leaving = new AbortController()
  const authorization = `Bearer ${TOKEN}`
  const stream = await fetch(`${server.url}/sse`, {
    headers: { authorization, accept: 'text/event-stream' },
    signal: leaving.signal,
  })
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
  let seen = ''
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(seen)
      if (found) return found[1] ?? ''
      const { value, done } = (await reader?.read()) ?? { value: '', done: true }
      if (done) throw new Error(`the stream ended after ${seen}`)
      seen += value
    }
  }
  const path = await until(/event: endpoint\ndata: (\S+)/)
  const send = (message: object) =>
    fetch(server.url + path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    })
  const clientInfo = { name: 'test', version: '1' }
  const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo }
  expect((await send({ id: 1, method: 'initialize', params })).status).toBe(202)
  expect(await until(/data: (\{.*"id":1.*\})/)).toContain('"2024-11-05"')
  await send({ id: 2, method: 'tools/list' })
  expect(await until(/data: (\{.*"id":2\})/)).toContain('slack_list_channels')
  leaving.abort()
})
