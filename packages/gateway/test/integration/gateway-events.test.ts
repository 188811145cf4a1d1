import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { createKey } from '@sallyport/kit/door'
import { callSocket, socketPathOf } from '@sallyport/kit/lifecycle'
import { systemClock } from '@sallyport/kit/clock'
import { expect, test, vi } from 'vitest'
import { RawClient } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

/** The events of a gateway as somebody with a key is told them. */
class Watcher implements Disposable {
  readonly response: IncomingMessage
  readonly over: Promise<unknown>
  #text = ''

  constructor(response: IncomingMessage) {
    this.response = response
    this.over = once(response, 'close')
    response.on('error', () => undefined)
    response.setEncoding('utf8').on('data', (chunk: string) => (this.#text += chunk))
  }

  static async open(gateway: TestGateway, key: string, query = ''): Promise<Watcher> {
    const headers = { authorization: `Bearer ${key}` }
    const sent = get(`http://${gateway.running.adminAddress}/api/v1/events${query}`, { headers })
    const [response] = (await once(sent, 'response')) as [IncomingMessage] // as node:http emits it
    expect(response.statusCode).toBe(200)
    return new Watcher(response)
  }

  /** Type, server and facts of each. */
  get told(): readonly Readonly<Record<string, unknown>>[] {
    return [...this.#text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data))
  }

  [Symbol.dispose](): void {
    this.response.destroy()
  }
}

async function adminKey(gateway: TestGateway, name: string): Promise<string> {
  const wanted = { name, role: 'admin', tenant: null, expiresAtMs: null, clock: systemClock }
  const made = createKey(wanted)
  await gateway.withKeys((keys) => keys.create(made.record))
  const authorization = `Bearer ${made.text.reveal()}`
  await vi.waitFor(async () => {
    const url = `http://${gateway.running.adminAddress}/api/v1/status`
    expect((await fetch(url, { headers: { authorization } })).status).toBe(200)
  }, 5_000)
  return made.text.reveal()
}

function ask(
  gateway: TestGateway,
  url: string,
  method: 'POST' | 'DELETE' = 'POST',
  body?: object,
): Promise<unknown> {
  const path = socketPathOf(gateway.storeFile)
  const sent = body === undefined ? {} : { body }
  return callSocket({
    ...{ path, method, url: `/api/v1/${url}`, signal: AbortSignal.timeout(10_000) },
    ...sent,
  })
}

const OPEN = { limits: { lockout: { failures: 0 } } }

test('tells of servers, marks, reloads, keys, suspensions and, when asked, sessions [events/told]', async () => {
  const servers = { one: hostileEntry('echo') }
  await using gateway = await TestGateway.start({ mcpServers: servers, config: OPEN })
  const key = await adminKey(gateway, 'watch')
  using all = await Watcher.open(gateway, key)
  using sessions = await Watcher.open(gateway, key, '?types=session.opened,session.closed')
  const client = await RawClient.open(gateway, 'legacy')
  await client.call('one__echo')
  await ask(gateway, 'servers/one/block', 'POST', { reason: 'leaks' })
  await ask(gateway, 'servers/one/unblock')
  await ask(gateway, 'drain')
  await ask(gateway, 'drain', 'DELETE')
  await ask(gateway, 'config/reload')
  await ask(gateway, 'principals/anonymous/suspend')
  await ask(gateway, 'keys', 'POST', { name: 'ci' })
  const types = (): unknown[] => [...new Set(all.told.map(({ type }) => type))].toSorted()
  await vi.waitFor(() =>
    expect(types()).toEqual([
      ...['config.reloaded', 'gateway.marked', 'resource.changed', 'server.marked'],
      ...['server.state', 'suspension.changed'],
    ]),
  )
  const of = (type: string): unknown[] =>
    all.told.filter((one) => one['type'] === type).map(({ facts }) => facts)
  expect(of('server.marked')).toEqual([
    { kind: 'blocked', set: true, reason: 'leaks' },
    { kind: 'blocked', set: false, reason: '' },
  ])
  expect(of('server.state')).toContainEqual({ state: 'ready', reason: null })
  expect(of('resource.changed')).toContainEqual({
    ...{ resource: 'keys', action: 'create', name: 'ci', by: 'local' },
  })
  await vi.waitFor(() => expect(sessions.told).toMatchObject([{ type: 'session.opened' }]))
  await fetch(gateway.url(), {
    method: 'DELETE',
    headers: { authorization: `Bearer ${gateway.key}`, 'mcp-session-id': client.sessionId },
  })
  await vi.waitFor(() => expect(sessions.told[1]).toMatchObject({ type: 'session.closed' }))
  expect(JSON.stringify([all.told, sessions.told])).not.toContain(client.sessionId)
})

test('a revoked key ends its stream within a second or so, and others go on [events/ends]', async () => {
  await using gateway = await TestGateway.start({ config: OPEN })
  const key = await adminKey(gateway, 'gone')
  const other = await adminKey(gateway, 'stays')
  using stream = await Watcher.open(gateway, key)
  using kept = await Watcher.open(gateway, other)
  const sinceMs = performance.now()
  await gateway.withKeys((keys) => keys.revoke('gone', Date.now()))
  await stream.over
  expect(performance.now() - sinceMs).toBeLessThan(2_500)
  expect(stream.told.at(-1)).toEqual({ reason: 'revoked' })
  await ask(gateway, 'drain')
  await vi.waitFor(() => expect(kept.told.at(-1)).toMatchObject({ type: 'gateway.marked' }))
})

test('a gateway that stops says so and waits for no reader [events/ends]', async () => {
  await using gateway = await TestGateway.start({ config: OPEN })
  using stream = await Watcher.open(gateway, await adminKey(gateway, 'watch'))
  const sinceMs = performance.now()
  await gateway.stop()
  expect(performance.now() - sinceMs).toBeLessThan(5_000)
  await stream.over
  expect(stream.told.at(-1)).toEqual({ reason: 'stopping' })
})
