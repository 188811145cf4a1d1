import { CallController } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import type { ClientQuestion, Message } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import { parsed } from '../call/testing-call.ts'
import type { QuestionAnswer, UpstreamRequest } from '../upstreams/upstream.ts'
import {
  askedOf,
  legacyRequest,
  modernRequest,
  openCalls,
  questionMessage,
  replyOf,
  retryWith,
} from './testing-questions.ts'

type Pose = (withdrawn: CallController) => Promise<QuestionAnswer>

/** A legacy client that is asked and says nothing until told, and a legacy server that loses its patience. */
function open(serve: (pose: Pose) => Promise<string>) {
  const asked: ClientQuestion['signal'][] = []
  const held = openCalls(async (request: UpstreamRequest) => {
    const pose: Pose = (withdrawn) => {
      const question = questionMessage('elicitation/create', '{"message":"m"}')
      if (!request.onQuestion) throw new TypeError('nobody takes questions')
      return request.onQuestion(question, withdrawn)
    }
    return replyOf(await serve(pose))
  })
  const ask = ({ signal }: ClientQuestion): Promise<Message> =>
    new Promise((_resolve, reject) => {
      asked.push(signal)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  const sent = held.send(legacyRequest('"name":"files__echo"', { ask }))
  return { ...held, asked, sent }
}

const TAKEN_BACK = new AppError('cancelled', 'the server took it back')

test('a question that a server takes back is taken back from the person, and its call goes on [questions/withdrawn]', async () => {
  const { asked, sent, parked, deadlines } = open(async (pose) => {
    const withdrawn = new CallController()
    const posed = pose(withdrawn)
    withdrawn.abort(TAKEN_BACK)
    await expect(posed).rejects.toBe(TAKEN_BACK)
    return '"result":{"n":1}'
  })
  expect(parsed((await sent).answer.bytes).result).toEqual({ n: 1 })
  expect([asked.map(({ reason }) => reason), parked.size, deadlines.size]).toEqual([
    [TAKEN_BACK],
    ...[0, 0],
  ])
})

test('one that was taken back before it was asked is not asked', async () => {
  const withdrawn = new CallController()
  withdrawn.abort(TAKEN_BACK)
  const { asked, sent, parked } = open(async (pose) => {
    await expect(pose(withdrawn)).rejects.toBe(TAKEN_BACK)
    return '"result":{}'
  })
  await sent
  expect([asked, parked.size]).toEqual([[], 0])
})

test.each(['answers', 'is lost'])(
  'a server that %s without waiting has its question taken back [questions/withdrawn]',
  async (how) => {
    const { asked, sent, parked, deadlines } = open(async (pose) => {
      void pose(new CallController()).catch(() => undefined)
      if (how === 'is lost') throw new AppError('server_lost', 'gone')
      return '"result":{"n":1}'
    })
    if (how === 'answers') expect((await sent).outcome).toBe('ok')
    else await expect(sent).rejects.toMatchObject({ code: 'server_lost' })
    expect(asked.map(({ reason }) => reason)).toMatchObject([{ code: 'cancelled' }])
    await new Promise(setImmediate)
    expect([parked.size, deadlines.size]).toEqual([0, 0])
  },
)

test('a question that a server takes back while its call is parked is not put to the client again [questions/withdrawn]', async () => {
  const [first, second] = [new CallController(), new CallController()]
  const { send, upstreams } = openCalls(async (request) => {
    const pose = (withdrawn: CallController) =>
      request.onQuestion?.(questionMessage('elicitation/create', '{"message":"m"}'), withdrawn)
    await expect(pose(first)).rejects.toBe(TAKEN_BACK)
    const answer = await pose(second)
    return replyOf(`"result":{"told":${answer?.text.toString()}}`)
  })
  const call = '"name":"files__echo"'
  const asked = askedOf(await send(modernRequest(call)))
  first.abort(TAKEN_BACK)
  await new Promise(setImmediate)
  const again = askedOf(
    await send(modernRequest(call + retryWith(asked.requestState, { q1: { action: 'accept' } }))),
  )
  expect(Object.keys(again.inputRequests)).toEqual(['q2'])
  const { answer } = await send(
    modernRequest(call + retryWith(again.requestState, { q1: {}, q2: { action: 'decline' } })),
  )
  expect(parsed(answer.bytes).result?.['told']).toEqual({ action: 'decline' })
  // Too late to be taken back.
  second.abort(TAKEN_BACK)
  expect(upstreams.calls).toHaveLength(1)
})
