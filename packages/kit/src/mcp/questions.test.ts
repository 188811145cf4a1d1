import { expect, test } from 'vitest'
import { CallController } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import { Questions } from './questions.ts'
import { testMessage } from './testing-message.ts'
import { FakeBudget } from './testing-session.ts'

const ABORTED = new AppError('deadline_exceeded', 'too late')

function openQuestions() {
  const questions = new Questions()
  const sent: Record<string, unknown>[] = []
  const send = (message: Buffer) => sent.push(JSON.parse(message.toString())) > 0
  const controller = new CallController()
  const ask = (params?: string) =>
    questions.ask({ method: 'roots/list', params, signal: controller.signal }, send)
  const answer = (id: unknown, rest: object = { result: {} }) =>
    questions.answer(testMessage({ jsonrpc: '2.0', id, ...rest }))
  return { questions, sent, send, controller, ask, answer }
}

test('a question has an integer id and is answered by the message that names it', async () => {
  const { sent, ask, answer, questions } = openQuestions()
  const asking = ask('{"a": 1}')
  expect(sent).toEqual([
    { jsonrpc: '2.0', id: expect.any(Number), method: 'roots/list', params: { a: 1 } },
  ])
  const id = sent[0]?.id
  expect(Number.isSafeInteger(id)).toBe(true)
  expect(answer(id, { result: { roots: [] } })).toBe(true)
  expect(await asking).toMatchObject({ kind: 'response' })
  expect(questions.size).toBe(0)
})

test('a refusal is an answer too', async () => {
  const { sent, ask, answer } = openQuestions()
  const asking = ask()
  answer(sent[0]?.id, { error: { code: -1, message: 'no' } })
  expect(await asking).toMatchObject({ kind: 'error' })
})

test('what answers no open question changes nothing', async () => {
  const { sent, ask, answer } = openQuestions()
  const asking = ask()
  const id = Number(sent[0]?.id)
  expect([answer(id + 1), answer(String(id)), answer(id), answer(id)]).toEqual([
    false,
    false,
    true,
    false,
  ])
  expect(await asking).toMatchObject({ kind: 'response' })
})

test('two questions of one session have two ids, and two sessions do not count alike', () => {
  const ids = [openQuestions(), openQuestions()].flatMap(({ ask, sent }) => {
    void ask()
    void ask()
    return sent.map(({ id }) => id)
  })
  expect(new Set(ids).size).toBe(4)
})

test('an abort ends the wait with its reason and takes the question back', async () => {
  const { sent, ask, answer, controller } = openQuestions()
  const asking = ask()
  controller.abort(ABORTED)
  await expect(asking).rejects.toBe(ABORTED)
  const id = sent[0]?.id
  expect(sent[1]).toMatchObject({ method: 'notifications/cancelled', params: { requestId: id } })
  expect(answer(id)).toBe(false)
})

test('who is aborted already asks nothing', async () => {
  const { sent, ask, controller } = openQuestions()
  controller.abort(ABORTED)
  await expect(ask()).rejects.toBe(ABORTED)
  expect(sent).toEqual([])
})

test('the end of the session ends the wait', async () => {
  const { questions, ask } = openQuestions()
  const asking = ask()
  questions.end()
  await expect(asking).rejects.toMatchObject({ code: 'cancelled' })
})

test('64 questions are open at once, and no more', async () => {
  const { questions, ask, answer, sent } = openQuestions()
  const asking = Array.from({ length: 64 }, () => ask())
  await expect(ask()).rejects.toMatchObject({ code: 'overloaded' })
  answer(sent[0]?.id)
  await asking[0]
  void ask()
  expect(questions.size).toBe(64)
})

test('a question that cannot be sent is unanswered at once', async () => {
  const { questions, controller } = openQuestions()
  const question = { method: 'roots/list', params: undefined, signal: controller.signal }
  await expect(questions.ask(question, () => false)).rejects.toMatchObject({
    code: 'question_unanswered',
  })
  expect(questions.size).toBe(0)
})

test('an answer counts its bytes, and one for which none are left is refused', async () => {
  const { questions, controller, send, sent, answer } = openQuestions()
  const budget = new FakeBudget(100)
  const question = { method: 'roots/list', params: undefined, signal: controller.signal }
  const hold = budget.reserve()
  const first = questions.ask(question, send, hold)
  answer(sent[0]?.id)
  const { bytes } = await first
  expect(budget.held).toBe(bytes.length)
  const second = questions.ask(question, send, hold)
  answer(sent[1]?.id, { result: { text: 'x'.repeat(100) } })
  await expect(second).rejects.toMatchObject({ code: 'overloaded' })
})
