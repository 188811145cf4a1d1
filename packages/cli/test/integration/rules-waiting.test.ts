/** What becomes of a call while a person is asked: lost processes, lost clients, ended sessions, revoked keys. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  ABLE,
  ACCEPTED,
  answerOn,
  answerTo,
  askedBy,
  AskedSession,
  bare,
  questionOn,
  said,
} from '../fixtures/asked.ts'
import { callers } from '../fixtures/callers.ts'
import type { EventStream } from '../fixtures/event-stream.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { isRunning, kill } from '../fixtures/processes.ts'
import { type ServerEvent, serverEvents } from '../fixtures/server-events.ts'
import {
  askForm,
  FORM,
  needForm,
  type ScriptedCall,
  type ScriptedServer,
  startScripted,
  text,
  tool,
} from '../fixtures/servers/scripted-server.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, type Target, textOf } from '../fixtures/wire.ts'

const CHILD = fileURLToPath(new URL('../fixtures/servers/asking-stdio.ts', import.meta.url))
const NEVER_WAS = { state: 'x'.repeat(120), keys: ['colour'] }

let gateway: TestGateway
let remote: ScriptedServer
let modern: ScriptedServer
let mine: Target
let theirs: Target
const tokens = callers(40)
let cut = 0
let answered = 0
let wasAsked = false
let wasTaken = false
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  const tools = ['ask', 'echo', 'careless', 'fickle', 'many', 'two', 'odd'].map((name) =>
    tool(name),
  )
  const watched = async (call: Parameters<typeof askForm>[0]): Promise<void> => {
    call.response.once('close', () => (cut += call.response.writableFinished ? 0 : 1))
    const { then } = (call.params['arguments'] ?? {}) as { then?: string } // as this test sends it
    if (then !== 'hold') return askForm(call)
    await call.ask('elicitation/create', FORM)
    answered += 1
  }
  remote = owned.use(
    await startScripted({ era: 'legacy', tools, call: { ask: watched, careless, fickle } }),
  )
  modern = owned.use(
    await startScripted({ era: 'modern', tools, call: { ask: needForm, many, two, odd } }),
  )
  gateway = owned.use(
    await startGateway({
      config: {
        auth: tokens.auth,
        mcpServers: {
          child: {
            command: process.execPath,
            args: [CHILD],
            env: { EVENTS_FILE: '${env:EVENTS}' },
          },
          remote: { url: remote.url },
          modern: { url: modern.url },
        },
      },
      env: { EVENTS: join('/tmp', `sallyport-waiting-${process.pid}.jsonl`) },
    }),
  )
})
beforeEach(() => {
  mine = { url: gateway.url, token: tokens.next() }
  theirs = { url: gateway.url, token: tokens.next() }
})
afterAll(() => owned.disposeAsync())

/** Asks, and answers its call without waiting. */
function careless(call: ScriptedCall): void {
  void call.ask('elicitation/create', FORM)
  call.result(text('careless'))
}

/** Wants several answers at once, under these keys. */
function wanting(keys: readonly string[]): (call: ScriptedCall) => void {
  return (call) => {
    const { inputResponses } = call.params
    if (inputResponses !== undefined) {
      return call.result(text(JSON.stringify(inputResponses), { resultType: 'complete' }))
    }
    const question = { method: 'elicitation/create', params: { mode: 'form', ...FORM } }
    const inputRequests = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(question)}`)
    const result = `{"resultType":"input_required","inputRequests":{${inputRequests.join()}},"requestState":"s"}`
    call.response.writeHead(200, { 'content-type': 'application/json' })
    call.response.end(`{"jsonrpc":"2.0","id":${String(call.id)},"result":${result}}`)
  }
}

const MANY = Array.from({ length: 10 }, (_, at) => `k${at}`)
const ODD = ['__proto__', 'constructor', 'a"b', '\u0000', '', 'ü']
const many = wanting(MANY)
const odd = wanting(ODD)
/** Wants an answer of a person and one of a model. */
function two(call: ScriptedCall): void {
  const form = { method: 'elicitation/create', params: { mode: 'form', ...FORM } }
  const model = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 9 } }
  call.result({ resultType: 'input_required', inputRequests: { form, model }, requestState: 's' })
}

/** Asks, takes its question back, and goes on. */
async function fickle(call: ScriptedCall): Promise<void> {
  call.send({ id: 'fickle', method: 'elicitation/create', params: FORM })
  await waitUntil('the client to be asked', () => wasAsked)
  call.send({ method: 'notifications/cancelled', params: { requestId: 'fickle' } })
  await waitUntil('the client to have seen it', () => wasTaken)
  call.result(text('fickle'))
}

async function events(kind: ServerEvent['event']): Promise<ServerEvent[]> {
  const all = await serverEvents(join('/tmp', `sallyport-waiting-${process.pid}.jsonl`))
  return all.filter(({ event }) => event === kind)
}

/** Ids of the questions that were taken back on a stream. */
function takenBackOn(stream: EventStream): unknown[] {
  const taken = stream.messages.filter(({ method }) => method === 'notifications/cancelled')
  return taken.map(({ params }) => (params as { requestId: unknown }).requestId) // by the protocol
}

async function lastChild(): Promise<number> {
  const spawned = await events('spawn')
  return spawned.at(-1)?.pid ?? 0
}

test('a child that is killed while a modern client is asked: the retry says that the outcome is unknown, and the next call has a new child [upstreams/lost/outcome]', async () => {
  const asked = await askedBy(mine, 'child__ask')
  const pid = await lastChild()
  kill(pid)
  await waitUntil('the child to end', async () => !(await isRunning(pid)))
  const answer = await answerTo(mine, 'child__ask', asked)
  expect(answer.json.error?.code === -32602 || failureOf(answer)?.outcome === 'unknown').toBe(true)
  expect(textOf(await callTool(mine, 'child__echo', { message: 'again' }))).toBe('again')
})

test('a child that is killed while a legacy client is asked: the call fails with its outcome unknown, and the question is taken back [upstreams/lost/outcome] [wire/question/taken-back]', async () => {
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('child__ask')
  const question = await questionOn(stream)
  kill(await lastChild())
  const answer = await answerOn(stream)
  expect(failureOf({ json: answer } as never)).toMatchObject({
    code: 'server_lost',
    outcome: 'unknown',
  })
  expect(takenBackOn(stream)).toEqual([question.id])
  expect(await session.answer(question)).toMatchObject({ status: 202 })
})

test.each(['remote', 'modern'])(
  'a legacy client that loses its connection while it is asked has cancelled nothing: its answer still counts, and it comes back for the result (%s) [wire/cancel/legacy-disconnect] [wire/resume/answer]',
  async (server) => {
    const session = await AskedSession.open(mine)
    const stream = await session.beginCall(`${server}__ask`)
    const question = await questionOn(stream)
    const [last = ''] = stream.eventIds.slice(-1)
    expect(last).not.toBe('')
    const before = cut
    await stream[Symbol.asyncDispose]()
    expect(await session.answer(question)).toMatchObject({ status: 202 })
    await using resumed = await session.listen(last)
    expect(said(await answerOn(resumed))).toContain('blue')
    expect(cut).toBe(before)
  },
)

test('a modern client that leaves during its retry has cancelled the call at the server [questions/parked/ended]', async () => {
  const before = cut
  const asked = await askedBy(mine, 'remote__ask', { then: 'hold' })
  const leaving = new AbortController()
  const { signal } = leaving
  const retry = answerTo(mine, 'remote__ask', asked, { args: { then: 'hold' }, signal })
  await waitUntil('the server to have the answer', () => answered > 0)
  leaving.abort()
  await expect(retry).rejects.toThrow('aborted')
  await waitUntil('the server to see it', () => cut === before + 1)
})

test.each(['remote', 'modern'])(
  'DELETE of the session while its client is asked ends the call, and nothing answers it any more (%s) [wire/session/states]',
  async (server) => {
    const session = await AskedSession.open(mine)
    const before = cut
    await using stream = await session.beginCall(`${server}__ask`)
    const question = await questionOn(stream)
    expect((await session.end()).status).toBeLessThan(300)
    await waitUntil('the stream to end', () => stream.ended)
    expect(await session.answer(question)).toMatchObject({ status: 404 })
    expect(JSON.stringify(stream.messages)).not.toContain('blue')
    if (server === 'remote') await waitUntil('the server to see it', () => cut === before + 1)
    expect(textOf(await callTool(mine, 'child__echo', { message: 'm' }))).toBe('m')
  },
)

test('a key that is revoked while it is asked: 401, the parked call is ended at its server, and other keys go on [questions/parked/ended]', async () => {
  const before = cut
  mine = { ...mine, token: await gateway.createKey('to-be-revoked') }
  const items = (await gateway.json<{ items: { id: string; name: string }[] }>(['keys', 'list']))
    .items
  const id = items.find(({ name }) => name === 'to-be-revoked')?.id ?? ''
  const other = await askedBy(theirs, 'remote__ask')
  const asked = await askedBy(mine, 'remote__ask')
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('remote__ask')
  const question = await questionOn(stream)
  expect((await gateway.command(['keys', 'revoke', id])).code).toBe(0)
  await waitUntil('both calls to end at the server', () => cut === before + 2)
  expect((await answerTo(mine, 'remote__ask', asked)).status).toBe(401)
  expect((await session.answer(question)).status).toBe(401)
  expect(textOf(await answerTo(theirs, 'remote__ask', other))).toContain('blue')
})

test('eight parked calls of one key: the ninth is refused as overloaded, and another key is asked and answered as ever [questions/parked/bounded]', async () => {
  const parked = await Promise.all(
    Array.from({ length: 8 }, (_, id) => askedBy(mine, 'remote__ask', { id })),
  )
  const ninth = await answerTo(mine, 'remote__ask', NEVER_WAS)
  expect(ninth.json.error?.code).toBe(-32602)
  const refused = await callTool(mine, 'remote__ask', {}, { headers: {} })
  // This client cannot be asked, so its question is declined and nothing of it waits.
  expect(textOf(refused)).toContain('decline')
  await expect(askedBy(mine, 'remote__ask')).rejects.toThrow('overloaded')
  const before = performance.now()
  expect(await callTool(mine, 'remote__echo')).toMatchObject({ status: 200 })
  const other = await askedBy(theirs, 'remote__ask')
  expect(textOf(await answerTo(theirs, 'remote__ask', other))).toContain('blue')
  expect(performance.now() - before).toBeLessThan(5_000)
  for (const [id, asked] of parked.entries()) {
    const answer = await answerTo(mine, 'remote__ask', asked, { args: { id } })
    expect(textOf(answer)).toContain('blue')
  }
})

test('a server that answers its call without waiting for the person: the question is taken back, and takes no place any more [wire/question/taken-back] [questions/parked/bounded]', async () => {
  const session = await AskedSession.open(mine)
  for (let turn = 0; turn < 9; turn += 1) {
    await using stream = await session.beginCall('remote__careless')
    const question = await questionOn(stream)
    expect(said(await answerOn(stream))).toBe('careless')
    expect(takenBackOn(stream)).toEqual([question.id])
  }
  await using stream = await session.beginCall('remote__ask')
  await session.answer(await questionOn(stream))
  expect(said(await answerOn(stream))).toContain('blue')
})

test('a call that asks for ten things at once is one call that waits: each is asked, and none is refused [questions/parked/bounded]', async () => {
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('modern__many')
  const asked = await waitUntil('all ten questions', () => {
    const all = stream.messages.filter(({ method }) => method === 'elicitation/create')
    return all.length === MANY.length || stream.ended ? all : undefined
  })
  for (const question of asked) await session.answer(question)
  expect(Object.keys(JSON.parse(said(await answerOn(stream))))).toEqual(MANY)
})

test('one refused answer ends the call, and what else was asked for it is taken back and takes no place [wire/question/taken-back] [questions/declined]', async () => {
  const session = await AskedSession.open(mine)
  for (let turn = 0; turn < 9; turn += 1) {
    await using stream = await session.beginCall('modern__two')
    const [form, model] = await Promise.all([
      questionOn(stream),
      questionOn(stream, 'sampling/createMessage'),
    ])
    await session.post({ jsonrpc: '2.0', id: model.id, error: { code: -1, message: 'no' } })
    const answer = await answerOn(stream)
    expect(JSON.stringify(answer)).toContain('question_unanswered')
    expect(takenBackOn(stream)).toEqual([form.id])
  }
  await using stream = await session.beginCall('remote__ask')
  await session.answer(await questionOn(stream))
  expect(said(await answerOn(stream))).toContain('blue')
})

test('odd keys of questions come back to their server as they are, from clients of either era', async () => {
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('modern__odd')
  const questions = await waitUntil('all questions', () => {
    const all = stream.messages.filter(({ method }) => method === 'elicitation/create')
    return all.length === ODD.length ? all : undefined
  })
  for (const question of questions) await session.answer(question)
  expect(Object.keys(JSON.parse(said(await answerOn(stream)))).toSorted()).toEqual(ODD.toSorted())
  const asked = await askedBy(mine, 'modern__odd')
  expect(asked.keys.toSorted()).toEqual(ODD.toSorted())
  const answered = await answerTo(mine, 'modern__odd', asked)
  const keys = Object.keys(JSON.parse(textOf(answered)))
  // `Object.fromEntries` of the test makes an own `__proto__` as JSON does.
  expect(keys.toSorted()).toEqual(ODD.toSorted())
})

test('a server that takes its question back: so does the gateway, and the call goes on [wire/question/taken-back]', async () => {
  const session = await AskedSession.open(mine)
  await using stream = await session.beginCall('remote__fickle')
  const question = await questionOn(stream)
  wasAsked = true
  await waitUntil('the question to be taken back', () => takenBackOn(stream).length > 0)
  expect(takenBackOn(stream)).toEqual([question.id])
  wasTaken = true
  expect(said(await answerOn(stream))).toBe('fickle')
})

test('nobody else answers a question: not another key, not another session of the same key, not under a made-up id [wire/question/foreign] [wire/question/once]', async () => {
  const session = await AskedSession.open(mine)
  const sibling = await AskedSession.open(mine)
  const stranger = await AskedSession.open(theirs)
  await using stream = await session.beginCall('remote__ask')
  const question = await questionOn(stream)
  const evil = { action: 'accept', content: { colour: 'evil' } }
  const never = { ...question, id: 'never-was' }
  expect(bare(await stranger.answer(question, evil))).toBe(bare(await stranger.answer(never, evil)))
  expect(bare(await sibling.answer(question, evil))).toBe(bare(await sibling.answer(never, evil)))
  expect((await session.answer(question, evil, theirs.token)).status).toBe(404)
  await session.answer(never, evil)
  expect((await session.answer(question, ACCEPTED)).status).toBe(202)
  await session.answer(question, evil)
  expect(said(await answerOn(stream))).toBe(JSON.stringify(ACCEPTED))
})

test('kill -9 with a parked call and an open question: the retry is -32602 like a state that never was, the old child is gone, and calls go on [questions/state/tampered] [upstreams/stop/orphans]', async () => {
  const asked = await askedBy(mine, 'child__ask')
  // On standard streams a question names no call: one client's at a time for each key.
  const session = await AskedSession.open(theirs, ABLE)
  await using stream = await session.beginCall('child__ask')
  const question = await questionOn(stream)
  const pid = await lastChild()
  await gateway.kill9()
  await gateway.restart()
  mine = { ...mine, url: gateway.url }
  const [answer, never] = [
    await answerTo(mine, 'child__ask', asked),
    await answerTo(mine, 'child__ask', NEVER_WAS),
  ]
  expect([answer.json.error?.code, bare(answer)]).toEqual([-32602, bare(never)])
  await waitUntil('the old child to be gone', async () => !(await isRunning(pid)))
  // The session is sealed and goes on; its old question is nobody's.
  session.movedTo(gateway.url)
  expect((await session.answer(question)).status).toBe(202)
  expect(textOf(await callTool(mine, 'child__echo', { message: 'again' }))).toBe('again')
  const again = await askedBy(mine, 'child__ask')
  expect(textOf(await answerTo(mine, 'child__ask', again))).toContain('blue')
})
