import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { adminError, eventItem } from '@sallyport/contract/admin'
import { ADMINISTRATOR, CALLER, type Principal } from '@sallyport/kit/principal'
import { expect, test, vi } from 'vitest'
import { openFixture } from './admin-fixture.ts'

type Fixture = Awaited<ReturnType<typeof openFixture>>

interface Told {
  readonly id: string
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A client that reads events as they come. */
class Watcher implements Disposable {
  readonly response: IncomingMessage
  readonly told: Told[] = []
  readonly over: Promise<unknown>
  #text = ''

  constructor(response: IncomingMessage) {
    this.response = response
    this.over = once(response, 'close')
    response.on('error', () => undefined)
    response.setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk))
  }

  get types(): string[] {
    return this.told.map(({ event }) => event)
  }

  [Symbol.dispose](): void {
    this.response.destroy()
  }

  #read(chunk: string): void {
    this.#text += chunk
    const parts = this.#text.split('\n\n')
    this.#text = parts.pop() ?? ''
    for (const part of parts) {
      const fields = new Map(part.split('\n').map((line) => cut(line)))
      const event = fields.get('event')
      if (event === undefined) continue
      this.told.push({
        id: fields.get('id') ?? '',
        event,
        data: JSON.parse(fields.get('data') ?? ''),
      })
    }
  }
}

function cut(line: string): [string, string] {
  const at = line.indexOf(': ')
  return [line.slice(0, at), line.slice(at + 2)]
}

async function watch(
  fixture: Fixture,
  query = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<Watcher> {
  const path = `/api/v1/events${query}`
  const authorization = `Bearer ${fixture.adminKey}`
  const sent = get({ port: fixture.port, path, headers: { authorization, ...headers } })
  const [response] = (await once(sent, 'response')) as [IncomingMessage] // as node:http emits it
  expect(response.statusCode).toBe(200)
  return new Watcher(response)
}

function emit({ events }: Fixture, server = 'files'): void {
  events.emit({ type: 'server.state', server, facts: { state: 'ready', reason: null } })
}

test('tells what happens to whoever watches, and to nobody what he did not ask for [events/told]', async () => {
  await using fixture = await openFixture()
  using all = await watch(fixture)
  using some = await watch(fixture, '?types=config.reloaded,session.opened')
  expect(all.response.headers['content-type']).toBe('text/event-stream')
  expect(all.response.headers['x-request-id']).toMatch(/./)
  emit(fixture)
  fixture.events.emit({ type: 'session.opened', facts: { id: 'a' } })
  fixture.events.emit({ type: 'config.reloaded', facts: { ok: true } })
  await vi.waitFor(() => expect(some.types).toEqual(['session.opened', 'config.reloaded']))
  await vi.waitFor(() => expect(all.types).toEqual(['server.state', 'config.reloaded']))
  const [first] = all.told
  expect(eventItem.parse(first?.data)).toMatchObject({
    ...{ type: 'server.state', server: 'files', tenant: null },
    facts: { state: 'ready', reason: null },
  })
})

test.each(['types=', 'types=x', 'types=server.state,', 'types=*', "types='%20or%201=1", 'limit=1'])(
  'refuses the query %s',
  async (query) => {
    await using fixture = await openFixture()
    const answer = await fixture.ask(`/api/v1/events?${query}`, { key: fixture.adminKey })
    expect([answer.status, adminError.parse(answer.json).error.code]).toEqual([
      400,
      'request_invalid',
    ])
    expect(fixture.eventStreams.size).toBe(0)
  },
)

test('who was away gets what came meanwhile, and is told of a gap [events/resume]', async () => {
  await using fixture = await openFixture()
  using first = await watch(fixture)
  emit(fixture, 'one')
  await vi.waitFor(() => expect(first.told).toHaveLength(1))
  first.response.destroy()
  emit(fixture, 'two')
  emit(fixture, 'three')
  using back = await watch(fixture, '', { 'last-event-id': first.told[0]?.id ?? '' })
  await vi.waitFor(() =>
    expect(back.told.map(({ data }) => data['server'])).toEqual(['two', 'three']),
  )
  using lost = await watch(fixture, '', { 'last-event-id': 'of-another-process' })
  await vi.waitFor(() => expect(lost.told).toHaveLength(4))
  expect(lost.told[0]).toMatchObject({ event: 'gap', data: { lost: null } })
})

test('takes as many streams as limits.eventStreams says, and another once one is gone [events/bounded]', async () => {
  await using fixture = await openFixture({ eventStreams: 2 })
  using first = await watch(fixture)
  using second = await watch(fixture)
  const refused = await fixture.ask('/api/v1/events', { key: fixture.adminKey })
  expect([refused.status, adminError.parse(refused.json).error.code]).toEqual([503, 'overloaded'])
  expect(refused.headers['retry-after']).toBe('2')
  first.response.destroy()
  await vi.waitFor(() => expect(fixture.eventStreams.size).toBe(1))
  using third = await watch(fixture)
  emit(fixture)
  await vi.waitFor(() => expect([second.told.length, third.told.length]).toEqual([1, 1]))
})

test('drops a reader that takes nothing, tells it why, and goes on with the others [events/slow]', async () => {
  await using fixture = await openFixture()
  using slow = await watch(fixture)
  using quick = await watch(fixture)
  slow.response.pause()
  const facts = { text: 'x'.repeat(4_096) }
  let sent = 0
  while (fixture.eventStreams.size > 1 && sent < 20_000) {
    fixture.events.emit({ type: 'config.reloaded', facts })
    sent += 1
    if (sent % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(fixture.eventStreams.size).toBe(1)
  slow.response.resume()
  await slow.over
  expect(slow.told.at(-1)).toMatchObject({ event: 'end', data: { reason: 'slow' } })
  await vi.waitFor(() => expect(quick.told).toHaveLength(sent))
})

test.each([
  ['endPrincipal', 'revoked'],
  ['stop', 'stopping'],
] as const)('ends a stream on %s and says why [events/ends]', async (how, reason) => {
  await using fixture = await openFixture()
  using stream = await watch(fixture)
  const { principalId } = await ownId(fixture)
  if (how === 'stop') fixture.eventStreams[Symbol.dispose]()
  else fixture.eventStreams.endPrincipal(principalId, 'revoked')
  await stream.over
  expect(stream.told).toMatchObject([{ event: 'end', data: { reason } }])
  expect(fixture.eventStreams.size).toBe(0)
})

async function ownId(fixture: Fixture): Promise<{ principalId: string }> {
  const { json } = await fixture.ask('/api/v1/keys', { key: fixture.adminKey })
  const { items } = json as { items: { id: string; name: string }[] } // shown by the API
  return { principalId: `key:${items.find(({ name }) => name === 'root')?.id ?? ''}` }
}

test('whoever may watch no longer, or sees others, is ended; others go on as they are now [events/ends]', async () => {
  await using fixture = await openFixture()
  using stream = await watch(fixture)
  const { principalId } = await ownId(fixture)
  const now: Principal = { id: principalId, kind: 'key', name: 'root', ...ADMINISTRATOR }
  fixture.eventStreams.renewPrincipal(now)
  expect(fixture.eventStreams.size).toBe(1)
  fixture.eventStreams.renewPrincipal({ ...now, ...CALLER })
  await stream.over
  expect(stream.types).toEqual(['end'])
})

test('a tenant is told of its own and of servers that it sees [events/tenants]', async () => {
  const sight = { key: 'files', rules: [{ servers: ['files'] }] }
  const bound: Principal = {
    ...{ id: 'key:a', kind: 'key', name: 'a', ...ADMINISTRATOR, tenant: 'acme' },
    sight,
  }
  const where = { address: '127.0.0.1', requestId: 'r-1' }
  const door = {
    judge: () => ({ pass: { principal: bound, ...where } }),
    cors: { apply: () => undefined, preflight: () => undefined },
  } as never // the two parts of a door that an entrance asks
  const entrance = { door, host: '127.0.0.1', protectMetrics: true }
  await using fixture = await openFixture({ deps: { entrance } })
  emit(fixture, 'search')
  using stream = await watch(fixture, '?types=server.state,session.opened,config.reloaded', {
    'last-event-id': 'x',
  })
  emit(fixture, 'search')
  fixture.events.emit({ type: 'session.opened', tenant: 'other', facts: {} })
  fixture.events.emit({ type: 'config.reloaded', facts: {} })
  fixture.events.emit({ type: 'session.opened', tenant: 'acme', facts: {} })
  emit(fixture, 'files')
  await vi.waitFor(() => expect(stream.types).toEqual(['gap', 'session.opened', 'server.state']))
  expect(stream.told[1]?.data['tenant']).toBe('acme')
})

test('a change over the API is told with who made it, once it is made [events/changes]', async () => {
  await using fixture = await openFixture()
  using stream = await watch(fixture)
  const admin = { key: fixture.adminKey, method: 'POST' }
  await fixture.ask('/api/v1/keys', { ...admin, body: '{"name":"' })
  const body = JSON.stringify({ name: 'ci', expiresInMs: 60_000 })
  expect((await fixture.ask('/api/v1/keys', { ...admin, body })).status).toBe(201)
  await fixture.ask('/api/v1/keys/nobody', { ...admin, method: 'DELETE' })
  await fixture.ask('/api/v1/keys/ci', { ...admin, method: 'DELETE' })
  await vi.waitFor(() => expect(stream.types).toEqual(['resource.changed', 'resource.changed']))
  const { principalId: by } = await ownId(fixture)
  expect(stream.told.map(({ data }) => data['facts'])).toEqual([
    { resource: 'keys', action: 'create', name: 'ci', by },
    { resource: 'keys', action: 'revoke', name: 'ci', by },
  ])
})
