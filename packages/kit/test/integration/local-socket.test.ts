import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { callSocket } from '@sallyport/kit/lifecycle'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
let count = 0

afterAll(() => rmSync(folder, { recursive: true }))

async function serve(handler: RequestListener) {
  const path = join(folder, `${(count += 1)}.sock`)
  const server = createServer(handler).listen(path)
  await once(server, 'listening')
  return { path, [Symbol.asyncDispose]: async () => void server.close() }
}

const get = (path: string, signal = AbortSignal.timeout(5_000)) =>
  callSocket({ path, method: 'GET', url: '/api/v1/status', signal })

test('says not_running where nothing listens, nothing is, or no socket is', async () => {
  await expect(get(join(folder, 'none.sock'))).rejects.toMatchObject({ code: 'not_running' })
  writeFileSync(join(folder, 'file.sock'), '')
  await expect(get(join(folder, 'file.sock'))).rejects.toMatchObject({ code: 'not_running' })
})

test('throws the error that the gateway answered', async () => {
  const error = {
    code: 'rate_limited',
    message: 'slow down',
    requestId: 'r-1',
    retryable: true,
    retryAfterMs: 1_500,
  }
  await using server = await serve((_req, res) => {
    res.writeHead(429).end(JSON.stringify({ error }))
  })
  await expect(get(server.path)).rejects.toMatchObject({
    code: 'rate_limited',
    message: 'slow down',
    retryAfterMs: 1_500,
    details: { requestId: 'r-1' },
  })
})

test.each([
  ['no JSON', 200, '<html>'],
  ['an error of no shape', 500, '{"error":"boom"}'],
  ['a code nobody knows', 500, '{"error":{"code":"toString","message":"x"}}'],
])('calls %s a broken protocol', async (_case, status, body) => {
  await using server = await serve((_req, res) => void res.writeHead(status).end(body))
  await expect(get(server.path)).rejects.toMatchObject({ code: 'server_protocol' })
})

test('sends a body as JSON and returns the parsed answer', async () => {
  await using server = await serve(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    res.end(JSON.stringify({ method: req.method, type: req.headers['content-type'], body }))
  })
  const asked = { path: server.path, method: 'POST', url: '/', body: { name: 'a' } } as const
  await expect(callSocket({ ...asked, signal: AbortSignal.timeout(5_000) })).resolves.toEqual({
    method: 'POST',
    type: 'application/json',
    body: '{"name":"a"}',
  })
})

test('returns undefined for an empty answer', async () => {
  await using server = await serve((_req, res) => void res.writeHead(204).end())
  await expect(get(server.path)).resolves.toBeUndefined()
})

test('gives up with the reason of its signal', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  await using server = await serve(() => controller.abort(reason))
  await expect(get(server.path, controller.signal)).rejects.toBe(reason)
  await expect(get(server.path, controller.signal)).rejects.toBe(reason)
})

test('calls a connection cut before the answer lost', async () => {
  const path = join(folder, 'cut.sock')
  const server = createNetServer((socket) => socket.destroy()).listen(path)
  await once(server, 'listening')
  await expect(get(path)).rejects.toMatchObject({ code: 'server_lost' })
  server.close()
})
