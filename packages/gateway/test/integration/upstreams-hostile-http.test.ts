import type { ServerResponse } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import { describe, expect, test } from 'vitest'
import type { QuestionAnswer } from '../../src/upstreams/upstream.ts'
import {
  asker,
  callText,
  hostileServer,
  httpServer,
  openTestUpstreams,
  until,
} from '../fixtures/upstreams/harness.ts'
import {
  type Answer,
  json,
  legacyServer,
  type RawHttpServer,
  type Seen,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'

const HEAD = { 'content-type': 'text/event-stream' }
const SIGNAL = AbortSignal.timeout(30_000)

function event(message: object): string {
  return `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`
}

function answerEvent({ body }: Seen, text: string): string {
  return event({ id: body.id, result: { content: [{ type: 'text', text }] } })
}

function toolOf({ body }: Seen): string {
  return (body.params as { name: string }).name // a tools/call
}

/** A legacy server whose tool `bad` does its worst and whose other tools answer. */
function startWith(
  bad: Answer,
  onGet?: (response: ServerResponse) => void,
): Promise<RawHttpServer> {
  const capabilities = { tools: { listChanged: true } }
  const legacy = legacyServer((seen, response) => {
    if (toolOf(seen) === 'bad') bad(seen, response)
    else textAnswer(seen, response, 'fine')
  }, 'session-1')
  return startRawHttp((seen, response) => {
    const { id, method } = seen.body
    if (seen.method === 'GET' && onGet !== undefined) onGet(response.writeHead(200, HEAD))
    else if (method === 'initialize') {
      response.setHeader('mcp-session-id', 'session-1')
      json(response, { id, result: { protocolVersion: '2025-11-25', capabilities } })
    } else if ('result' in seen.body || 'error' in seen.body) response.writeHead(202).end()
    else legacy(seen, response)
  })
}

describe('a stream before its answer', () => {
  test('that never ends costs its own call its deadline, and others go on [upstreams/hostile/stream]', async () => {
    let closed = 0
    await using server = await startWith((_seen, response) => {
      response.writeHead(200, HEAD)
      const chatter = setInterval(() => response.write(': still here\n\n'), 5)
      response.on('close', () => {
        closed += 1
        clearInterval(chatter)
      })
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const deadline = new AbortController()
    const endless = callText(test.upstreams, ['one', 'bad'], {}, { signal: deadline.signal })
    expect(await callText(test.upstreams, ['one', 'good'])).toBe('fine')
    deadline.abort(new AppError('deadline_exceeded', 'too slow'))
    await expect(endless).rejects.toMatchObject({ code: 'deadline_exceeded', outcome: 'unknown' })
    await until(() => closed === 1, 'its connection is dropped')
    expect(await callText(test.upstreams, ['one', 'good'])).toBe('fine')
  })

  test('may hold garbage of every kind: it is counted, and the answer arrives [upstreams/hostile/stream]', async () => {
    await using server = await startWith((seen, response) => {
      response.writeHead(200, HEAD)
      response.write('data: {"jsonrpc":"2.0"\n\ndata: <html>\n\ndata: [1,2]\n\n')
      response.write('event: ping\ndata: {"not":"for us"}\n\nnonsense\n:\nretry: soon\nid: \0\n\n')
      response.write(
        Buffer.concat([Buffer.from('data: '), Buffer.from([0xff, 0xfe]), Buffer.from('\n\n')]),
      )
      response.write(event({ method: 'notifications/resources/updated', params: { uri: 7 } }))
      response.write(event({ method: 'notifications/progress', params: { progressToken: {} } }))
      response.write(event({ method: 'notifications/cancelled', params: { requestId: [] } }))
      response.write(event({ id: 424_242, result: {} }))
      response.write(event({ id: 'text', error: { code: 1, message: '' } }))
      response.end(answerEvent(seen, 'after garbage'))
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const onNotification = (): never => expect.unreachable('nothing here is for a caller')
    expect(await callText(test.upstreams, ['one', 'bad'], {}, { onNotification })).toBe(
      'after garbage',
    )
    expect([test.strays, test.updates, test.told]).toEqual([8, [], []])
  })

  test('whose line never ends is too large, and its connection is dropped', async () => {
    let closed = false
    await using server = await startWith((_seen, response) => {
      response.writeHead(200, HEAD)
      response.on('close', () => (closed = true))
      response.write('data: ')
      const pour = (): void => {
        while (!closed && response.write(Buffer.alloc(256 * 1_024, 'x')));
        response.once('drain', pour)
      }
      pour()
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await expect(callText(test.upstreams, ['one', 'bad'])).rejects.toMatchObject({
      code: 'result_too_large',
      outcome: 'unknown',
    })
    await until(() => closed, 'the connection is dropped')
    expect(await callText(test.upstreams, ['one', 'good'])).toBe('fine')
  })

  test('with a thousand questions is answered for sixteen, refused for some, and drops the rest [upstreams/question/flood]', async () => {
    let asked = 0
    await using server = await startWith((seen, response) => {
      response.writeHead(200, HEAD)
      for (let id = 0; id < 1_000; id += 1) {
        response.write(event({ id, method: 'elicitation/create', params: {} }))
      }
      void until(() => asked === 16, 'sixteen are asked').then(() =>
        response.end(answerEvent(seen, 'asked enough')),
      )
    })
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    const onQuestion = (): Promise<QuestionAnswer> => {
      asked += 1
      return new Promise(() => undefined)
    }
    const others = Promise.all(
      Array.from({ length: 20 }, () => callText(test.upstreams, ['one', 'good'])),
    )
    expect(await callText(test.upstreams, ['one', 'bad'], {}, { onQuestion })).toBe('asked enough')
    expect(new Set(await others)).toEqual(new Set(['fine']))
    expect(asked).toBe(16)
    const refused = server.seen.filter(({ body }) => 'error' in body).length
    expect(refused + test.strays).toBeLessThanOrEqual(984)
    expect(test.strays).toBeGreaterThan(0)
  })
})

describe('the stream of a session', () => {
  test('full of garbage and answers to calls it does not carry harms no call', async () => {
    await using server = await startWith(
      (seen, response) => textAnswer(seen, response, 'mine'),
      (response) => {
        response.write('data: {]\n\n')
        for (let id = 0; id < 20; id += 1) response.write(event({ id, result: { stolen: true } }))
        response.write(event({ id: 1, method: 'sampling/createMessage' }))
      },
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await test.upstreams.warm('one', asker(), SIGNAL)
    await until(() => test.strays === 21, 'all of it is counted')
    expect(await callText(test.upstreams, ['one', 'bad'])).toBe('mine')
  })

  test('with a flood of announcements costs two reads a second', async () => {
    await using server = await startWith(
      (seen, response) => textAnswer(seen, response, 'mine'),
      (response) => {
        const changed = event({ method: 'notifications/tools/list_changed' })
        const flood = setInterval(() => response.write(changed.repeat(100)), 5)
        response.on('close', () => clearInterval(flood))
      },
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await test.upstreams.warm('one', asker(), SIGNAL)
    const beganMs = performance.now()
    const before = server.of('tools/list').length
    await until(() => performance.now() - beganMs > 1_200, 'a while has passed')
    expect(server.of('tools/list').length - before).toBeLessThanOrEqual(4)
    expect(await callText(test.upstreams, ['one', 'good'])).toBe('fine')
  })

  test('with an event over the cap is opened again, and the session goes on', async () => {
    let streams = 0
    await using server = await startWith(
      (seen, response) => textAnswer(seen, response, 'mine'),
      (response) => {
        streams += 1
        if (streams === 1) response.write(`data: ${'x'.repeat(2 * 1_024 * 1_024)}\n\n`)
      },
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await test.upstreams.warm('one', asker(), SIGNAL)
    await until(() => streams === 2, 'the stream is opened again')
    expect(await callText(test.upstreams, ['one', 'good'])).toBe('fine')
  })
})

describe('answers of a child', () => {
  test('in another order than the calls reach their own callers [upstreams/request-id]', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    const done: number[] = []
    const sleep = async (ms: number): Promise<void> => {
      await callText(test.upstreams, ['one', 'sleep'], { ms })
      done.push(ms)
    }
    const echo = (n: number): Promise<string> => callText(test.upstreams, ['one', 'echo'], { n })
    await Promise.all([sleep(300), sleep(150), sleep(10), echo(1), echo(2)])
    expect(done).toEqual([10, 150, 300])
  })

  test('to a call that was given up are dropped and counted', async () => {
    await using test = await openTestUpstreams({ one: hostileServer() })
    await callText(test.upstreams, ['one', 'echo'])
    const leaving = new AbortController()
    const { signal } = leaving
    const left = callText(test.upstreams, ['one', 'sleep'], { ms: 100 }, { signal })
    await callText(test.upstreams, ['one', 'echo'])
    leaving.abort(new AppError('cancelled', 'gone'))
    await expect(left).rejects.toMatchObject({ code: 'cancelled', outcome: 'unknown' })
    await until(() => test.strays === 1, 'the late answer is counted')
    expect(await callText(test.upstreams, ['one', 'cancelled'])).toMatch(/^\[\d+\]$/)
  })
})
