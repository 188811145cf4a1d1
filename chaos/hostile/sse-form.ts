import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { obey } from './faults.ts'
import { openHost } from './host.ts'
import { readMessage } from './http-form.ts'
import { answerTo, orderOf } from './mcp.ts'
import { roomFor } from './room-for.ts'
import type { Order, Wire } from './wire.ts'

/** Serves HTTP+SSE of 2024-11-05: a stream at `/sse`, posts to the address that it names. */
export function serveSse(port: number): Promise<void> {
  const streams = new Map<string, ServerResponse>()
  return openHost(port, async (request, response) => {
    response.on('error', () => undefined) // the peer left
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'GET') return openStream(streams, response)
    const stream = streams.get(url.searchParams.get('session') ?? '')
    if (request.method !== 'POST' || !stream) return void response.writeHead(404).end()
    const message = await readMessage(request)
    if (message === undefined) return
    // An answer to a question of ours: it is never taken.
    if (message.method === undefined) return
    const order = orderOf(message)
    if (order?.fault.startsWith('post-') !== true) response.writeHead(202).end()
    if (order) return obey(wireOf({ id: message.id, order }, response, stream))
    const answer = answerTo(message, 'legacy')
    if (answer) stream.write(`event: message\ndata: ${JSON.stringify(answer)}\n\n`)
  })
}

function openStream(streams: Map<string, ServerResponse>, response: ServerResponse): void {
  const id = randomUUID()
  streams.set(id, response)
  response.once('close', () => streams.delete(id))
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`event: endpoint\ndata: /post?session=${id}\n\n`)
}

function wireOf(
  call: { readonly id: unknown; readonly order: Order },
  response: ServerResponse,
  stream: ServerResponse,
): Wire {
  let begun = false
  return {
    ...{ form: 'sse', era: 'legacy', ...call, response, stream },
    get gone() {
      return stream.destroyed
    },
    event: (message) => roomFor(stream, `event: message\ndata: ${JSON.stringify(message)}\n\n`),
    body: (bytes) => {
      stream.write('event: message\ndata: ')
      stream.write(bytes)
      stream.write('\n\n')
    },
    part: (bytes) => {
      if (!begun) stream.write('event: message\ndata: ')
      begun = true
      return roomFor(stream, bytes)
    },
    end: () => void (begun && stream.write('\n\n')),
  }
}
