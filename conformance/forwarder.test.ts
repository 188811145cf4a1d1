import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { startForwarder } from './forwarder.ts'

test('Host and Origin pass as they came, and the key is added', async () => {
  await using target = await listen((incoming, response) => {
    const { host, origin, authorization } = incoming.headers
    response.end(JSON.stringify({ url: incoming.url, host, origin, authorization }))
  })
  await using forwarder = await startForwarder(`${target.url}/servers/x/mcp`, 'secret')
  const headers = { host: 'evil.example.com', origin: 'http://evil.example.com' }
  const [answer] = await once(request(forwarder.url, { headers }).end(), 'response')
  expect(JSON.parse(await textOf(answer as IncomingMessage))).toEqual({
    url: '/servers/x/mcp',
    ...headers,
    authorization: 'Bearer secret',
  })
})

test('a client that goes away ends the request to the target', async () => {
  const ended = Promise.withResolvers<void>()
  await using target = await listen((_incoming, response) => {
    response.on('close', ended.resolve)
    response.write('first')
  })
  await using forwarder = await startForwarder(target.url, 'secret')
  const sent = request(forwarder.url).end()
  sent.on('error', () => undefined) // Our own end of it.
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.on('error', () => undefined) // The same.
  await once(answer, 'data')
  sent.destroy()
  await ended.promise
})

test('a target that breaks off breaks off the answer', async () => {
  await using target = await listen((_incoming, response) => {
    response.write('first', () => response.destroy())
  })
  await using forwarder = await startForwarder(target.url, 'secret')
  const [answer] = (await once(request(forwarder.url).end(), 'response')) as [IncomingMessage]
  await expect(textOf(answer)).rejects.toThrow('aborted')
})

interface Target extends AsyncDisposable {
  readonly url: string
}

async function listen(
  handler: (incoming: IncomingMessage, response: ServerResponse) => void,
): Promise<Target> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return text
}
