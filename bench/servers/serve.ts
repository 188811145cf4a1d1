import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Incoming } from './answers.ts'

/**
 * Serves on a free loopback port, prints `{"port":N}` once it listens, and ends with its parent: when
 * standard input closes, nobody is left to stop this process.
 */
export function serve(listener: RequestListener): void {
  const server = createServer({ keepAliveTimeout: 0 }, listener)
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo // a TCP server's address has this shape
    process.stdout.write(`${JSON.stringify({ port })}\n`)
  })
  process.stdin.resume()
  process.stdin.on('end', () => process.exit(0))
}

/** Collects a request's body. */
export function readBody(request: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const [only] = chunks
    done(chunks.length === 1 && only ? only : Buffer.concat(chunks))
  })
}

/** Serves Streamable HTTP with the least work that is still an MCP server. */
export function serveBare(answer: (message: Incoming) => string | undefined): void {
  let sessions = 0
  serve((request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    readBody(request, (body) => {
      const message = JSON.parse(body.toString()) as Incoming // the bench's own client wrote it
      if (message.method === 'initialize') {
        response.setHeader('mcp-session-id', `bench-${++sessions}`)
      }
      sendJson(response, answer(message))
    })
  })
}

/** Answers with one message, or with 202 where there is none. */
export function sendJson(response: ServerResponse, text: string | undefined): void {
  if (text === undefined) return void response.writeHead(202).end()
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
