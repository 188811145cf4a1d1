import { expect, test } from 'vitest'
import {
  asker,
  callText,
  httpServer,
  openTestUpstreams,
  until,
} from '../fixtures/upstreams/harness.ts'
import { startRawHttp, legacyServer, textAnswer } from '../fixtures/upstreams/raw-http-server.ts'
import { type SseServer, startSseServer } from '../fixtures/upstreams/sse-servers.ts'

/** A server of the older transport; what is posted to its stream's own address is refused with `status`. */
function olderServer(status = 404): Promise<SseServer> {
  return startSseServer({
    onPost: ({ message, path }, response, server) => {
      if (path === '/sse') {
        response.writeHead(status, { 'content-type': 'text/html' }).end('Cannot POST /sse')
        return
      }
      response.writeHead(202).end('Accepted')
      const { id, method } = message
      if (method === 'tools/list') server.send({ id, result: { tools: [{ name: 'a' }] } })
      if (method === 'tools/call') server.send({ id, result: { content: [{ text: 'over sse' }] } })
    },
  })
}

test.each([400, 404, 405])(
  'a server that refuses a handshake with %s is tried over HTTP+SSE, and spoken to so from then on [upstreams/sse/fallback]',
  async (status) => {
    await using server = await olderServer(status)
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('over sse')
    await until(() => test.tools.get('one')?.join() === 'a', 'the list was read')
    expect(test.eras).toMatchObject([{ era: 'legacy', version: '2024-11-05' }])
    const refused = server.posts.filter(({ path }) => path === '/sse').length
    for (const stream of server.streams) stream.destroy()
    await until(() => test.status('one').state === 'cold', 'the session is lost')
    expect(await callText(test.upstreams, ['one', 'x'])).toBe('over sse')
    expect(server.posts.filter(({ path }) => path === '/sse')).toHaveLength(refused)
  },
)

test.each([401, 403, 500, 503])(
  'a server that refuses a handshake with %s is not asked in another transport',
  async (status) => {
    await using server = await olderServer(status)
    await using test = await openTestUpstreams({ one: httpServer(server.url) })
    await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
      outcome: 'not_sent',
    })
    expect(server.streams.size).toBe(0)
  },
)

test('`transport: http` never tries the older one, `transport: sse` no other', async () => {
  await using server = await olderServer()
  const named = (transport: 'http' | 'sse') => httpServer(server.url, { transport })
  await using test = await openTestUpstreams({ http: named('http'), sse: named('sse') })
  await expect(callText(test.upstreams, ['http', 'x'])).rejects.toMatchObject({
    code: 'server_protocol',
    outcome: 'not_sent',
  })
  const refused = server.posts.length
  expect(await callText(test.upstreams, ['sse', 'x'])).toBe('over sse')
  expect(server.posts.slice(refused).filter(({ path }) => path === '/sse')).toEqual([])
})

test('a server that is neither fails with what it said first', async () => {
  await using server = await startRawHttp((_seen, response) => response.writeHead(404).end())
  await using test = await openTestUpstreams({ one: httpServer(server.url) })
  await expect(
    test.upstreams.warm('one', asker(), AbortSignal.timeout(5_000)),
  ).rejects.toMatchObject({
    code: 'server_protocol',
    message: 'the server answered 404',
  })
  expect(server.of('GET')).toHaveLength(1)
})

test('a server that has moved on to Streamable HTTP is found again', async () => {
  let older = true
  await using sse = await olderServer()
  await using server = await startRawHttp((seen, response) => {
    if (older) {
      // Where the older server lives, until it moves.
      if (seen.method === 'GET') response.writeHead(307, { location: sse.url }).end()
      else response.writeHead(404).end()
    } else legacyServer((one, to) => textAnswer(one, to, 'over http'))(seen, response)
  })
  await using test = await openTestUpstreams({ one: httpServer(server.url) }, { random: () => 0 })
  await expect(callText(test.upstreams, ['one', 'x'])).rejects.toMatchObject({
    outcome: 'not_sent',
  })
  older = false
  await until(
    () =>
      callText(test.upstreams, ['one', 'x']).then(
        (text) => text === 'over http',
        () => false,
      ),
    'it answers over HTTP',
  )
})
