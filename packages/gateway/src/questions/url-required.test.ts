import { expect, test } from 'vitest'
import { parsed } from '../call/testing-call.ts'
import {
  askedOf,
  LEGACY,
  modernRequest,
  openCalls,
  replyOf,
  retryWith,
} from './testing-questions.ts'

const CALL = '"name":"files__echo","arguments":{"n":1.0}'
const REQUIRED = (elicitations: string) =>
  `"error":{"code":-32042,"message":"go","data":{"elicitations":${elicitations}}}`
const PAGE =
  '{"mode":"url","elicitationId":"e1","url":"https://a.example/x?y=%20","message":"Sign in"}'

test('a page that a legacy server wants visited is a question, and the retry the same call once more [questions/url-required]', async () => {
  const bodies = [REQUIRED(`[${PAGE}]`), '"result":{"content":[]}']
  const sent: string[] = []
  const { send } = openCalls((request) => {
    sent.push(request.encode(LEGACY).toString())
    return replyOf(bodies[sent.length - 1] ?? '')
  })
  const asked = askedOf(await send(modernRequest(CALL)))
  expect(asked.inputRequests).toEqual({
    q1: {
      method: 'elicitation/create',
      params: { mode: 'url', url: 'https://a.example/x?y=%20', message: '[files] Sign in' },
    },
  })
  const { answer } = await send(
    modernRequest(CALL + retryWith(asked.requestState, { q1: { action: 'accept' } })),
  )
  expect(parsed(answer.bytes).result).toEqual({ resultType: 'complete', content: [] })
  expect(sent[1]).toBe(sent[0])
})

test.each([
  ['names no page', 'tools/call', REQUIRED('[]')],
  ['lists none', 'tools/call', REQUIRED('{}')],
  ['says nothing more', 'tools/call', '"error":{"code":-32042,"message":"go"}'],
  ['answers a method that may not ask', 'completion/complete', REQUIRED(`[${PAGE}]`)],
])(
  '-32042 that %s is a broken protocol, never an answer of the modern era [questions/url-required]',
  async (_case, method, body) => {
    const { send } = openCalls(() => replyOf(body), {
      views: { resources: { 'a:b': ['files', 'a:b'] } },
    })
    const params = `${CALL},"ref":{"type":"ref/resource","uri":"a:b"}`
    await expect(send(modernRequest(params, { method }))).rejects.toMatchObject({
      code: 'server_protocol',
      outcome: 'unknown',
    })
  },
)

test('a client that visits no pages is told what is missing [questions/url-required] [questions/capability]', async () => {
  const { send } = openCalls(() => replyOf(REQUIRED(`[${PAGE}]`)))
  const { answer } = await send(modernRequest(CALL, { capabilities: '{"elicitation":{}}' }))
  expect([answer.status, parsed(answer.bytes).error]).toEqual([
    400,
    {
      code: -32021,
      message: 'Missing required client capabilities: elicitation',
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    },
  ])
})
