import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { obey } from './faults.ts'
import { openHost } from './host.ts'
import { answerTo, type Incoming, orderOf } from './mcp.ts'
import { roomFor } from './room-for.ts'
import type { Era, Order, Wire } from './wire.ts'

/** Serves Streamable HTTP at `/mcp`; legacy with sessions that it insists on. */
export function serveHttp(era: Era, port: number): Promise<void> {
  const sessions = new Set<string>()
  return openHost(port, async (request, response) => {
    response.on('error', () => undefined) // the peer left
    if (request.method === 'GET' && era === 'legacy') return holdOpen(response)
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const message = await readMessage(request)
    if (message === undefined) return
    if (era === 'legacy' && !isKnown(sessions, request, message, response)) return
    // An answer to a question of ours: it is never taken.
    if (message.method === undefined) return
    const order = orderOf(message)
    if (order) return obey(wireOf({ era, id: message.id, order }, response))
    const answer = answerTo(message, era)
    if (answer) response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    else response.writeHead(202).end()
  })
}

/** The body as a message; undefined when the peer went away. */
export async function readMessage(request: IncomingMessage): Promise<Incoming | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer) // no encoding is set
    return JSON.parse(Buffer.concat(chunks).toString()) as Incoming // the gateway sends valid messages
  } catch {
    return undefined // cut while it was sent
  }
}

function holdOpen(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
}

function isKnown(
  sessions: Set<string>,
  { headers }: IncomingMessage,
  { method }: Incoming,
  response: ServerResponse,
): boolean {
  if (method === 'initialize') {
    const id = randomUUID()
    sessions.add(id)
    response.setHeader('mcp-session-id', id)
    return true
  }
  if (method === 'server/discover' || sessions.has(String(headers['mcp-session-id']))) return true
  response.writeHead(404).end()
  return false
}

function wireOf(
  call: { readonly era: Era; readonly id: unknown; readonly order: Order },
  response: ServerResponse,
): Wire {
  const begin = (type: string): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': type })
  }
  return {
    ...{ form: 'http', ...call, response, stream: undefined },
    get gone() {
      return response.destroyed
    },
    event: (message) => {
      begin('text/event-stream')
      return roomFor(response, `data: ${JSON.stringify(message)}\n\n`)
    },
    body: (bytes) => {
      begin('application/json')
      response.end(bytes)
    },
    part: (bytes) => {
      begin('application/json')
      return roomFor(response, bytes)
    },
    end: () => void response.end(),
  }
}
