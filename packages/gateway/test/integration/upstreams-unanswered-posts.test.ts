import { AppError } from '@sallyport/kit/errors'
import { describe, expect, test } from 'vitest'
import {
  callText,
  httpServer,
  openTestUpstreams,
  type TestUpstreams,
  until,
} from '../fixtures/upstreams/harness.ts'
import {
  json,
  legacyServer,
  type Seen,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'
import { startSseServer } from '../fixtures/upstreams/sse-servers.ts'

/** With those kept for the session itself this is ten connections. */
const IN_FLIGHT = 2
const CANCELLED = 'notifications/cancelled'

/** Whether it is a call of this tool. */
function isCallOf(tool: string, { body }: Pick<Seen, 'body'>): boolean {
  return Object(body.params).name === tool
}

/** Calls that nobody waits for any more: each has the server told. */
async function giveUp({ upstreams }: TestUpstreams, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const leaving = new AbortController()
    const { signal } = leaving
    const left = callText(upstreams, ['one', 'hang'], {}, { signal })
    await callText(upstreams, ['one', 'good'], {}, { signal: AbortSignal.timeout(3_000) })
    leaving.abort(new AppError('cancelled', 'gone'))
    await expect(left).rejects.toMatchObject({ code: 'cancelled' })
  }
}

describe('a server that never answers a POST of ours without an answer', () => {
  test('answers calls as before over Streamable HTTP, and hears of each cancellation [upstreams/posts/unanswered]', async () => {
    const legacy = legacyServer((seen, response) => {
      if (!isCallOf('hang', seen)) textAnswer(seen, response, 'fine')
    })
    await using server = await startRawHttp((seen, response) => {
      if (seen.body.method !== CANCELLED) legacy(seen, response)
    })
    const config = httpServer(server.url, { inFlight: IN_FLIGHT })
    await using test = await openTestUpstreams({ one: config })
    await giveUp(test, 12)
    expect(await callText(test.upstreams, ['one', 'good'])).toBe('fine')
    await until(() => server.of(CANCELLED).length === 12, 'the last ones follow')
  })

  test('answers calls as before over HTTP+SSE [upstreams/posts/unanswered]', async () => {
    await using server = await startSseServer({
      onPost: ({ message }, response, { send }) => {
        if (message.method === CANCELLED) return
        response.writeHead(202).end()
        const { id, method, params } = message
        if (method === 'tools/list') send({ id, result: { tools: [{ name: 'a' }] } })
        else if (method === 'tools/call' && params?.['name'] !== 'hang') {
          send({ id, result: { content: [{ type: 'text', text: 'fine' }] } })
        }
      },
    })
    const config = httpServer(server.url, { inFlight: IN_FLIGHT, transport: 'sse' })
    await using test = await openTestUpstreams({ one: config })
    await giveUp(test, 12)
    expect(await callText(test.upstreams, ['one', 'good'])).toBe('fine')
  })
})

test('a session that was lost ends soon though its last POST is never answered, and its calls may still be [upstreams/session/lost-ends]', async () => {
  let current = 0
  const late = Promise.withResolvers<void>()
  await using server = await startRawHttp((seen, response) => {
    if (seen.body.method === CANCELLED) return
    if (seen.body.method === 'initialize') current += 1
    if (isCallOf('forget', seen) && current === 1) {
      json(response, { id: null, error: { code: -32_001, message: 'no session' } }, 404)
      return
    }
    legacyServer((one, to) => {
      if (isCallOf('late', one)) void late.promise.then(() => textAnswer(one, to, 'late'))
      else if (!isCallOf('hang', one)) textAnswer(one, to, 'fine')
    }, `s${current}`)(seen, response)
  })
  const config = httpServer(server.url, { idleAfterMs: 200 })
  await using test = await openTestUpstreams({ one: config })
  await giveUp(test, 1)
  const waiting = callText(test.upstreams, ['one', 'late'])
  await until(() => server.seen.some((seen) => isCallOf('late', seen)), 'a call is on its way')
  expect(await callText(test.upstreams, ['one', 'forget'])).toBe('fine')
  late.resolve()
  expect(await waiting).toBe('late')
  await until(() => test.status('one').state === 'cold', 'nothing of either session is left', 3_000)
})
