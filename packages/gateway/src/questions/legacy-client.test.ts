import { CallController, type CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import type { ClientQuestion, Message } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { parsed, testServer } from '../call/testing-call.ts'
import type { UpstreamReply, UpstreamRequest } from '../upstreams/upstream.ts'
import {
  answerOf,
  ask,
  legacyRequest,
  MODERN,
  LEGACY,
  openCalls,
  type OpenCallsOptions,
  questionMessage,
  replyOf,
} from './testing-questions.ts'

const CALL = '"name":"files__echo","arguments":{"n":1.0}'
const FORM =
  '{"method":"elicitation/create","params":{"message":"Name?","requestedSchema":{"n":1.0}}}'
const DONE = '"result":{"resultType":"complete","content":[]}'
const required = (members: string) => `"result":{"resultType":"input_required",${members}}`

/** A modern server that answers with these bodies in turn, the last one for ever. */
function modernServer(...bodies: readonly string[]) {
  const got: string[] = []
  const respond = (request: UpstreamRequest) => {
    got.push(request.encode(MODERN).toString())
    return replyOf(bodies[Math.min(got.length, bodies.length) - 1] ?? '', MODERN)
  }
  return { got, respond }
}

/** A client that answers every question with this body. */
function client(body: string) {
  const asked: ClientQuestion[] = []
  const answer = (question: ClientQuestion): Promise<Message> => {
    asked.push(question)
    return Promise.resolve(answerOf(body))
  }
  return { asked, ask: answer }
}

const ACCEPTED = '"result":{"action":"accept","content":{"n":1.0, "name":"x"}}'

test('what a modern server wants is asked on the stream, and the call repeated with the answers and its own state [questions/legacy-client] [questions/state/server]', async () => {
  const state = '"st\\u0061te \\"1\\" €"'
  const server = modernServer(
    required(`"inputRequests":{"a":${FORM}},"requestState":${state}`),
    DONE,
  )
  const person = client(ACCEPTED)
  const { send } = openCalls(server.respond)
  const { answer } = await send(legacyRequest(CALL, { ask: person.ask }))
  expect(answer.bytes.toString()).toBe(`{"jsonrpc":"2.0","id":"c1",${DONE}}`)
  expect(person.asked).toMatchObject([
    {
      method: 'elicitation/create',
      params: '{"message":"[files] Name?","requestedSchema":{"n":1.0}}',
    },
  ])
  const [first, second] = server.got
  expect(first).not.toMatch(/inputResponses|requestState/)
  expect(second).toContain(
    '"inputResponses":{"a":{"action":"accept","content":{"n":1.0, "name":"x"}}}',
  )
  expect(second).toContain('"requestState":"state \\"1\\" €"')
  expect(second).toContain('"name":"echo","arguments":{"n":1.0}')
})

test("under a server's own address a question is carried as it was written [questions/who-asks]", async () => {
  const server = modernServer(required(`"inputRequests":{"a":${FORM}}`), DONE)
  const person = client(ACCEPTED)
  const { send } = openCalls(server.respond)
  await send(legacyRequest('"name":"echo"', { ask: person.ask, scope: 'files' }))
  expect(person.asked[0]?.params).toBe('{"message":"Name?","requestedSchema":{"n":1.0}}')
  expect(server.got[1]).not.toContain('requestState')
})

test('a server that goes on asking is cut off [questions/rounds]', async () => {
  const server = modernServer(required(`"inputRequests":{"a":${FORM}},"requestState":"s"`))
  const person = client(ACCEPTED)
  const { send, deadlines } = openCalls(server.respond)
  await expect(send(legacyRequest(CALL, { ask: person.ask }))).rejects.toMatchObject({
    code: 'server_protocol',
    outcome: 'unknown',
  })
  expect([person.asked.length, server.got.length, deadlines.size]).toEqual([32, 33, 0])
})

test('questions of one round are asked together, and each answer goes back under its key', async () => {
  const questions = `"inputRequests":{"z":${FORM},"s":{"method":"sampling/createMessage","params":{"messages":[]}}}`
  const server = modernServer(required(questions), DONE)
  const open = new Map<string, (message: Message) => void>()
  const { send } = openCalls(server.respond)
  const sent = send(
    legacyRequest(CALL, {
      ask: ({ method }) => new Promise((resolve) => void open.set(method, resolve)),
    }),
  )
  await new Promise(setImmediate)
  expect([...open.keys()]).toEqual(['elicitation/create', 'sampling/createMessage'])
  open.get('sampling/createMessage')?.(answerOf('"result":{"role":"assistant"}'))
  open.get('elicitation/create')?.(answerOf('"result":{"action":"decline"}'))
  await sent
  expect(server.got[1]).toContain(
    '"inputResponses":{"z":{"action":"decline"},"s":{"role":"assistant"}}',
  )
})

test('a form that is refused with an error was dismissed; anything else ends the call [questions/declined]', async () => {
  const server = modernServer(required(`"inputRequests":{"a":${FORM}}`), DONE)
  const refusing = client('"error":{"code":-1,"message":"no"}')
  await openCalls(server.respond).send(legacyRequest(CALL, { ask: refusing.ask }))
  expect(server.got[1]).toContain('"inputResponses":{"a":{"action":"cancel"}}')
  const sampling = modernServer(
    required('"inputRequests":{"a":{"method":"sampling/createMessage","params":{}}}'),
    DONE,
  )
  await expect(
    openCalls(sampling.respond).send(legacyRequest(CALL, { ask: refusing.ask })),
  ).rejects.toMatchObject({ code: 'question_unanswered' })
  expect(sampling.got).toHaveLength(1)
})

test.each([
  ['the form', '{"elicitation":{"url":{}}}', FORM, { elicitation: { form: {} } }],
  ['sampling', '{"elicitation":{}}', '{"method":"sampling/createMessage"}', { sampling: {} }],
  ['roots, which nobody configured', '{"roots":{}}', '{"method":"roots/list"}', { roots: {} }],
] as const)(
  'a client that cannot do %s is told what is missing, and nobody is asked [questions/capability]',
  async (...[, capabilities, question, requiredCapabilities]) => {
    const server = modernServer(required(`"inputRequests":{"a":${question}}`), DONE)
    const person = client(ACCEPTED)
    const { send } = openCalls(server.respond)
    const { answer, outcome } = await send(legacyRequest(CALL, { ask: person.ask, capabilities }))
    expect(parsed(answer.bytes).error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities },
    })
    expect([answer.status, outcome, person.asked.length]).toEqual([200, 'refused', 0])
  },
)

test('a client without a stream cannot be asked, and no server is told that it can [questions/no-stream]', async () => {
  const server = modernServer(required(`"inputRequests":{"a":${FORM}}`), DONE)
  const { send } = openCalls(server.respond)
  const { answer } = await send(legacyRequest(CALL))
  expect(parsed(answer.bytes).error?.code).toBe(-32021)
  expect(server.got[0]).toContain('"io.modelcontextprotocol/clientCapabilities":{}')
})

test('roots that the operator listed are answered without the client [questions/roots]', async () => {
  const roots: readonly [string, ...string[]] = ['file:///a', 'file:///b']
  const options: OpenCallsOptions = {
    views: { servers: [testServer('files', { roots: [...roots] })] },
  }
  const server = modernServer(required('"inputRequests":{"r":{"method":"roots/list"}}'), DONE)
  const { send } = openCalls(server.respond, options)
  await send(legacyRequest(CALL, { capabilities: '{}', ask: client(ACCEPTED).ask }))
  expect(server.got[0]).toContain('"io.modelcontextprotocol/clientCapabilities":{"roots":{}}')
  expect(server.got[1]).toContain('"r":{"roots":[{"uri":"file:///a"},{"uri":"file:///b"}]}')
})

test.each(['completion/complete', 'tasks/get'])(
  '%s cannot be answered with a demand for input [questions/methods]',
  async (method) => {
    const server = modernServer(required(`"inputRequests":{"a":${FORM}}`))
    const { send, taskIds } = openCalls(server.respond, {
      views: { resources: { 'a:b': ['files', 'a:b'] } },
    })
    const taskId = taskIds.show({ server: 'files', taskId: 't' }, 'key:alice')
    const params = `"ref":{"type":"ref/resource","uri":"a:b"},"taskId":"${taskId}"`
    await expect(
      send(legacyRequest(params, { method, ask: client(ACCEPTED).ask })),
    ).rejects.toMatchObject({ code: 'server_protocol' })
  },
)

/** A legacy server that asks this in the middle of its call and answers with what it was told. */
async function asking(
  question: Message,
  options: Parameters<typeof legacyRequest>[1] = {},
  views: OpenCallsOptions['views'] = {},
) {
  const held = openCalls(
    async (request) => {
      request.encode(LEGACY)
      const { kind, text } = await ask(request, question)
      return replyOf(`"result":{"told":{"${kind}":${text.toString()}}}`)
    },
    { views },
  )
  const { answer } = await held.send(legacyRequest(CALL, options))
  return parsed(answer.bytes).result?.['told']
}

const legacyForm = questionMessage('elicitation/create', '{"message":"Name?","x":1.0}')

test('a question of a legacy server is asked on the stream, and its answer goes back as it is [questions/legacy-legacy]', async () => {
  const person = client(ACCEPTED)
  expect(await asking(legacyForm, { ask: person.ask })).toEqual({
    result: { action: 'accept', content: { n: 1, name: 'x' } },
  })
  expect(person.asked[0]?.params).toBe('{"message":"[files] Name?","x":1.0}')
  const refusing = client('"error":{"code":-1,"message":"no"}')
  expect(await asking(legacyForm, { ask: refusing.ask })).toEqual({
    error: { code: -1, message: 'no' },
  })
})

test.each([
  ['elicitation/create', { result: { action: 'decline' } }],
  [
    'sampling/createMessage',
    { error: { code: -32601, message: 'the client cannot answer sampling/createMessage' } },
  ],
  ['roots/list', { error: { code: -32601, message: 'the client cannot answer roots/list' } }],
])(
  'a legacy server that asks %s of a client that cannot is answered for it [questions/capability]',
  async (method, told) => {
    const person = client(ACCEPTED)
    expect(await asking(questionMessage(method), { ask: person.ask, capabilities: '{}' })).toEqual(
      told,
    )
    expect(person.asked).toEqual([])
  },
)

test('roots of the client are asked for only where the operator lets them through [questions/roots]', async () => {
  const person = client('"result":{"roots":[]}')
  const open = { servers: [testServer('files', { roots: 'client' })] }
  expect(await asking(questionMessage('roots/list'), { ask: person.ask }, open)).toEqual({
    result: { roots: [] },
  })
  expect(await asking(questionMessage('roots/list'), { ask: person.ask })).toMatchObject({
    error: { code: -32601 },
  })
  expect(person.asked).toHaveLength(1)
})

test("an extension's own question is carried to a legacy client", async () => {
  const person = client('"result":{"x":1}')
  expect(await asking(questionMessage('acme/ask', '{"a":1.0}'), { ask: person.ask })).toEqual({
    result: { x: 1 },
  })
  expect(person.asked).toMatchObject([{ method: 'acme/ask', params: '{"a":1.0}' }])
})

const untilAborted = (signal: CallSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** A call whose client was asked and says nothing. */
async function silence(
  options: OpenCallsOptions = {},
  serve = async (request: UpstreamRequest): Promise<UpstreamReply> => {
    const { kind } = await ask(request, legacyForm)
    return replyOf(`"result":{"kind":"${kind}"}`)
  },
) {
  const controller = new CallController()
  const signals: ClientQuestion['signal'][] = []
  const held = openCalls(serve, { callMs: 1_000, timeoutMs: 10_000, ...options })
  const answers: ((message: Message) => void)[] = []
  const exchange = {
    ...legacyRequest(CALL, {
      ask: ({ signal }) =>
        new Promise((resolve, reject) => {
          signals.push(signal)
          answers.push(resolve)
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        }),
    }),
    controller,
  }
  const sent = held.send(exchange)
  // Whoever waits for it is told later.
  sent.catch(() => undefined)
  await new Promise(setImmediate)
  return { ...held, sent, signals, answers, controller }
}

test("the call's own time stands still while a person is asked, and goes on after [questions/deadline]", async () => {
  const { sent, pass, signals, answers, deadlines } = await silence()
  pass(5_000)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  answers[0]?.(answerOf(ACCEPTED))
  expect(parsed((await sent).answer.bytes).result).toEqual({ kind: 'result' })
  expect(deadlines.size).toBe(0)
})

test('a server that hangs after the answer runs out of the time that was left [questions/deadline]', async () => {
  const serve = async (request: UpstreamRequest) => {
    await ask(request, legacyForm)
    return await untilAborted(request.signal)
  }
  const { sent, pass, answers, controller } = await silence({ callMs: 1_000 }, serve)
  pass(5_000)
  answers[0]?.(answerOf(ACCEPTED))
  await new Promise(setImmediate)
  pass(999)
  expect(controller.aborted).toBe(false)
  pass(51)
  await expect(sent).rejects.toMatchObject({ code: 'deadline_exceeded' })
})

test('a person who says nothing is not waited for any longer than is allowed [questions/expires]', async () => {
  const { sent, pass, signals, parked, deadlines } = await silence()
  pass(10_050)
  expect(signals[0]?.reason).toMatchObject({ code: 'question_unanswered' })
  await expect(sent).rejects.toMatchObject({ code: 'question_unanswered' })
  expect([parked.size, deadlines.size]).toEqual([0, 0])
})

test('a call that is cancelled meanwhile lets go of its question', async () => {
  const { sent, signals, controller, parked, deadlines } = await silence()
  expect(parked.size).toBe(1)
  controller.abort(new AppError('cancelled', 'gone'))
  await expect(sent).rejects.toMatchObject({ code: 'cancelled' })
  expect([signals[0]?.aborted, parked.size, deadlines.size]).toEqual([true, 0, 0])
})

test('a principal with too many questions open is not asked another [questions/parked/bounded]', async () => {
  const { sent, signals } = await silence({ perPrincipal: 0 })
  await expect(sent).rejects.toMatchObject({ code: 'overloaded' })
  expect(signals).toEqual([])
})

test('a page to visit is passed to a legacy client with the id it needs', async () => {
  const page =
    '{"method":"elicitation/create","params":{"mode":"url","url":"https://a/","message":"m"}}'
  const server = modernServer(required(`"inputRequests":{"a":${page}}`), DONE)
  const person = client('"result":{"action":"accept"}')
  await openCalls(server.respond).send(legacyRequest(CALL, { ask: person.ask }))
  expect(JSON.parse(person.asked[0]?.params ?? '')).toEqual({
    mode: 'url',
    url: 'https://a/',
    message: '[files] m',
    elicitationId: expect.stringMatching(/^[\da-f-]{36}$/),
  })
})

test('-32042 of a legacy server is carried to a legacy client as it is', async () => {
  const body = '"error":{"code":-32042,"message":"go","data":{"elicitations":[{"mode":"url"}]}}'
  const { answer } = await openCalls(() => replyOf(body)).send(legacyRequest(CALL))
  expect(answer.bytes.toString()).toBe(`{"jsonrpc":"2.0","id":"c1",${body}}`)
})

test('the first question of a round that fails takes the others back and leaves no place held [questions/parked/bounded]', async () => {
  const forms = Array.from({ length: 3 }, (_, index) => `"k${index}":${FORM}`).join()
  const sample = '"s":{"method":"sampling/createMessage","params":{"messages":[]}}'
  const server = modernServer(required(`"inputRequests":{${forms},${sample}}`), DONE)
  const reasons: unknown[] = []
  const person = ({ method, signal }: ClientQuestion): Promise<Message> => {
    if (method === 'sampling/createMessage') {
      return Promise.resolve(answerOf('"error":{"code":-1,"message":"no"}'))
    }
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reasons.push(signal.reason)
        reject(AppError.from(signal.reason))
      })
    })
  }
  const { send, parked } = openCalls(server.respond)
  await expect(send(legacyRequest(CALL, { ask: person }))).rejects.toMatchObject({
    code: 'question_unanswered',
  })
  expect([reasons.length, parked.size]).toEqual([3, 0])
})

test('a call with many questions counts once among the calls that wait [questions/parked/bounded]', async () => {
  const forms = Array.from({ length: 9 }, (_, index) => `"k${index}":${FORM}`).join()
  const server = modernServer(required(`"inputRequests":{${forms}}`), DONE)
  const person = client(ACCEPTED)
  const { send, parked } = openCalls(server.respond)
  const { outcome } = await send(legacyRequest(CALL, { ask: person.ask }))
  expect([outcome, person.asked.length, parked.size]).toEqual(['ok', 9, 0])
})
