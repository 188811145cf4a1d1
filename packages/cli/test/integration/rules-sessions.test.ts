/** Rule D: legacy sessions, on every transport that has them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerOn, AskedSession, bare, questionOn, said } from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { type Answer, send } from '../fixtures/send.ts'
import {
  askForm,
  type ScriptedServer,
  startScripted,
  text,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { ACCEPT, LEGACY, type Target } from '../fixtures/wire.ts'

const PING = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

let gateway: TestGateway
let mine: Target
let theirs: Target
let server: ScriptedServer
let rooted: ScriptedServer
let cut = 0
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  const tools = ['ask', 'echo', 'hold', 'log'].map((name) => tool(name))
  const call = {
    ask: askForm,
    echo: (one: Parameters<typeof askForm>[0]) => one.result(text('echo')),
    hold: (one: Parameters<typeof askForm>[0]) => {
      one.response.once('close', () => (cut += 1))
    },
    log: (one: Parameters<typeof askForm>[0]) => {
      const params = { level: 'error', data: 'a canary' }
      one.send({ method: 'notifications/message', params })
      one.result(text('logged'))
    },
  }
  const capabilities = { tools: { listChanged: true }, logging: {} }
  server = owned.use(await startScripted({ era: 'legacy', tools, call, capabilities }))
  rooted = owned.use(await startScripted({ era: 'legacy', tools, call }))
  const { auth, next } = callers(3)
  gateway = owned.use(
    await startGateway({
      config: {
        auth,
        mcpServers: { raw: { url: server.url }, rooted: { url: rooted.url, roots: 'client' } },
        endpoints: { some: { servers: ['raw'] } },
        limits: { session: { idle: '10s' } },
      },
    }),
  )
  mine = { url: gateway.url, token: next() }
  theirs = { url: gateway.url, token: next() }
})
afterAll(() => owned.disposeAsync())

/** Every way to use a session, with any credential. */
function uses(id: string, token: string | undefined, url = gateway.url): Promise<Answer>[] {
  const credential: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  const headers = {
    ...credential,
    accept: ACCEPT,
    'mcp-session-id': id,
    'mcp-protocol-version': LEGACY,
  }
  const answer = { jsonrpc: '2.0', id: 1, result: {} }
  return [
    send(url, { headers, body: PING }),
    send(url, { headers, body: answer }),
    send(url, {
      headers,
      body: { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
    }),
    send(url, { method: 'GET', headers: { ...headers, 'last-event-id': 'x_1' } }),
    send(url, { method: 'DELETE', headers }),
  ]
}

const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status)

test('D1: a session is no credential: without one, or with a bad one, everything is 401 and the session lives on [door/challenge]', async () => {
  const session = await AskedSession.open(mine)
  for (const token of [undefined, 'wrong', `${mine.token}x`, session.id]) {
    expect(statuses(await Promise.all(uses(session.id, token)))).toEqual([401, 401, 401, 401, 401])
  }
  const query = `${gateway.url}?token=${mine.token}&mcp-session-id=${session.id}`
  expect((await send(query, { body: PING })).status).toBe(401)
  expect((await session.post(PING)).status).toBe(200)
})

test('D2: session ids are random, of visible ASCII, and no two alike where one could count on [wire/session/random]', async () => {
  const sessions = await Promise.all(Array.from({ length: 30 }, () => AskedSession.open(mine)))
  const ids = sessions.map(({ id }) => id)
  expect(new Set(ids).size).toBe(30)
  for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{40,}$/)
  expect(new Set(ids.map((id) => id.slice(0, 16))).size).toBe(30)
  // No run of characters is shared by all of them but a short mark at most.
  const [first = '', ...others] = ids
  const shared = [...first].filter((one, at) => others.every((other) => other[at] === one)).length
  expect(shared).toBeLessThan(10)
})

test('D3: with another key’s credential a session is what never was, byte for byte, and lives on [wire/session/bound]', async () => {
  const session = await AskedSession.open(mine)
  const never = `${session.id.slice(0, 10)}${'A'.repeat(session.id.length - 10)}`
  const [stolen, unknown] = await Promise.all([
    Promise.all(uses(session.id, theirs.token)),
    Promise.all(uses(never, theirs.token)),
  ])
  expect(statuses(stolen)).toEqual([404, 404, 404, 404, 404])
  expect(stolen.map(bare)).toEqual(unknown.map(bare))
  expect((await session.post(PING)).status).toBe(200)
})

test('D3: nor is it good at any other address [wire/session/scope]', async () => {
  const session = await AskedSession.open(mine)
  for (const path of ['/mcp/some', '/servers/raw/mcp']) {
    const answers = await Promise.all(uses(session.id, mine.token, `${gateway.data}${path}`))
    expect([path, statuses(answers)]).toEqual([path, [404, 404, 404, 404, 404]])
  }
  expect((await session.post(PING)).status).toBe(200)
})

test('D3: a session that was changed, cut or added to is what never was [wire/session/sealed]', async () => {
  const { id } = await AskedSession.open(mine)
  const middle = Math.floor(id.length / 2)
  const never = bare(await (uses('A'.repeat(id.length), mine.token)[0] ?? Promise.reject()))
  for (const one of [
    `${id.slice(0, middle)}${id[middle] === 'A' ? 'B' : 'A'}${id.slice(middle + 1)}`,
    id.slice(0, -1),
    `${id}A`,
    `${id}, ${id}`,
    id.toLowerCase(),
    '../x',
    '0',
  ]) {
    const [first] = uses(one, mine.token)
    const answer = await first
    expect([one, answer && bare(answer)]).toEqual([one, never])
  }
})

test('D4: none is 400, an ended one 404 whatever is done with it, and its calls end at the server [wire/session/states]', async () => {
  const headers = { authorization: `Bearer ${mine.token}`, accept: ACCEPT }
  expect((await send(gateway.url, { headers, body: PING })).status).toBe(400)
  expect((await send(gateway.url, { method: 'DELETE', headers })).status).toBe(405)
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('raw__hold')
  await using news = await session.listen()
  await waitUntil('the call to arrive', () => server.calls('hold').length > 0)
  const before = cut
  expect((await session.end()).status).toBe(204)
  await waitUntil('the server to see it', () => cut === before + 1)
  await waitUntil('its streams to end', () => stream.ended && news.ended)
  expect(statuses(await Promise.all(uses(session.id, mine.token)))).toEqual([
    404, 404, 404, 404, 404,
  ])
})

test('D4: DELETE takes the upstream session of that client with it, where it has one of its own [upstreams/roots/client]', async () => {
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('rooted__echo')
  expect(said(await answerOn(stream))).toBe('echo')
  const upstream = rooted.calls('echo').at(-1)?.session
  await session.end()
  await waitUntil('the upstream session to be ended', () =>
    rooted.seen.some(({ http, session: one }) => http === 'DELETE' && one === upstream),
  )
})

test('D5: a session that is left alone is collected after its idle time, with its streams; one in use is not [wire/session/life]', async () => {
  const left = await AskedSession.open(mine)
  const used = await AskedSession.open(mine)
  const sinceMs = performance.now()
  await waitUntil(
    'the idle session to be collected',
    async () => {
      expect((await used.post(PING)).status).toBe(200)
      await sleep(1_000)
      const peek = { jsonrpc: '2.0', id: 1, method: 'ping' }
      // Only a look at another's session: a use would keep it.
      return performance.now() - sinceMs > 12_000 && (await left.post(peek)).status === 404
    },
    25_000,
  )
})

test('D6: what is for one session is on no stream of another, of the same key or of the other: logs, questions, progress [wire/stream/once]', async () => {
  const session = await AskedSession.open(mine)
  const sibling = await AskedSession.open(mine)
  const stranger = await AskedSession.open(theirs)
  await using streamOfSibling = await sibling.listen()
  await using streamOfStranger = await stranger.listen()
  for (const one of [session, sibling, stranger]) {
    await one.post({
      jsonrpc: '2.0',
      id: 90,
      method: 'logging/setLevel',
      params: { level: 'debug' },
    })
  }
  await using asking = await session.beginCall('raw__ask')
  const question = await questionOn(asking)
  await using logging = await session.beginCall('raw__log')
  await answerOn(logging)
  expect(logging.text).toContain('a canary')
  await sleep(150)
  for (const stream of [streamOfSibling, streamOfStranger]) {
    expect(stream.text).not.toContain('canary')
    expect(stream.text).not.toContain('elicitation')
  }
  await session.answer(question)
  expect(said(await answerOn(asking))).toContain('blue')
})

test('D6: nobody resumes another’s stream: with its event ids a stranger and a sibling get a new, empty one [wire/resume/foreign] [wire/resume/unknown]', async () => {
  const session = await AskedSession.open(mine)
  const sibling = await AskedSession.open(mine)
  const stranger = await AskedSession.open(theirs)
  const stream = await session.beginCall('raw__ask')
  const question = await questionOn(stream)
  const [first = ''] = stream.eventIds
  await stream[Symbol.asyncDispose]()
  await using bySibling = await sibling.listen(first)
  await using byStranger = await stranger.listen(first)
  await using byNeither = await stranger.listen('never_0')
  expect([bySibling.status, byStranger.status, byNeither.status]).toEqual([200, 200, 200])
  expect((await session.listen(first, theirs.token)).status).toBe(404)
  await session.answer(question)
  await using own = await session.listen(first)
  expect(said(await answerOn(own))).toContain('blue')
  await sleep(150)
  for (const one of [bySibling, byStranger, byNeither]) expect(one.messages).toEqual([])
  const text = (one: typeof byStranger): string => one.text.replace(/^id:.*$/gm, 'id:')
  expect(text(byStranger)).toBe(text(byNeither))
})
