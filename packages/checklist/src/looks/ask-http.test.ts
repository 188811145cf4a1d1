import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { askHttp } from './ask-http.ts'

async function serve(answer: (path: string) => { status?: number; text?: string } | undefined) {
  const server = createServer((request, response) => {
    const told = answer(request.url ?? '')
    // Without an answer it hangs.
    if (told === undefined) return
    response.writeHead(told.status ?? 200, { location: '/elsewhere' }).end(told.text)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // of a TCP listener
}

const signal = () => AbortSignal.timeout(5_000)

test('an answer over its bound, or not in time, is refused by what went wrong', async () => {
  const url = await serve((path) => (path === '/long' ? { text: 'x'.repeat(101) } : undefined))
  await expect(askHttp(`${url}/long`, signal(), { bytesMax: 100 })).rejects.toMatchObject({
    code: 'result_too_large',
    message: `${url}/long answered with more than 100 bytes`,
  })
  expect((await askHttp(`${url}/long`, signal(), { bytesMax: 101 })).text.length).toBe(101)
  await expect(askHttp(`${url}/hangs`, signal(), { deadlineMs: 30 })).rejects.toMatchObject({
    code: 'deadline_exceeded',
  })
})

test('a redirect is an answer and is not followed', async () => {
  const asked: string[] = []
  const url = await serve((path) => {
    asked.push(path)
    return { status: 302 }
  })
  expect((await askHttp(`${url}/one`, signal())).status).toBe(302)
  expect(asked).toEqual(['/one'])
})

test('nobody there is told with the reason, and the end of a run ends the wait', async () => {
  await expect(askHttp('http://127.0.0.1:4/', signal())).rejects.toMatchObject({
    code: 'server_unavailable',
    message: 'http://127.0.0.1:4/ cannot be reached: ECONNREFUSED',
  })
  const url = await serve(() => undefined)
  const reason = new Error('the run is over')
  await expect(askHttp(url, AbortSignal.abort(reason))).rejects.toBe(reason)
})
