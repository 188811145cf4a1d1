import type { ServerConfig } from '@sallyport/contract/config'
import { expect, test } from 'vitest'
import { parsed, testPrincipal, testServer } from '../call/testing-call.ts'
import type { UpstreamRequest } from '../upstreams/upstream.ts'
import {
  askedOf,
  modernRequest,
  MODERN,
  openCalls,
  type OpenCallsOptions,
  replyOf,
  retryWith,
} from './testing-questions.ts'

const CALL = '"name":"files__echo","arguments":{"n":1.0}'
const FORM =
  '{"x":1.0,"method":"elicitation/create","params":{"message":"Name?","requestedSchema":{"n":1.0}}}'
const DONE = '"result":{"resultType":"complete","content":[]}'
const required = (members: string) => `"result":{"resultType":"input_required",${members}}`

/** A modern server that answers with these bodies in turn, the last one for ever. */
function open(bodies: readonly string[], options: OpenCallsOptions = {}) {
  const got: string[] = []
  const respond = (request: UpstreamRequest) => {
    got.push(request.encode(MODERN).toString())
    return replyOf(bodies[Math.min(got.length, bodies.length) - 1] ?? '', MODERN)
  }
  return { got, ...openCalls(respond, options) }
}

const STATE = '"their \\"st\\u0061te\\" \\u2028€"'

test("a server's state comes back to it as it was, and its client never sees it [questions/state/server]", async () => {
  const { send, got } = open([
    required(`"inputRequests":{"k":${FORM}},"x":[1 , 2.0],"requestState":${STATE}`),
    DONE,
  ])
  const first = await send(modernRequest(CALL, { id: '7' }))
  const { requestState } = askedOf(first)
  expect(first.answer.bytes.toString()).toBe(
    `{"jsonrpc":"2.0","id":7,${required(`"inputRequests":{"k":${FORM.replace('Name?', '[files] Name?')}},"x":[1 , 2.0],"requestState":"${requestState}"`)}}`,
  )
  const responses = '{"k":{"action":"accept","content":{"n":1.0}},"extra":{"a" : 1}}'
  const second = await send(
    modernRequest(`${CALL},"inputResponses":${responses}${retryWith(requestState)}`),
  )
  expect(second.answer.bytes.toString()).toBe(`{"jsonrpc":"2.0","id":"c1",${DONE}}`)
  expect(got[0]).not.toMatch(/inputResponses|requestState/)
  expect(got[1]).toContain(
    '"inputResponses":{"k":{"action":"accept","content":{"n":1.0}},"extra":{"a" : 1}}',
  )
  expect(got[1]).toContain(`"requestState":${JSON.stringify(JSON.parse(STATE))}`)
  expect(got[1]).not.toContain(requestState)
})

test("under a server's own address its questions pass byte for byte [questions/who-asks]", async () => {
  const { send } = open([required(`"inputRequests":{ "k" : ${FORM} }`)])
  const { answer } = await send(modernRequest('"name":"echo"', { scope: 'files' }))
  expect(answer.bytes.toString()).toBe(
    `{"jsonrpc":"2.0","id":"c1",${required(`"inputRequests":{ "k" : ${FORM} }`)}}`,
  )
})

test("a server's state is good once, and for its principal and request alone [questions/state/bound] [questions/state/once]", async () => {
  const { send, got } = open([required(`"requestState":${STATE}`), DONE])
  const { requestState } = askedOf(await send(modernRequest(CALL)))
  const retry = retryWith(requestState, {})
  const wrong = [
    modernRequest(CALL + retry, { principal: testPrincipal('bob') }),
    modernRequest(CALL.replace('1.0', '2') + retry),
    modernRequest(CALL + retryWith(JSON.parse(STATE))),
    modernRequest(CALL + retry),
    modernRequest(CALL + retry),
  ]
  const codes: unknown[] = []
  for (const request of wrong) {
    codes.push(parsed((await send(request)).answer.bytes).error?.code)
  }
  expect([codes, got.length]).toEqual([[-32602, -32602, -32602, undefined, -32602], 2])
})

test('a server without a state gets the answers alone', async () => {
  const { send, got } = open([required(`"inputRequests":{"k":${FORM}}`), DONE])
  const { requestState } = askedOf(await send(modernRequest(CALL)))
  expect(requestState).toBe(undefined)
  await send(modernRequest(`${CALL},"inputResponses":{"k":{"n":1.0}}`))
  expect(got[1]).toContain('"inputResponses":{"k":{"n":1.0}}')
  expect(got[1]).not.toContain('requestState')
})

test('a retry survives a restart between the rounds', async () => {
  const before = open([required(`"inputRequests":{"k":${FORM}},"requestState":${STATE}`)])
  const { requestState } = askedOf(await before.send(modernRequest(CALL)))
  const after = open([DONE])
  await after.send(modernRequest(CALL + retryWith(requestState, { k: {} })))
  expect(after.got[0]).toContain(`"requestState":${JSON.stringify(JSON.parse(STATE))}`)
})

test.each([
  ['{"elicitation":{"url":{}}}', { elicitation: { form: {} } }],
  ['{}', { elicitation: { form: {} } }],
])(
  'a server asks what a client with %s did not declare: it is told so [questions/capability]',
  async (capabilities, requiredCapabilities) => {
    const { send } = open([required(`"inputRequests":{"k":${FORM}}`)])
    const { answer, outcome } = await send(modernRequest(CALL, { capabilities }))
    expect([answer.status, outcome]).toEqual([400, 'refused'])
    expect(parsed(answer.bytes).error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities },
    })
  },
)

test('a server is told what its client declared, but roots only where they are let through [questions/roots]', async () => {
  const declared = '{"elicitation":{ },"roots":{},"extensions":{"a/b":{"n":1.0}}}'
  const told = async (roots: ServerConfig['roots'], expected: string) => {
    const { send, got } = open([DONE], { views: { servers: [testServer('files', { roots })] } })
    await send(modernRequest(CALL, { capabilities: declared }))
    expect(got[0]).toContain(`"io.modelcontextprotocol/clientCapabilities":${expected}},"name"`)
  }
  await told('client', declared)
  await told('none', '{"elicitation":{ },"extensions":{"a/b":{"n":1.0}}}')
  await told(['file:///a'], '{"elicitation":{ },"extensions":{"a/b":{"n":1.0}},"roots":{}}')
})

const LISTED: OpenCallsOptions = {
  views: { servers: [testServer('files', { roots: ['file:///a'] })] },
}
const ROOTS = '{"method":"roots/list"}'

test('roots that the operator listed are answered without the client [questions/roots]', async () => {
  const { send, got } = open(
    [required(`"inputRequests":{"r":${ROOTS}},"requestState":"s"`), DONE],
    LISTED,
  )
  const { answer } = await send(modernRequest(CALL, { capabilities: '{}' }))
  expect(parsed(answer.bytes).result).toEqual({ resultType: 'complete', content: [] })
  expect(got[1]).toContain(
    '"inputResponses":{"r":{"roots":[{"uri":"file:///a"}]}},"requestState":"s"',
  )
})

test('of several questions the client gets those that are its own [questions/roots]', async () => {
  const { send, got } = open([required(`"inputRequests":{"r":${ROOTS},"k":${FORM}}`), DONE], LISTED)
  const { inputRequests, requestState } = askedOf(await send(modernRequest(CALL)))
  expect(Object.keys(inputRequests)).toEqual(['k'])
  // What the gateway answers, a client cannot.
  const forged = { r: { roots: [{ uri: 'file:///' }] }, k: { action: 'accept' } }
  await send(modernRequest(CALL + retryWith(requestState, forged)))
  expect(got[1]).toContain(
    '"inputResponses":{"r":{"roots":[{"uri":"file:///a"}]},"k":{"action":"accept"}}',
  )
})

test('a server that asks for nothing but roots, for ever, is cut off [questions/rounds]', async () => {
  const { send, got } = open([required(`"inputRequests":{"r":${ROOTS}}`)], LISTED)
  await expect(send(modernRequest(CALL))).rejects.toMatchObject({ code: 'server_protocol' })
  expect(got).toHaveLength(33)
})

test.each(['completion/complete', 'tasks/get', 'acme/do'])(
  '%s cannot be answered with a demand for input [questions/methods]',
  async (method) => {
    const { send, taskIds } = open([required(`"inputRequests":{"k":${FORM}}`)], {
      views: { resources: { 'a:b': ['files', 'a:b'] } },
    })
    const taskId = taskIds.show({ server: 'files', taskId: 't' }, 'key:alice')
    const params = `"ref":{"type":"ref/resource","uri":"a:b"},"taskId":"${taskId}"`
    const scope = method === 'acme/do' ? 'files' : ''
    await expect(send(modernRequest(params, { method, scope }))).rejects.toMatchObject({
      code: 'server_protocol',
      outcome: 'unknown',
    })
  },
)

test.each([
  ['prompts/get', '"name":"files__p"'],
  ['resources/read', '"uri":"a:b"'],
])('%s may be answered with a demand for input [questions/methods]', async (method, params) => {
  const { send, got } = open([required(`"inputRequests":{"k":${FORM}},"requestState":"s"`), DONE], {
    views: { resources: { 'a:b': ['files', 'own:b'] } },
  })
  const { requestState } = askedOf(await send(modernRequest(params, { method })))
  await send(modernRequest(params + retryWith(requestState, { k: {} }), { method }))
  expect(got[1]).toContain('"requestState":"s"')
})

test.each([required('"x":1'), required('"inputRequests":{"k":7}')])(
  'a demand for input that asks nothing is a broken protocol: %s [questions/malformed]',
  async (body) => {
    await expect(open([body]).send(modernRequest(CALL))).rejects.toMatchObject({
      code: 'server_protocol',
    })
  },
)
