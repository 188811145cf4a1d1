import { AppError, type ErrorCode, ERRORS } from '@sallyport/kit/errors'
import { encodeFailure, META_ERROR, wholeAnswer } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { encodeRefusal, encodeReply } from './encode-answer.ts'
import { parsed, testExchange, testReply } from './testing-call.ts'

const HUGE =
  '{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"name":"a"}}'

function reply(text: string, era: 'legacy' | 'modern', request?: string): string {
  return encodeReply(testExchange(request, { era }), testReply(text)).answer.bytes.toString()
}

const DECLARED = (extension: string) =>
  `{"jsonrpc":"2.0","id":"c1","method":"tools/call","params":{"name":"a","_meta":{"io.modelcontextprotocol/clientCapabilities":{"extensions":{"${extension}":{}}}}}}`

test.each([
  ['"input_required"', 'legacy', undefined],
  ['"task"', 'legacy', undefined],
  ['"task"', 'modern', undefined],
  ['"task"', 'modern', DECLARED('acme/other')],
  ['"acme"', 'modern', undefined],
  ['"acme"', 'modern', DECLARED('io.modelcontextprotocol/tasks')],
  ['""', 'modern', DECLARED('acme/other')],
  ['7', 'modern', DECLARED('acme/other')],
] as const)(
  'an answer of type %s does not reach a %s client that cannot know it [calls/result-type]',
  (type, era, request) => {
    const text = `{"jsonrpc":"2.0","id":7,"result":{"resultType":${type}}}`
    const encode = () => encodeReply(testExchange(request, { era }), testReply(text))
    // The server has seen the call: whether it acted nobody knows, so a repeat is not offered.
    expect(encode).toThrow(expect.objectContaining({ code: 'server_protocol', outcome: 'unknown' }))
  },
)

test.each([
  ['"task"', 'io.modelcontextprotocol/tasks'],
  ['"acme"', 'acme/other'],
])(
  'an answer of type %s reaches a client that declared %s [calls/result-type]',
  (type, extension) => {
    const result = `{"resultType":${type},"x":1.0}`
    expect(
      reply(`{"jsonrpc":"2.0","id":7,"result":${result}}`, 'modern', DECLARED(extension)),
    ).toBe(`{"jsonrpc":"2.0","id":"c1","result":${result}}`)
  },
)

test.each([
  ['no members', '{}', '{"resultType":"complete"}'],
  ['only white space', '{ \n}', '{"resultType":"complete" \n}'],
  ['members', '{"content":[]}', '{"resultType":"complete","content":[]}'],
  ['leading white space', '{\t\r\n "a":1}', '{"resultType":"complete",\t\r\n "a":1}'],
  ['a type already', '{"a":1,"resultType":"complete"}', '{"a":1,"resultType":"complete"}'],
  ['no object at all', '[1 , 2]', '[1 , 2]'],
])('a modern client gets one resultType where the result has %s', (_case, result, expected) => {
  expect(reply(`{"jsonrpc":"2.0","id":7,"result":${result}}`, 'modern')).toBe(
    `{"jsonrpc":"2.0","id":"c1","result":${expected}}`,
  )
})

test.each(['{}', '{"resultType":"complete","content":[]}', 'null', '"text"'])(
  'a legacy client gets the result %s as it came [wire/bytes/answer]',
  (result) => {
    expect(reply(`{"jsonrpc":"2.0","id":7,"result":${result}}`, 'legacy')).toBe(
      `{"jsonrpc":"2.0","id":"c1","result":${result}}`,
    )
  },
)

test('the id may come last, and a number beyond doubles keeps its digits [wire/bytes/answer]', () => {
  expect(reply('{"result":{"n":1.0e+30},"jsonrpc":"2.0","id":7}', 'modern', HUGE)).toBe(
    '{"result":{"resultType":"complete","n":1.0e+30},"jsonrpc":"2.0","id":12345678901234567890}',
  )
})

test.each([
  ['an id', '{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no","data":{"x":[1 ,2]}}}'],
  [
    'a null id',
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"no","data":{"x":[1 ,2]}}}',
  ],
  ['no id', '{"jsonrpc":"2.0","error":{"code":-32602,"message":"no","data":{"x":[1 ,2]}}}'],
])("a server's error with %s is answered under the client's id", (_case, text) => {
  const { answer, outcome, code } = encodeReply(testExchange(), testReply(text))
  const error = { code: -32602, message: 'no', data: { x: [1, 2] } }
  expect(parsed(answer.bytes)).toEqual({ jsonrpc: '2.0', id: 'c1', error })
  expect(answer.bytes.toString()).toContain('"data":{"x":[1 ,2]}')
  expect({ outcome, code, status: answer.status }).toEqual({
    outcome: 'rpc_error',
    code: '-32602',
    status: 200,
  })
})

test.each([
  ['no code', '{"message":"no"}', null],
  ['an endless code', `{"code":${'9'.repeat(400)}}`, '9'.repeat(20)],
])('an error with %s is recorded within bounds', (_case, error, expected) => {
  const { code } = encodeReply(
    testExchange(),
    testReply(`{"jsonrpc":"2.0","id":7,"error":${error}}`),
  )
  expect(code).toBe(expected)
})

test.each(['legacy', 'modern'] as const)('a large answer reaches a %s client whole', (era) => {
  const content = '€'.repeat(400_000)
  const text = `{"jsonrpc":"2.0","result":{"content":"${content}"},"id":7}`
  const { answer, outcome } = encodeReply(testExchange(HUGE, { era }), testReply(text))
  expect(answer.more?.length).toBeGreaterThan(0)
  const type = era === 'modern' ? '"resultType":"complete",' : ''
  expect(wholeAnswer(answer).toString()).toBe(
    `{"jsonrpc":"2.0","result":{${type}"content":"${content}"},"id":12345678901234567890}`,
  )
  expect(outcome).toBe('ok')
})

const READ = '{"jsonrpc":"2.0","id":"c1","method":"resources/read","params":{"uri":"a:b"}}'

test.each([
  ['{}', '{"resultType":"complete","ttlMs":0,"cacheScope":"private"}'],
  ['{"ttlMs":5}', '{"resultType":"complete","cacheScope":"private","ttlMs":5}'],
  [
    '{"resultType":"complete","ttlMs":9,"cacheScope":"public"}',
    '{"resultType":"complete","ttlMs":9,"cacheScope":"public"}',
  ],
])('what is read of %s says whether it may be kept [calls/cache]', (result, expected) => {
  expect(reply(`{"jsonrpc":"2.0","id":7,"result":${result}}`, 'modern', READ)).toBe(
    `{"jsonrpc":"2.0","id":"c1","result":${expected}}`,
  )
})

const NO_CODE = '{"message":"no"}'
test.each([
  ['modern', READ, '{"code":-32002,"message":"no"}', '-32602', 200],
  ['legacy', READ, '{"code":-32002,"message":"no"}', '-32002', 200],
  ['legacy', READ, '{"code":-32602,"message":"no","data":{"uri":"a:b"}}', '-32002', 200],
  ['legacy', READ, '{"code":-32602,"message":"no"}', '-32602', 200],
  ['legacy', undefined, '{"code":-32602,"data":{"uri":"a:b"}}', '-32602', 200],
  ['modern', undefined, '{"code":-32601,"message":"no"}', '-32601', 404],
  ['legacy', undefined, '{"code":-32601,"message":"no"}', '-32601', 200],
  ['modern', undefined, '{"code":-32021,"message":"no"}', '-32021', 400],
  ['modern', undefined, NO_CODE, null, 200],
] as const)(
  'a %s client gets the code and status that its era has for it: %#',
  (...[era, request, error, code, status]) => {
    const text = `{"jsonrpc":"2.0","id":7,"error":${error}}`
    const encoded = encodeReply(testExchange(request, { era }), testReply(text))
    expect([encoded.code, encoded.answer.status]).toEqual([code, status])
    expect(parsed(encoded.answer.bytes)).toEqual({
      jsonrpc: '2.0',
      id: 'c1',
      error: { ...JSON.parse(error), ...(code === null ? {} : { code: Number(code) }) },
    })
  },
)

test('names are shown in their places, whatever else changes', () => {
  const text = '{"jsonrpc":"2.0","result":{"b":"own","a":[1 , 2]},"id":7}'
  const place = { start: text.indexOf('"own"'), end: text.indexOf('"own"') + 5 }
  const exchange = testExchange(undefined, { era: 'modern' })
  const { answer } = encodeReply(exchange, testReply(text), [{ ...place, text: '"shown"' }])
  expect(answer.bytes.toString()).toBe(
    '{"jsonrpc":"2.0","result":{"resultType":"complete","b":"shown","a":[1 , 2]},"id":"c1"}',
  )
})

test("a tool's own error is an answer, recorded as such", () => {
  const text = (isError: string) =>
    `{"jsonrpc":"2.0","id":7,"result":{"content":[],"isError":${isError}}}`
  const outcomeOf = (isError: string) =>
    encodeReply(testExchange(), testReply(text(isError))).outcome
  expect(['true', 'false', '"true"'].map(outcomeOf)).toEqual(['tool_error', 'ok', 'ok'])
})

test("a caller's mistake keeps its protocol code [wire/error/protocol]", () => {
  const { answer, ...recorded } = encodeRefusal(testExchange(), -32602, 'Unknown tool: "x"')
  expect(parsed(answer.bytes).error).toEqual({ code: -32602, message: 'Unknown tool: "x"' })
  expect([answer.status, recorded]).toEqual([200, { outcome: 'refused', code: '-32602' }])
  expect(encodeRefusal(testExchange(), -32020, 'no', { status: 400 }).answer.status).toBe(400)
})

const LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'

test.each(['store_unwritable', 'overloaded'] as const)(
  '%s is HTTP 503 for every method, with a time to retry [wire/error/retry-later]',
  (code) => {
    for (const request of [undefined, LIST]) {
      const answer = encodeFailure(testExchange(request), new AppError(code, 'inner'))
      expect([answer.status, answer.retryAfterMs]).toEqual([503, 1_000])
      const data = { code, requestId: 'r-1', retryable: true }
      expect(parsed(answer.bytes).error).toEqual({
        code: -31000,
        message: ERRORS[code].summary,
        data,
      })
    }
    const later = new AppError(code, 'inner', { retryAfterMs: 2_500.4 })
    expect(encodeFailure(testExchange(), later).retryAfterMs).toBe(2_500.4)
  },
)

test('other failures of a list are error -31000 under HTTP 200 [wire/error/json-rpc]', () => {
  const answer = encodeFailure(testExchange(LIST), new AppError('deadline_exceeded', 'inner'))
  expect([answer.status, parsed(answer.bytes).error]).toEqual([
    200,
    {
      code: -31000,
      message: ERRORS.deadline_exceeded.summary,
      data: { code: 'deadline_exceeded', requestId: 'r-1', retryable: true },
    },
  ])
})

test('other failures of a call are a tool result with isError, in both eras [wire/error/tool-result]', () => {
  const error = new AppError('queue_full', 'inner', { outcome: 'not_sent', retryAfterMs: 12.2 })
  const expected = {
    content: [
      { type: 'text', text: 'Too many calls wait for this server; the call was not sent.' },
    ],
    isError: true,
    _meta: {
      [META_ERROR]: {
        code: 'queue_full',
        requestId: 'r-1',
        retryable: true,
        retryAfterMs: 13,
        outcome: 'not_sent',
      },
    },
  }
  const resultOf = (era: 'legacy' | 'modern') => {
    const { bytes, status } = encodeFailure(testExchange(undefined, { era }), error)
    return [status, parsed(bytes).id, parsed(bytes).result]
  }
  expect(resultOf('legacy')).toEqual([200, 'c1', expected])
  expect(resultOf('modern')).toEqual([200, 'c1', { resultType: 'complete', ...expected }])
})

test('a repeat is not offered where the server may have acted', () => {
  const lost = new AppError('server_lost', 'inner', { outcome: 'unknown' })
  const { result } = parsed(encodeFailure(testExchange(), lost).bytes)
  expect(result?.['_meta']).toMatchObject({
    [META_ERROR]: { retryable: false, outcome: 'unknown' },
  })
  expect(result?.['content']).toEqual([
    {
      type: 'text',
      text: 'The connection to the server was lost; whether the call took effect is unknown.',
    },
  ])
})

test.each(Object.keys(ERRORS) as ErrorCode[])(
  'the inner text of %s leaves only where the table says so [wire/error/inner-text]',
  (code) => {
    const inner = 'connect ECONNREFUSED /run/secret.sock'
    const error = new AppError(code, inner, { cause: new Error(inner), details: { inner } })
    for (const request of [undefined, LIST]) {
      const text = encodeFailure(testExchange(request), error).bytes.toString()
      const exposed = text.toLowerCase().includes('secret.sock')
      expect(exposed).toBe(ERRORS[code].exposeMessage)
    }
  },
)

test('a sentence of ours starts with a capital and ends once', () => {
  const contentOf = (error: AppError) =>
    parsed(encodeFailure(testExchange(), error).bytes).result?.['content']
  const text = (sentence: string) => [{ type: 'text', text: sentence }]
  expect(contentOf(new AppError('cancelled', 'the caller cancelled'))).toEqual(
    text('The caller cancelled.'),
  )
  expect(contentOf(new AppError('internal', 'x'))).toEqual(
    text('Unexpected failure; see the log of the gateway.'),
  )
})
