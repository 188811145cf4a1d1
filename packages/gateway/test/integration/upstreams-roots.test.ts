import { readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import { type Message, scanReply } from '@sallyport/kit/mcp'
import { expect, test } from 'vitest'
import type { QuestionAnswer } from '../../src/upstreams/upstream.ts'
import {
  asker,
  callText,
  clientSession,
  hostileServer,
  openTestUpstreams,
  principal,
  temporaryFolder,
  until,
} from '../fixtures/upstreams/harness.ts'

const TOLD = { roots: [{ uri: 'file:///of-the-client' }] }
const ANSWER: QuestionAnswer = { kind: 'result', text: JSON.stringify(TOLD) }

interface Line {
  readonly method?: string
  readonly result?: unknown
  readonly error?: unknown
}

/** A server that asks for roots once it is initialized, and what it was sent that counts here. */
function rootedServer(env: Readonly<Record<string, string>> = { ASK_AT_START: 'roots/list' }) {
  const file = path.join(temporaryFolder(), 'talk')
  const read = (): string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line) // written by our own gateway
      .flatMap(({ method, result, error }) => {
        if (method === 'initialize') return 'start'
        if (method === 'tools/call') return 'call'
        if (error !== undefined) return 'no roots'
        return result === undefined ? [] : 'roots'
      })
  return { config: hostileServer({ TALK_LOG: file, ...env }, { roots: 'client' }), read }
}

test('a call waits until the client it comes on the stream of has told its roots [upstreams/roots/held]', async () => {
  const { config, read } = rootedServer()
  await using test = await openTestUpstreams({ one: config })
  const answer = Promise.withResolvers<QuestionAnswer>()
  const asked: string[] = []
  const onQuestion = (question: Message): Promise<QuestionAnswer> => {
    asked.push(question.method)
    return answer.promise
  }
  const first = callText(test.upstreams, ['one', 'echo'], { n: 1 }, { onQuestion })
  await until(() => asked.length === 1, 'the client is asked')
  const second = callText(test.upstreams, ['one', 'echo'], { n: 2 }, { onQuestion })
  expect(read()).toEqual(['start'])
  answer.resolve(ANSWER)
  expect([await first, await second]).toEqual(['{"n":1}', '{"n":2}'])
  expect(read()).toEqual(['start', 'roots', 'call', 'call'])
  expect(asked).toEqual(['roots/list'])
})

test('a question that comes before any call waits for one [upstreams/roots/held]', async () => {
  const { config, read } = rootedServer()
  await using test = await openTestUpstreams({ one: config })
  await test.upstreams.warm('one', asker(), AbortSignal.timeout(5_000))
  expect(read()).toEqual(['start'])
  const onQuestion = (): Promise<QuestionAnswer> => Promise.resolve(ANSWER)
  await callText(test.upstreams, ['one', 'echo'], {}, { onQuestion })
  expect(read()).toEqual(['start', 'roots', 'call'])
})

test('roots that a client tells after its call is over are good for the session [upstreams/roots/late]', async () => {
  const { config, read } = rootedServer()
  await using test = await openTestUpstreams({ one: config })
  const answer = Promise.withResolvers<string>()
  let asked = 0
  const ask = async (): Promise<Message> => {
    asked += 1
    const text = `{"jsonrpc":"2.0","id":1,"result":${await answer.promise}}`
    return scanReply(Buffer.from(text)) ?? expect.unreachable()
  }
  const session = { ...clientSession('s1'), ask }
  const leaving = new AbortController()
  const { signal } = leaving
  const left = callText(test.upstreams, ['one', 'echo'], {}, { session, signal })
  await until(() => asked === 1, 'the client is asked')
  leaving.abort(new AppError('cancelled', 'gone'))
  await expect(left).rejects.toMatchObject({ code: 'cancelled', outcome: 'not_sent' })
  const next = callText(test.upstreams, ['one', 'echo'], { n: 2 }, { session })
  answer.resolve(JSON.stringify(TOLD))
  expect(await next).toBe('{"n":2}')
  expect([asked, read()]).toEqual([1, ['start', 'roots', 'call']])
})

test.each([
  ['cannot be asked', undefined],
  ['answers with an error', () => Promise.resolve({ kind: 'error', text: '{"code":-1}' })],
  ['does not answer', () => Promise.reject(new AppError('question_unanswered', 'in time'))],
] satisfies [string, (() => Promise<QuestionAnswer>) | undefined][])(
  'the call of a client that %s is refused, and the next one asks anew [upstreams/roots/refused]',
  async (_case, silent) => {
    const { config, read } = rootedServer()
    await using test = await openTestUpstreams({ one: config })
    const options = silent === undefined ? {} : { onQuestion: silent }
    await expect(callText(test.upstreams, ['one', 'echo'], {}, options)).rejects.toMatchObject({
      code: 'question_unanswered',
      outcome: 'not_sent',
    })
    expect(read().filter((one) => one === 'call')).toEqual([])
    expect(test.status('one').inFlight).toBe(0)
    const onQuestion = (): Promise<QuestionAnswer> => Promise.resolve(ANSWER)
    expect(await callText(test.upstreams, ['one', 'echo'], { n: 2 }, { onQuestion })).toBe(
      '{"n":2}',
    )
    expect(read().slice(-3)).toEqual(['start', 'roots', 'call'])
  },
)

test('a server that asks for no roots gets its calls after a second', async () => {
  const { config, read } = rootedServer({})
  await using test = await openTestUpstreams({ one: config })
  const beganMs = performance.now()
  await callText(test.upstreams, ['one', 'echo'])
  const firstMs = performance.now() - beganMs
  await callText(test.upstreams, ['one', 'echo'], {}, { as: principal() })
  expect(firstMs).toBeGreaterThan(900)
  expect(performance.now() - beganMs - firstMs).toBeLessThan(500)
  expect(read()).toEqual(['start', 'call', 'call'])
})
