import { AppError } from '@sallyport/kit/errors'
import { expect, test } from 'vitest'
import type { QuestionAnswer } from '../../src/upstreams/upstream.ts'
import {
  callText,
  hostileServer,
  openTestUpstreams,
  principal,
  until,
} from '../fixtures/upstreams/harness.ts'
import { BLUE, ELICITATION, inquire } from '../fixtures/upstreams/inquire.ts'

test('a question that names no call goes to one whose client can be asked it, and to nobody without any [upstreams/question/able]', async () => {
  await using test = await openTestUpstreams({ one: hostileServer() })
  await test.upstreams.warm('one', { principal: principal() }, AbortSignal.timeout(5_000))
  const asked: string[] = []
  const by = (name: string, able: boolean) => ({
    canAnswer: () => able,
    onQuestion: (): Promise<QuestionAnswer> => {
      asked.push(name)
      return Promise.resolve(BLUE)
    },
  })
  const leaving = new AbortController()
  const hang = (able: boolean) =>
    callText(test.upstreams, ['one', 'hang'], {}, { ...by('older', able), signal: leaving.signal })
  const unable = hang(false)
  const question = [{ id: 1, ...ELICITATION }]
  const nobody = await inquire(test, question, by('newer', false))
  const able = hang(true)
  const somebody = await inquire(test, question, by('newer', false))
  expect(asked).toEqual(['older'])
  expect([nobody[0]?.result, somebody[0]?.result]).toMatchObject([
    { action: 'decline' },
    { action: 'accept' },
  ])
  const left = Promise.allSettled([unable, able])
  leaving.abort(new AppError('cancelled', 'gone'))
  await left
})

test('while a question names no call, the deadlines of all it may belong to stand still [questions/deadline]', async () => {
  await using test = await openTestUpstreams({ one: hostileServer() })
  await test.upstreams.warm('one', { principal: principal() }, AbortSignal.timeout(5_000))
  const held: string[] = []
  const by = (name: string, onQuestion: () => Promise<QuestionAnswer>) => ({
    onQuestion,
    hold: () => {
      held.push(`${name} held`)
      return () => void held.push(`${name} goes on`)
    },
  })
  const leaving = new AbortController()
  const never = by('older', () => Promise.reject(new Error('not asked')))
  const options = { ...never, signal: leaving.signal }
  const older = callText(test.upstreams, ['one', 'hang'], {}, options)
  await inquire(
    test,
    [{ id: 1, ...ELICITATION }],
    by('newer', () => {
      held.push('asked')
      return Promise.resolve(BLUE)
    }),
  )
  expect(held.toSorted()).toEqual(
    ['asked', 'newer goes on', 'newer held', 'older goes on', 'older held'].toSorted(),
  )
  expect(held.at(2)).toBe('asked')
  const left = Promise.allSettled([older])
  leaving.abort(new AppError('cancelled', 'gone'))
  await left
})

test('a question is put to another call of its client when the likeliest one ends', async () => {
  await using test = await openTestUpstreams({ one: hostileServer() })
  await test.upstreams.warm('one', { principal: principal() }, AbortSignal.timeout(5_000))
  const leaving = [new AbortController(), new AbortController()]
  const first = Promise.withResolvers<QuestionAnswer>()
  const asked: number[] = []
  const [older, newer] = leaving.map(({ signal }, n) => {
    const onQuestion = (): Promise<QuestionAnswer> => {
      asked.push(n)
      return n === 1 ? first.promise : Promise.resolve({ kind: 'result', text: '{"by":"older"}' })
    }
    return callText(test.upstreams, ['one', 'hang'], {}, { signal, onQuestion })
  })
  const messages = [{ id: 1, ...ELICITATION }]
  const asking = callText(test.upstreams, ['one', 'inquire'], { messages, count: 1 })
  await until(() => asked.join() === '1', 'the newer is asked')
  leaving[1]?.abort(new AppError('cancelled', 'gone'))
  await expect(newer).rejects.toMatchObject({ code: 'cancelled' })
  first.reject(new AppError('cancelled', 'gone'))
  expect(JSON.parse(await asking)).toEqual([{ jsonrpc: '2.0', id: 1, result: { by: 'older' } }])
  leaving[0]?.abort(new AppError('cancelled', 'gone'))
  await expect(older).rejects.toMatchObject({ code: 'cancelled' })
})
