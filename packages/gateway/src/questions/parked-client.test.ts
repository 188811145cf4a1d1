import { CallController } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import { expect, test } from 'vitest'
import type { CallResult } from '../call/call.ts'
import { parsed, testPrincipal, testReply, testServer } from '../call/testing-call.ts'
import type { UpstreamReply, UpstreamRequest } from '../upstreams/upstream.ts'
import {
  ask,
  askedOf,
  LEGACY,
  modernRequest,
  type ModernOptions,
  openCalls,
  type OpenCallsOptions,
  questionMessage,
  replyOf,
  retryWith,
} from './testing-questions.ts'

const CALL = '"name":"files__echo","arguments":{"n":1.0}'
const FORM = questionMessage(
  'elicitation/create',
  '{"message":"Name?","requestedSchema":{"n":1.0}}',
)
const YES = { action: 'accept', content: { name: 'x' } }

type Serve = (
  request: UpstreamRequest,
  asking: (params?: string) => Promise<unknown>,
) => Promise<string> | string

/** A legacy server, and a modern client that calls it, comes back, and comes back again. */
function openServer(serve: Serve, options: OpenCallsOptions = {}) {
  const told: unknown[] = []
  const ended: unknown[] = []
  const answered: string[] = []
  const respond = async (request: UpstreamRequest): Promise<UpstreamReply> => {
    request.encode(LEGACY)
    request.signal.addEventListener('abort', () => ended.push(request.signal.reason), {
      once: true,
    })
    const asking = async (params?: string): Promise<unknown> => {
      const question = params === undefined ? FORM : questionMessage('elicitation/create', params)
      const { kind, text } = await ask(request, question)
      const answer: unknown = { [kind]: JSON.parse(text.toString()) }
      told.push(answer)
      return answer
    }
    const body = await serve(request, asking)
    answered.push(body)
    return replyOf(body)
  }
  const held = openCalls(respond, options)
  const call = (more = '', options: ModernOptions = {}): Promise<CallResult> =>
    held.send(modernRequest(CALL + more, options))
  return { ...held, call, told, ended, answered }
}

const once: Serve = async (_request, asking) => {
  await asking()
  return '"result":{"content":[]}'
}

const errorOf = ({ answer }: CallResult) => [answer.status, parsed(answer.bytes).error?.code]
const turn = () => new Promise(setImmediate)

test('a question of a legacy server parks its call, and the retry of its client goes on with it [questions/modern-client]', async () => {
  const { call, told, upstreams, parked, deadlines } = openServer(once)
  const first = await call()
  expect([first.outcome, first.code, parked.size]).toEqual(['ok', 'input_required', 1])
  const { inputRequests, requestState } = askedOf(first)
  expect(parsed(first.answer.bytes).id).toBe('c1')
  expect(inputRequests).toEqual({
    q1: {
      method: 'elicitation/create',
      params: { message: '[files] Name?', requestedSchema: { n: 1 } },
    },
  })
  expect(first.answer.bytes.toString()).toContain('"requestedSchema":{"n":1.0}')
  const second = await call(retryWith(requestState, { q1: YES }), { id: '"c2"' })
  expect(second.answer.bytes.toString()).toBe(
    '{"jsonrpc":"2.0","id":"c2","result":{"resultType":"complete","content":[]}}',
  )
  // It was one call for the server, and nothing of it is left.
  expect([told, upstreams.calls.length, parked.size, deadlines.size]).toEqual([
    [{ result: YES }],
    ...[1, 0, 0],
  ])
})

test('a state is good for one retry, however fast the second comes [questions/state/once]', async () => {
  const { call, upstreams } = openServer(once)
  const { requestState } = askedOf(await call())
  const retries = await Promise.all([
    call(retryWith(requestState, { q1: YES })),
    call(retryWith(requestState, { q1: YES })),
  ])
  expect(retries.map(errorOf)).toEqual([
    [200, undefined],
    [200, -32602],
  ])
  expect(upstreams.calls).toHaveLength(1)
})

test.each<[string, string, ModernOptions]>([
  ['of another principal', CALL, { principal: testPrincipal('bob') }],
  ['for another tool', CALL.replace('echo', 'rm'), {}],
  ['with other arguments', CALL.replace('1.0', '2'), {}],
  ['under another address', CALL, { scope: 'endpoint/e' }],
])(
  'a retry %s resumes nothing, asks no server and does not use the state up [questions/state/bound]',
  async (_case, params, options) => {
    const { call, send, upstreams, told } = openServer(once)
    const { requestState } = askedOf(await call())
    const stolen = await send(modernRequest(params + retryWith(requestState, { q1: YES }), options))
    expect(parsed(stolen.answer.bytes).error).toEqual({
      code: -32602,
      message: 'Invalid or expired requestState',
    })
    expect([upstreams.calls.length, told]).toEqual([1, []])
    expect(errorOf(await call(retryWith(requestState, { q1: YES })))).toEqual([200, undefined])
  },
)

test.each(['7', '{}', '[]', '""', '"x"', 'true'])(
  'a state %s is refused, and no server is asked [questions/state/tampered]',
  async (state) => {
    const { call, upstreams } = openServer(once)
    expect(errorOf(await call(`,"requestState":${state}`))).toEqual([200, -32602])
    expect(upstreams.calls).toEqual([])
  },
)

test('who comes back too late finds the call ended, at the server too [questions/parked/expires]', async () => {
  const { call, pass, ended, parked } = openServer(once, { timeoutMs: 10_000 })
  const { requestState } = askedOf(await call())
  pass(10_050)
  expect(ended).toMatchObject([{ code: 'question_unanswered' }])
  expect(errorOf(await call(retryWith(requestState, { q1: YES })))).toEqual([200, -32602])
  expect(parked.size).toBe(0)
})

test("the call's own time does not run while it is parked, and starts anew with the retry [questions/deadline]", async () => {
  const hanging: Serve = async (_request, asking) => {
    await asking()
    return new Promise(() => undefined)
  }
  const { call, pass, ended, deadlines } = openServer(hanging, { callMs: 1_000 })
  const { requestState } = askedOf(await call())
  pass(5_000)
  expect(ended).toEqual([])
  const retry = call(retryWith(requestState, { q1: YES }))
  await turn()
  pass(999)
  expect(ended).toEqual([])
  pass(51)
  expect(ended).toMatchObject([{ code: 'deadline_exceeded' }])
  void retry.catch(() => undefined)
  expect(deadlines.size).toBe(0)
})

test('a stop and a revoked key end parked calls at the server [questions/parked/ended]', async () => {
  const { call, parked, ended } = openServer(once)
  const { requestState } = askedOf(await call())
  parked.endPrincipal('key:alice')
  expect(ended).toMatchObject([{ code: 'credential_invalid' }])
  expect(errorOf(await call(retryWith(requestState, { q1: YES })))).toEqual([200, -32602])
  askedOf(await call())
  parked[Symbol.dispose]()
  expect(ended).toMatchObject([{}, { code: 'shutting_down' }])
})

test('one call too many that asks is refused, and ended at the server [questions/parked/bounded]', async () => {
  const { call, ended, parked } = openServer(once, { perPrincipal: 2 })
  askedOf(await call())
  askedOf(await call())
  await expect(call()).rejects.toMatchObject({ code: 'overloaded', outcome: 'unknown' })
  expect([ended.length, parked.size]).toEqual([1, 2])
  askedOf(await call('', { principal: testPrincipal('bob') }))
})

test('what a server asks at once is one round, and answers may come in several [questions/rounds/partial]', async () => {
  const { call, told } = openServer(async (_request, asking) => {
    const answers = await Promise.all([asking('{"message":"1"}'), asking('{"message":"2"}')])
    return `"result":{"answers":${JSON.stringify(answers)}}`
  })
  const first = askedOf(await call())
  expect(Object.keys(first.inputRequests)).toEqual(['q1', 'q2'])
  const second = askedOf(await call(retryWith(first.requestState, { q2: YES, other: YES })))
  expect(Object.keys(second.inputRequests)).toEqual(['q1'])
  expect(second.requestState).not.toBe(first.requestState)
  const no = { action: 'decline' }
  // An answer that was taken stays as it is.
  const last = await call(retryWith(second.requestState, { q1: no, q2: no }))
  expect(parsed(last.answer.bytes).result?.['answers']).toEqual([{ result: no }, { result: YES }])
  expect(told).toEqual([{ result: YES }, { result: no }])
})

test.each([undefined, {}, { q1: 'yes' }, { q1: null }, { q1: [YES] }, { other: YES }])(
  'a retry with the answers %j answers nothing, and is asked again [questions/rounds/partial]',
  async (responses) => {
    const { call, told, upstreams } = openServer(once)
    const { requestState } = askedOf(await call())
    const again = askedOf(await call(retryWith(requestState, responses)))
    expect([Object.keys(again.inputRequests), told]).toEqual([['q1'], []])
    expect(errorOf(await call(retryWith(again.requestState, { q1: YES })))).toEqual([
      200,
      undefined,
    ])
    expect(upstreams.calls).toHaveLength(1)
  },
)

test('a server may ask again once it was answered', async () => {
  const { call, told } = openServer(async (_request, asking) => {
    await asking('{"message":"1"}')
    await asking('{"message":"2"}')
    return '"result":{}'
  })
  const first = askedOf(await call())
  const second = askedOf(await call(retryWith(first.requestState, { q1: YES })))
  expect(second.inputRequests).toMatchObject({ q2: { params: { message: '[files] 2' } } })
  await call(retryWith(second.requestState, { q2: { action: 'cancel' } }))
  expect(told).toEqual([{ result: YES }, { result: { action: 'cancel' } }])
})

test.each([
  ['answers', '"result":{"content":[]}', [200, undefined]],
  ['fails', '"error":{"code":-32603,"message":"no"}', [200, -32603]],
] as const)(
  'a server that %s without waiting has its reply kept for the retry',
  async (_case, body, expected) => {
    const reply = Promise.withResolvers<string>()
    const { call, parked } = openServer((_request, asking) => {
      void asking().catch(() => undefined)
      return reply.promise
    })
    const { requestState } = askedOf(await call())
    reply.resolve(body)
    await turn()
    expect(errorOf(await call(retryWith(requestState)))).toEqual(expected)
    expect(parked.size).toBe(0)
  },
)

test('a server that is lost while its call is parked fails the retry', async () => {
  const lost = Promise.withResolvers<string>()
  const { call, parked } = openServer((_request, asking) => {
    void asking().catch(() => undefined)
    return lost.promise
  })
  const { requestState } = askedOf(await call())
  lost.reject(new AppError('server_lost', 'gone'))
  await turn()
  await expect(call(retryWith(requestState, { q1: YES }))).rejects.toMatchObject({
    code: 'server_lost',
    outcome: 'unknown',
  })
  expect(parked.size).toBe(0)
})

test('a client that leaves during its retry ends the call at the server [questions/parked/ended]', async () => {
  const { call, send, ended, parked } = openServer(async (_request, asking) => {
    await asking()
    return new Promise(() => undefined)
  })
  const { requestState } = askedOf(await call())
  const controller = new CallController()
  const retry = send({ ...modernRequest(CALL + retryWith(requestState, { q1: YES })), controller })
  void retry.catch(() => undefined)
  await turn()
  controller.abort(new AppError('cancelled', 'gone'))
  expect(ended).toMatchObject([{ code: 'cancelled' }])
  expect(parked.size).toBe(0)
})

test('a client that left before its retry was begun ends the call at the server', async () => {
  const { call, send, ended } = openServer(once)
  const { requestState } = askedOf(await call())
  const controller = new CallController()
  controller.abort(new AppError('cancelled', 'gone'))
  const retry = send({ ...modernRequest(CALL + retryWith(requestState, { q1: YES })), controller })
  await expect(retry).rejects.toMatchObject({ code: 'cancelled' })
  expect(ended).toMatchObject([{ code: 'cancelled' }])
})

test('a call whose client left in the moment of the question is not parked [questions/parked/ended]', async () => {
  const controller = new CallController()
  const { send, parked } = openServer(async (_request, asking) => {
    await turn()
    controller.abort(new AppError('cancelled', 'gone'))
    void asking().catch(() => undefined)
    return await new Promise<string>(() => undefined)
  })
  const sent = send({ ...modernRequest(CALL), controller })
  await expect(sent).rejects.toMatchObject({ code: 'cancelled', outcome: 'unknown' })
  expect(parked.size).toBe(0)
})

test('what a server tells while its call is parked goes nowhere, then to the retry under its own token [questions/parked/quiet]', async () => {
  const progress = (token: string) =>
    `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token}}}`
  let request: UpstreamRequest | undefined
  const { send, told } = openServer(async (asked, asking) => {
    request = asked
    asked.onNotification?.(testReply(progress('41')))
    await asking()
    asked.onNotification?.(testReply(progress('41')))
    return '"result":{}'
  })
  const heard: string[] = []
  const hearing = (token: string, more = '') =>
    send(
      modernRequest(CALL + more, {
        meta: `,"progressToken":${token}`,
        notify: (message) => void heard.push(message.toString()),
      }),
    )
  const { requestState } = askedOf(await hearing('"first"'))
  request?.onNotification?.(testReply(progress('41')))
  expect([heard, told]).toEqual([[progress('"first"')], []])
  await hearing('"second"', retryWith(requestState, { q1: YES }))
  expect(heard).toEqual([progress('"first"'), progress('"second"')])
})

test.each([
  ['elicitation/create', '{}', { result: { action: 'decline' } }],
  ['elicitation/create', '{"elicitation":{"url":{}}}', { result: { action: 'decline' } }],
  ['acme/ask', '{"elicitation":{}}', { error: { code: -32601 } }],
] as const)(
  '%s is not put to a client that declared %s; the server is answered [questions/capability]',
  async (method, capabilities, answer) => {
    const { send } = openCalls(async (request) => {
      const { kind, text } = await ask(request, questionMessage(method))
      return replyOf(`"result":{"told":{"${kind}":${text.toString()}}}`)
    })
    const { answer: reply } = await send(modernRequest(CALL, { capabilities }))
    expect(parsed(reply.bytes).result?.['told']).toMatchObject(answer)
  },
)

test.each([
  ['sampling/createMessage', '{}', undefined, { sampling: {} }],
  ['sampling/createMessage', '{"sampling":{}}', '{"tools":[]}', { sampling: { tools: {} } }],
  ['roots/list', '{"roots":{}}', undefined, { roots: {} }],
])(
  '%s of a client that declared %s, with %j, ends the call and says what is missing [questions/capability]',
  async (...[method, capabilities, params, requiredCapabilities]) => {
    const told: unknown[] = []
    const { send, parked, upstreams } = openCalls(async (request) => {
      const { kind, text } = await ask(request, questionMessage(method, params))
      told.push({ [kind]: JSON.parse(text.toString()) })
      return await new Promise<UpstreamReply>(() => undefined)
    })
    const { answer } = await send(modernRequest(CALL, { capabilities }))
    expect([answer.status, parsed(answer.bytes).error]).toMatchObject([
      400,
      { code: -32021, data: { requiredCapabilities } },
    ])
    expect(upstreams.calls[0]?.request.signal.reason).toMatchObject({ code: 'cancelled' })
    expect([parked.size, told]).toMatchObject([0, [{ error: { code: -32601 } }]])
  },
)

test.each(['roots/list', 'sampling/createMessage'])(
  'a client that can is asked %s, where roots are let through [questions/roots]',
  async (method) => {
    const servers = [testServer('files', { roots: 'client' })]
    const { send } = openCalls(
      async (request) => {
        const { text } = await ask(request, questionMessage(method))
        return replyOf(`"result":{"told":${text.toString()}}`)
      },
      { views: { servers } },
    )
    const asked = askedOf(await send(modernRequest(CALL)))
    expect(asked.inputRequests).toEqual({ q1: { method } })
    const { answer } = await send(
      modernRequest(CALL + retryWith(asked.requestState, { q1: { x: 1 } })),
    )
    expect(parsed(answer.bytes).result?.['told']).toEqual({ x: 1 })
  },
)

test("under a server's own address the words are the server's [questions/who-asks]", async () => {
  const { send } = openServer(once)
  const { inputRequests } = askedOf(await send(modernRequest('"name":"echo"', { scope: 'files' })))
  expect(inputRequests).toMatchObject({ q1: { params: { message: 'Name?' } } })
})

test('what only retries have never reaches a legacy server', async () => {
  const sent: string[] = []
  const { send } = openCalls((request) => {
    sent.push(request.encode(LEGACY).toString())
    return replyOf('"result":{}')
  })
  await send(modernRequest(`${CALL},"inputResponses":{"q1":{}},"requestState":null,"x":1.0`))
  expect(sent[0]).toContain('"params":{"_meta":{},"name":"echo","arguments":{"n":1.0},"x":1.0}')
})

test('a parked call that ends at its server tells whoever still waits for its answer, without its client [questions/parked/ended]', async () => {
  let refused: unknown
  const { call, parked } = openServer((_request, asking) => {
    void asking().catch((thrown: unknown) => {
      refused = thrown
    })
    return new Promise((resolve) => setTimeout(() => resolve('"result":{"content":[]}'), 20))
  })
  const first = await call()
  expect([Object.keys(askedOf(first).inputRequests), parked.size]).toEqual([['q1'], 1])
  await expect.poll(() => refused).toMatchObject({ code: 'question_unanswered' })
  const reply = await call(retryWith(askedOf(first).requestState, { q1: YES }))
  expect(parsed(reply.answer.bytes).result).toMatchObject({ content: [] })
})

test('a question is only chosen for a call whose client can be asked it [questions/capability]', async () => {
  const sample = questionMessage('sampling/createMessage', '{"messages":[]}')
  const answers: unknown[] = []
  const { send } = openCalls((request) => {
    answers.push([request.canAnswer?.(sample), request.canAnswer?.(FORM)])
    return replyOf('"result":{"content":[]}')
  })
  await send(modernRequest(CALL, { capabilities: '{"elicitation":{}}' }))
  await send(modernRequest(CALL, { capabilities: '{"sampling":{}}' }))
  expect(answers).toEqual([
    [false, true],
    [true, false],
  ])
})
