import { AppError } from '@sallyport/kit/errors'
import { describe, expect, test } from 'vitest'
import {
  callRaw,
  callText,
  httpServer,
  openTestUpstreams,
  principal,
  until,
} from '../fixtures/upstreams/harness.ts'
import {
  json,
  legacyServer,
  startRawHttp,
  textAnswer,
} from '../fixtures/upstreams/raw-http-server.ts'

async function freePort(): Promise<number> {
  await using server = await startRawHttp(() => undefined)
  return server.port
}

describe('refusals over HTTP', () => {
  test.each([
    [401, 'server_unauthorized'],
    [403, 'server_unauthorized'],
    [429, 'server_unavailable'],
    [500, 'server_unavailable'],
    [503, 'server_unavailable'],
    [302, 'server_protocol'],
  ] as const)(
    '%i during the probe is %s and no era [upstreams/era/unauthorized]',
    async (status, code) => {
      await using server = await startRawHttp((_seen, response) => {
        response
          .writeHead(status, { location: 'http://127.0.0.1:1/', 'retry-after': '7' })
          .end('no')
      })
      await using test = await openTestUpstreams({ one: httpServer(server.url) })
      await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
        code,
        outcome: 'not_sent',
      })
      expect(server.of('initialize')).toHaveLength(status === 302 ? 1 : 0)
      expect(test.eras).toEqual([])
      expect(test.status('one').state).toBe('degraded')
    },
  )

  test.each([
    ['401', 401, '', 'server_unauthorized', 'not_sent'],
    ['429', 429, '', 'server_unavailable', 'not_sent'],
    ['502', 502, '<html>', 'server_unavailable', 'unknown'],
    ['a page instead of an answer', 200, '<html>', 'server_protocol', 'unknown'],
    ['nothing at all', 202, '', 'server_protocol', 'unknown'],
    [
      'an answer to another request',
      200,
      '{"jsonrpc":"2.0","id":9999,"result":{}}',
      'server_protocol',
      'unknown',
    ],
    ['broken JSON', 200, '{"jsonrpc":"2.0","id"', 'server_protocol', 'unknown'],
  ] as const)(
    '%s as the answer to a call is a typed error',
    async (_case, status, body, ...[code, outcome]) => {
      await using server = await startRawHttp(
        legacyServer((_seen, response) => {
          const type = body.startsWith('{') ? 'application/json' : 'text/html'
          response.writeHead(status, { 'content-type': type, 'retry-after': '2' }).end(body)
        }),
      )
      await using test = await openTestUpstreams({ one: httpServer(server.url) })
      await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({ code, outcome })
      // A refused call is no reason to give up the session.
      expect(server.of('initialize')).toHaveLength(1)
    },
  )

  test.each([401, 403])('calls refused with %i cost no connections', async (status) => {
    const ports = new Set<number | undefined>()
    await using server = await startRawHttp(
      legacyServer((_seen, response) => {
        ports.add(response.socket?.remotePort)
        response.writeHead(status).end('no')
      }),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    for (let n = 0; n < 12; n += 1) {
      await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
        outcome: 'not_sent',
      })
    }
    // What is still read of one refusal is not waited for by the next call.
    expect(ports.size).toBeLessThanOrEqual(4)
  })

  test('a refusal whose words never end keeps its connection for a second only', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    await using server = await startRawHttp(
      legacyServer((_seen, response) => {
        response.once('close', resolve)
        response.writeHead(401).write('no')
      }),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
      outcome: 'not_sent',
    })
    await closed
  })

  test('an answer that speaks of a session is an answer: the call is not sent again [upstreams/error/own]', async () => {
    let paid = 0
    await using server = await startRawHttp(
      legacyServer((seen, response) => {
        paid += 1
        const error = { code: -32_000, message: 'paid, but the checkout session was not closed' }
        json(response, { id: seen.body.id, error }, 400)
      }, 'session-1'),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    expect((await callRaw(test.upstreams, ['one', 'x'])).kind).toBe('error')
    expect([paid, server.of('initialize').length]).toEqual([1, 1])
  })

  test('a JSON-RPC error under an HTTP error is the server’s answer [upstreams/error/own]', async () => {
    await using server = await startRawHttp(
      legacyServer((seen, response) => {
        const error = { code: -32_602, message: 'bad' }
        json(response, { id: seen.body.id, error }, 400)
      }),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    expect((await callRaw(test.upstreams, ['one', 'x'])).kind).toBe('error')
  })

  test.each([
    ['announced', true],
    ['not announced', false],
  ])(
    'a result over the cap, its length %s, is too large and not read to its end [limits/result]',
    async (_case, announced) => {
      let written = 0
      await using server = await startRawHttp(
        legacyServer((_seen, response) => {
          const total = 64 * 1_024 * 1_024
          response.writeHead(200, {
            'content-type': 'application/json',
            ...(announced ? { 'content-length': String(total) } : {}),
          })
          const more = (): void => {
            if (response.destroyed || written >= total) return
            written += 65_536
            response.write('x'.repeat(65_536), () => setImmediate(more))
          }
          more()
        }),
      )
      await using test = await openTestUpstreams({ one: httpServer(server.url) })
      await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
        code: 'result_too_large',
        outcome: 'unknown',
      })
      expect(written).toBeLessThan(32 * 1_024 * 1_024)
    },
  )

  test('an event over the cap is too large', async () => {
    await using server = await startRawHttp(
      legacyServer((_seen, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`data: ${'x'.repeat(2 * 1_024 * 1_024)}`)
      }),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
      code: 'result_too_large',
    })
  })

  test('a connection lost after the request is an unknown outcome [upstreams/lost/outcome]', async () => {
    await using server = await startRawHttp(
      legacyServer((_seen, response) => response.socket?.destroy()),
    )
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
      code: 'server_lost',
      outcome: 'unknown',
    })
  })

  test('a refused connection was not sent, and the server is ready again once it is back', async () => {
    const tools = legacyServer((seen, response) => textAnswer(seen, response, 'ok'))
    const first = await startRawHttp(tools)
    const config = httpServer(first.url, { health: { everyMs: 100 } })
    await using test = await openTestUpstreams({ one: config }, { random: () => 0 })
    await callText(test.upstreams, ['one', 'x'])
    await first[Symbol.asyncDispose]()
    const refused = async (): Promise<boolean> => {
      const failure = await callText(test.upstreams, ['one', 'x']).catch(
        (thrown: unknown) => thrown,
      )
      // The first call may still meet a connection that is just being closed.
      return (
        failure instanceof AppError &&
        `${failure.code} ${failure.outcome}` === 'server_unavailable not_sent'
      )
    }
    await until(refused, 'the connection is refused')
    expect(test.status('one').state).toBe('degraded')
    await using _second = await startRawHttp(tools, first.port)
    await until(() => test.status('one').state === 'ready', 'it is ready without a call')
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('ok')
  })

  test('a server that nobody runs is unavailable, with a time to come back', async () => {
    const port = await freePort()
    await using test = await openTestUpstreams({ one: httpServer(`http://127.0.0.1:${port}/mcp`) })
    await expect(
      callText(test.upstreams, ['one', 'x'], {}, { as: principal() }),
    ).rejects.toMatchObject({
      code: 'server_unavailable',
      outcome: 'not_sent',
      retryAfterMs: expect.any(Number) as number,
    })
  })
})
