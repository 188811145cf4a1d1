import { AppError } from '@sallyport/kit/errors'
import type { Message } from '@sallyport/kit/mcp'
import { describe, expect, test } from 'vitest'
import type { QuestionAnswer } from '../../src/upstreams/upstream.ts'
import {
  callText,
  clientSession,
  hostileServer,
  httpServer,
  openTestUpstreams,
  principal,
  until,
} from '../fixtures/upstreams/harness.ts'
import { json, legacyServer, startRawHttp } from '../fixtures/upstreams/raw-http-server.ts'
import { BLUE, ELICITATION, inquire } from '../fixtures/upstreams/inquire.ts'

describe('what nobody can be asked', () => {
  test('is answered at once: a decline, or an error that says why [upstreams/question/nobody]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const answers = await inquire(test, [
      { id: 'e', ...ELICITATION },
      { id: 2, method: 'sampling/createMessage', params: {} },
      { id: 3, method: 'roots/list' },
      { id: 4, method: 'vendor/unknown' },
    ])
    expect(answers.map(({ id, result, error }) => [id, result ?? error?.code])).toEqual([
      ['e', { action: 'decline' }],
      [2, -32_601],
      [3, -32_601],
      [4, -32_601],
    ])
  })

  test('a question without a usable id is dropped and counted', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const onQuestion = (): Promise<QuestionAnswer> => Promise.resolve(BLUE)
    const messages = [null, true, {}, [1]].map((id) => ({ id, ...ELICITATION }))
    await callText(test.upstreams, ['one', 'inquire'], { messages }, { onQuestion })
    expect(await callText(test.upstreams, ['one', 'answers'])).toBe('[]')
    expect(test.strays).toBe(4)
  })

  test('a modern server may not ask: it is dropped and counted', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({ MODERN: 'yes' }) })
    const messages = [{ id: 1, ...ELICITATION }]
    await callText(test.upstreams, ['one', 'inquire'], { messages })
    expect([await callText(test.upstreams, ['one', 'answers']), test.strays]).toEqual(['[]', 1])
  })

  test('a question after the answer finds nobody, though another client of the principal is there', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const messages = [{ id: 'late', ...ELICITATION }]
    const onQuestion = (): Promise<QuestionAnswer> => Promise.resolve(BLUE)
    await callText(
      test.upstreams,
      ['one', 'inquire'],
      { messages, answerFirst: true },
      { onQuestion },
    )
    await until(async () => {
      const answers = await callText(test.upstreams, ['one', 'answers'])
      return answers === '[{"jsonrpc":"2.0","id":"late","result":{"action":"decline"}}]'
    }, 'the late question is declined')
  })
})

describe('a question in the middle of a call over stdio', () => {
  test('reaches its caller, and the answer goes back byte for byte under the id the server chose [upstreams/question/relayed]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const asked: string[] = []
    const onQuestion = (question: Message): Promise<QuestionAnswer> => {
      asked.push(`${question.method} ${question.bytes.toString()}`)
      return Promise.resolve({ kind: 'result', text: '{"action":"accept","content":{"n":1.0}}' })
    }
    const answers = await inquire(test, [{ id: 'q"1', ...ELICITATION }], { onQuestion })
    expect(asked).toHaveLength(1)
    expect(asked[0]).toContain('elicitation/create {"jsonrpc":"2.0","id":"q\\"1"')
    const result = { action: 'accept', content: { n: 1 } }
    expect(answers).toEqual([{ jsonrpc: '2.0', id: 'q"1', result }])
  })

  test('several are open at once and answered in any order', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const waiting: (() => void)[] = []
    const onQuestion = async (question: Message): Promise<QuestionAnswer> => {
      const { id } = JSON.parse(question.bytes.toString()) as { id: number } // sent below
      await new Promise<void>((resolve) => waiting.push(resolve))
      return { kind: 'result', text: `{"of":${id}}` }
    }
    const messages = [1, 2, 3].map((id) => ({ id, ...ELICITATION }))
    const answers = inquire(test, messages, { onQuestion })
    await until(() => waiting.length === 3, 'all are asked')
    for (const answer of waiting.toReversed()) {
      answer()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await answers).map(({ id, result }) => [id, result])).toEqual([
      [3, { of: 3 }],
      [2, { of: 2 }],
      [1, { of: 1 }],
    ])
  })

  test.each([
    [
      'the answer is an error',
      () => Promise.resolve({ kind: 'error', text: '{"code":-1,"message":"user said no"}' }),
      { code: -1, message: 'user said no' },
    ],
    [
      'it stays unanswered',
      () => Promise.reject(new AppError('question_unanswered', 'the client cannot')),
      { code: -32_603, message: 'the client cannot' },
    ],
    [
      'the carrier has a defect',
      () => Promise.reject(new TypeError('secret inner text')),
      { code: -32_603, message: 'Unexpected failure; see the log of the gateway.' },
    ],
    [
      'the carrier throws',
      () => {
        throw new TypeError('secret inner text')
      },
      { code: -32_603, message: 'Unexpected failure; see the log of the gateway.' },
    ],
  ] satisfies [string, () => Promise<QuestionAnswer>, object][])(
    'ends in an error for the server when %s',
    async (_case, onQuestion, error) => {
      await using test = await openTestUpstreams({ one: hostileServer() })
      const [answer] = await inquire(test, [{ id: 1, ...ELICITATION }], { onQuestion })
      expect(answer?.error).toEqual(error)
    },
  )

  test('the seventeenth open one is refused, and the first sixteen are answered [upstreams/question/flood]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const release = Promise.withResolvers<void>()
    let asked = 0
    const onQuestion = async (): Promise<QuestionAnswer> => {
      asked += 1
      await release.promise
      return BLUE
    }
    const messages = Array.from({ length: 40 }, (_, id) => ({ id, ...ELICITATION }))
    const flooding = inquire(test, messages, { onQuestion })
    await until(() => asked === 16, 'sixteen are asked')
    const other = { as: principal('key:other') }
    expect(await callText(test.upstreams, ['one', 'echo'], { n: 1 }, other)).toBe('{"n":1}')
    release.resolve()
    const answers = await flooding
    expect(answers.filter(({ error }) => error?.code === -32_603)).toHaveLength(24)
    expect([asked, answers.length]).toEqual([16, 40])
  })

  test('that stays open when its call ends is declined, since nobody else is there to be asked', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const waiting: ((error: AppError) => void)[] = []
    const onQuestion = (): Promise<QuestionAnswer> =>
      new Promise((_resolve, reject) => waiting.push(reject))
    const leaving = new AbortController()
    const messages = Array.from({ length: 16 }, (_, id) => ({ id, ...ELICITATION }))
    const options = { onQuestion, signal: leaving.signal }
    const left = callText(test.upstreams, ['one', 'inquire'], { messages, count: 99 }, options)
    await until(() => waiting.length === 16, 'all are asked')
    leaving.abort(new AppError('cancelled', 'gone'))
    await expect(left).rejects.toMatchObject({ code: 'cancelled' })
    for (const reject of waiting) reject(new AppError('cancelled', 'gone'))
    await until(async () => {
      const answers = await callText(test.upstreams, ['one', 'answers'])
      return answers.split('"action":"decline"').length === 17
    }, 'all are declined')
    const prompt = (): Promise<QuestionAnswer> => Promise.resolve({ kind: 'result', text: '{}' })
    const answers = await inquire(test, [{ id: 'next', ...ELICITATION }], { onQuestion: prompt })
    expect(answers).toEqual([{ jsonrpc: '2.0', id: 'next', result: {} }])
  })

  test('one that the server takes back is not answered any more', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const answer = Promise.withResolvers<QuestionAnswer>()
    const messages = [
      { id: 'back', ...ELICITATION },
      { method: 'notifications/cancelled', params: { requestId: 'back' } },
      { method: 'notifications/cancelled', params: { requestId: 'other' } },
      { id: 'ping', method: 'ping' },
    ]
    const options = { onQuestion: () => answer.promise }
    const args = { messages, count: 1 }
    const call = callText(test.upstreams, ['one', 'inquire'], args, options)
    expect(JSON.parse(await call)).toEqual([{ jsonrpc: '2.0', id: 'ping', result: {} }])
    answer.resolve(BLUE)
    expect(JSON.parse(await callText(test.upstreams, ['one', 'answers']))).toHaveLength(1)
    expect(test.strays).toBe(1)
  })

  test('goes to the newest call of its client, and to nobody once two clients have calls in flight [upstreams/question/own-client]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer({}, { share: 'all' }) })
    await test.upstreams.warm('one', { principal: principal() }, AbortSignal.timeout(5_000))
    const asked: string[] = []
    const by = (name: string) => ({
      onQuestion: (): Promise<QuestionAnswer> => {
        asked.push(name)
        return Promise.resolve(BLUE)
      },
    })
    const question = [{ id: 1, ...ELICITATION }]
    const leaving = new AbortController()
    const { signal } = leaving
    const older = callText(test.upstreams, ['one', 'hang'], {}, { ...by('older'), signal })
    await inquire(test, question, by('newer'))
    const session = clientSession('other')
    const foreign = await inquire(test, question, { ...by('other session'), session })
    const alien = await inquire(test, question, { ...by('other key'), as: principal('key:b') })
    expect(asked).toEqual(['newer'])
    const error = {
      code: -32_603,
      message: 'calls of 2 clients are in flight and the question names none of them',
    }
    expect([foreign[0]?.error, alien[0]?.error]).toEqual([error, error])
    const logged = test.logged.filter(({ message }) => message.startsWith('question put to nobody'))
    expect(logged.map(({ fields }) => fields)).toEqual([
      { question: 'elicitation/create', clients: 2 },
    ])
    leaving.abort(new AppError('cancelled', 'gone'))
    await expect(older).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a question over HTTP', () => {
  test.each(['the stream of the call', 'the stream of the session'])(
    'on %s reaches the caller, and the answer is posted in the session [upstreams/question/relayed]',
    async (where) => {
      let listening: { write(text: string): void } | undefined
      const answered = Promise.withResolvers<unknown>()
      const event = (message: object): string =>
        `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`
      const legacy = legacyServer((seen, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        const stream = where === 'the stream of the call' ? response : listening
        stream?.write(event({ id: 'q1', ...ELICITATION }))
        void answered.promise.then((answer) =>
          response.end(
            event({ id: seen.body.id, result: { content: [{ text: JSON.stringify(answer) }] } }),
          ),
        )
      }, 'session-1')
      await using server = await startRawHttp((seen, response) => {
        const { body, method } = seen
        if (method === 'GET') {
          listening = response
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write(': here\n\n')
        } else if ('result' in body) {
          answered.resolve({ ...body, session: seen.headers['mcp-session-id'] })
          response.writeHead(202).end()
        } else legacy(seen, response)
      })
      await using test = await openTestUpstreams({ one: httpServer(server.url) })
      const onQuestion = (): Promise<QuestionAnswer> =>
        Promise.resolve({ kind: 'result', text: '{"action":"cancel"}' })
      await test.upstreams.warm('one', { principal: principal() }, AbortSignal.timeout(5_000))
      await until(() => listening !== undefined, 'the session listens')
      const answer = await callText(test.upstreams, ['one', 'x'], {}, { onQuestion })
      const result = { action: 'cancel' }
      expect(JSON.parse(answer)).toEqual({ jsonrpc: '2.0', id: 'q1', result, session: 'session-1' })
    },
  )

  test('on the stream of one call goes to that call only, however many others there are', async () => {
    const answers: unknown[] = []
    const legacy = legacyServer((seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const { name } = seen.body.params as { name: string } // a tools/call
      if (name === 'hang') return
      response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id: 1, ...ELICITATION })}\n\n`)
      const done = { jsonrpc: '2.0', id: seen.body.id, result: { content: [{ text: 'done' }] } }
      setTimeout(() => response.end(`data: ${JSON.stringify(done)}\n\n`), 100)
    })
    await using server = await startRawHttp((seen, response) => {
      if (!('result' in seen.body) && !('error' in seen.body)) {
        legacy(seen, response)
        return
      }
      answers.push(seen.body)
      response.writeHead(202).end()
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url, { share: 'all' }) })
    const asked: string[] = []
    const by = (name: string) => ({
      onQuestion: (): Promise<QuestionAnswer> => {
        asked.push(name)
        return Promise.resolve({ kind: 'result', text: `{"by":"${name}"}` })
      },
    })
    const leaving = new AbortController()
    const other = { ...by('a'), as: principal('key:a'), signal: leaving.signal }
    const hanging = callText(test.upstreams, ['one', 'hang'], {}, other)
    expect(
      await callText(test.upstreams, ['one', 'ask'], {}, { ...by('b'), as: principal('key:b') }),
    ).toBe('done')
    expect(asked).toEqual(['b'])
    expect(answers).toEqual([{ jsonrpc: '2.0', id: 1, result: { by: 'b' } }])
    leaving.abort(new AppError('cancelled', 'gone'))
    await expect(hanging).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('whose call is over is not answered any more, and takes no room', async () => {
    const answers: object[] = []
    const legacy = legacyServer((seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (let id = 0; id < 16; id += 1) {
        response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id, ...ELICITATION })}\n\n`)
      }
      const { name } = seen.body.params as { name: string } // a tools/call
      if (name === 'hang') return
      const done = { jsonrpc: '2.0', id: seen.body.id, result: { content: [{ text: 'done' }] } }
      void until(() => answers.length === 16, 'all are answered').then(() =>
        response.end(`data: ${JSON.stringify(done)}\n\n`),
      )
    })
    await using server = await startRawHttp((seen, response) => {
      if ('result' in seen.body) answers.push(seen.body)
      if ('result' in seen.body || 'error' in seen.body) response.writeHead(202).end()
      else legacy(seen, response)
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const waiting: ((answer: QuestionAnswer) => void)[] = []
    const leaving = new AbortController()
    const hanging = callText(
      test.upstreams,
      ['one', 'hang'],
      {},
      {
        signal: leaving.signal,
        onQuestion: () => new Promise((resolve) => waiting.push(resolve)),
      },
    )
    await until(() => waiting.length === 16, 'all are asked')
    leaving.abort(new AppError('cancelled', 'gone'))
    await expect(hanging).rejects.toMatchObject({ code: 'cancelled' })
    const onQuestion = (): Promise<QuestionAnswer> => {
      for (const answer of waiting.splice(0)) answer({ kind: 'result', text: '{"late":true}' })
      return Promise.resolve({ kind: 'result', text: '{"late":false}' })
    }
    expect(await callText(test.upstreams, ['one', 'ask'], {}, { onQuestion })).toBe('done')
    expect(answers).toHaveLength(16)
    expect(JSON.stringify(answers)).not.toContain('true')
  })

  test('on the stream of a call that has its answer finds nobody', async () => {
    const answers: object[] = []
    const legacy = legacyServer((seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const { name } = seen.body.params as { name: string } // a tools/call
      if (name === 'hang') return
      const done = { jsonrpc: '2.0', id: seen.body.id, result: { content: [{ text: 'done' }] } }
      response.write(`data: ${JSON.stringify(done)}\n\n`)
      response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id: 9, ...ELICITATION })}\n\n`)
    })
    await using server = await startRawHttp((seen, response) => {
      if ('result' in seen.body) {
        answers.push(seen.body)
        json(response, {}, 202)
      } else legacy(seen, response)
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const onQuestion = (): Promise<QuestionAnswer> => Promise.resolve(BLUE)
    const leaving = new AbortController()
    const { signal } = leaving
    const hanging = callText(test.upstreams, ['one', 'hang'], {}, { onQuestion, signal })
    expect(await callText(test.upstreams, ['one', 'x'], {}, { onQuestion })).toBe('done')
    await until(() => answers.length === 1, 'the late question is answered')
    leaving.abort(new AppError('cancelled', 'gone'))
    await expect(hanging).rejects.toMatchObject({ code: 'cancelled' })
    expect(answers).toEqual([{ jsonrpc: '2.0', id: 9, result: { action: 'decline' } }])
  })
})
