import { AppError } from '@sallyport/kit/errors'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { expect, test } from 'vitest'
import type { CallEntry } from '../call/call.ts'
import { TargetFinder } from '../call/target-finder.ts'
import {
  FakeUpstreams,
  FakeViews,
  parsed,
  testDeadline,
  testExchange,
  testServer,
  testTarget,
} from '../call/testing-call.ts'
import type { Target } from '../routing/target.ts'
import type { UpstreamRequest, Wire } from '../upstreams/upstream.ts'
import {
  answerOf,
  ask,
  askedOf,
  LEGACY,
  legacyRequest,
  MODERN,
  modernRequest,
  openCalls,
  questionMessage,
  replyOf,
  retryWith,
  testTaskIds,
} from './testing-questions.ts'

const CALL = '"name":"files__echo","arguments":{"n":1.0}'
const FORM =
  '{"method":"elicitation/create","params":{"message":"Name?","requestedSchema":{"n":1.0}}}'
const DONE = '"result":{"resultType":"complete","content":[]}'
const required = (members: string) => `"result":{"resultType":"input_required",${members}}`
const LINK =
  '"error":{"code":-32042,"message":"visit","data":{"elicitations":[{"mode":"url","url":"https://x.example","message":"m","elicitationId":"e"}]}}'

/** A group whose member `b` answers with these bodies in turn; what each request was pinned to. */
function open(bodies: readonly string[], wire: Wire = MODERN) {
  const pinned: (string | undefined)[] = []
  const respond = (request: UpstreamRequest) => {
    request.encode(wire)
    pinned.push(request.member)
    const body = bodies[Math.min(pinned.length, bodies.length) - 1] ?? ''
    return { ...replyOf(body, wire), member: 'b' }
  }
  return { pinned, ...openCalls(respond) }
}

test.each([
  ['with a state', required(`"inputRequests":{"k":${FORM}},"requestState":"s"`)],
  ['without one', required(`"inputRequests":{"k":${FORM}}`)],
])(
  'a modern client that answers the member of a group which asked %s is led back to it [groups/member]',
  async (_case, body) => {
    const { send, pinned } = open([body, DONE])
    const { requestState } = askedOf(await send(modernRequest(CALL)))
    await send(modernRequest(CALL + retryWith(requestState, { k: { action: 'decline' } })))
    expect(pinned).toEqual([undefined, 'b'])
  },
)

test('who comes back from the page of a legacy member is led to it again [groups/member]', async () => {
  const { send, pinned } = open([LINK, '"result":{"content":[]}'], LEGACY)
  const { requestState } = askedOf(await send(modernRequest(CALL)))
  await send(modernRequest(CALL + retryWith(requestState)))
  expect(pinned).toEqual([undefined, 'b'])
})

test('the answers of a legacy client go to the member that asked [groups/member]', async () => {
  const { send, pinned } = open([required(`"inputRequests":{"k":${FORM}}`), DONE])
  const person = () => Promise.resolve(answerOf('"result":{"action":"decline"}'))
  await send(legacyRequest(CALL, { ask: person }))
  expect(pinned).toEqual([undefined, 'b'])
})

test('a call that waits for a person gives its place at the member back [groups/room]', async () => {
  let places = 1
  const respond = async (request: UpstreamRequest) => {
    request.encode(LEGACY)
    request.departTo?.('b', () => {
      places -= 1
    })
    await ask(request, questionMessage('elicitation/create', '{"message":"Name?"}'))
    return { ...replyOf('"result":{"content":[]}'), member: 'b' }
  }
  const { send } = openCalls(respond)
  const { requestState } = askedOf(await send(modernRequest(CALL)))
  expect(places).toBe(0)
  const retry = retryWith(requestState, { q1: { action: 'decline' } })
  expect(parsed((await send(modernRequest(CALL + retry))).answer.bytes).result).toBeDefined()
})

const GROUP: Target = { ...testTarget({ readOnly: true }), group: true }

function carry(upstreams: FakeUpstreams, notify?: (message: Buffer) => void) {
  const exchange = testExchange(undefined, notify ? { notify } : {})
  const call = { exchange, target: GROUP, deadline: testDeadline(), span: NO_SPAN }
  return openCalls(upstreams).carry(call)
}

/** A call that is recorded; what its record says of members. */
function recorded(exchange = testExchange()) {
  const entry = { member: null as string | null } as CallEntry // the rest of it nobody looks at here
  return {
    entry,
    call: { exchange, target: GROUP, deadline: testDeadline(), span: NO_SPAN, entry },
  }
}

test('what a call tried is written down in order, each once in a row, and bounded [record/member]', async () => {
  const members = Array.from({ length: 40 }, (_, at) => `member-number-${at}`)
  const goTo = async (...names: string[]) => {
    const { call, entry } = recorded()
    const respond = (request: UpstreamRequest) => {
      for (const name of names) request.departTo?.(name, () => undefined)
      return replyOf('"result":{"content":[]}')
    }
    await openCalls(respond).carry(call)
    return entry.member
  }
  expect([await goTo('b'), await goTo('b', 'b'), await goTo('ab', 'b'), await goTo()]).toEqual([
    'b',
    'b',
    'ab,b',
    null,
  ])
  const many = (await goTo(...members)) ?? ''
  expect(many.length).toBeLessThanOrEqual(400)
  expect(members.join()).toContain(`,${many}`)
  expect(many).toMatch(/^member-number-\d+,.*,member-number-39$/)
})

test('the call that a client comes back with is recorded with the member that has it [record/member]', async () => {
  const respond = async (request: UpstreamRequest) => {
    request.encode(LEGACY)
    request.departTo?.('b', () => undefined)
    await ask(request, questionMessage('elicitation/create', '{"message":"Name?"}'))
    return { ...replyOf('"result":{"content":[]}'), member: 'b' }
  }
  const { carry: run } = openCalls(respond)
  const first = recorded(modernRequest(CALL))
  const { requestState } = askedOf(await run(first.call))
  const second = recorded(
    modernRequest(CALL + retryWith(requestState, { q1: { action: 'decline' } })),
  )
  await run(second.call)
  expect([first.entry.member, second.entry.member]).toEqual(['b', 'b'])
})

test('a group repeats a call itself, so it is sent once [groups/failover/unsent]', async () => {
  const lost = new AppError('server_lost', 'gone', { outcome: 'unknown' })
  const upstreams = new FakeUpstreams(() => Promise.reject(lost))
  await expect(carry(upstreams)).rejects.toMatchObject({ code: 'server_lost' })
  expect(upstreams.calls.map(({ request }) => request.repeatable)).toEqual([true])
})

test('tasks carry the name of the member that has them, in results and in what it tells [groups/member]', async () => {
  const shown = testTaskIds().show({ server: 'b', taskId: 't' }, 'key:alice')
  const told: string[] = []
  const status = (id: string) =>
    `{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":"${id}"}}`
  const upstreams = new FakeUpstreams((request) => {
    request.departTo?.('b', () => undefined)
    const { message } = replyOf(status('t').slice('{"jsonrpc":"2.0",'.length, -1))
    request.onNotification?.(message)
    return { ...replyOf('"result":{"task":{"taskId":"t"}}'), member: 'b' }
  })
  const { answer } = await carry(upstreams, (bytes) => void told.push(bytes.toString()))
  expect(parsed(answer.bytes).result).toEqual({ task: { taskId: shown } })
  expect(told.join()).toContain(shown)
})

test('a task of a member is reached where the group is shown, and nowhere else [groups/hidden] [groups/member]', () => {
  const views = new FakeViews({ servers: [testServer('g'), testServer('c')] })
  const taskIds = testTaskIds()
  const place = { config: testServer('g'), members: ['a', 'b'] }
  const finder = new TargetFinder({
    ...{ views, taskIds, servers: { a: testServer('a'), b: testServer('b'), c: testServer('c') } },
    groupOf: (name) => (name === 'g' ? place : undefined),
  })
  const find = (server: string, scope: string) => {
    const taskId = taskIds.show({ server, taskId: 't' }, 'key:alice')
    const text = `{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"${taskId}"}}`
    return finder.find(testExchange(text, { scope }))
  }
  const wanted = { kind: 'task', server: 'g', name: 't', group: true, member: 'b' }
  expect([find('b', ''), find('b', 'g')]).toMatchObject([wanted, wanted])
  expect([find('b', 'c'), find('x', '')]).toEqual([undefined, undefined])
})
