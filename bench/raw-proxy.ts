import { Agent, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { readBody, serve } from './servers/serve.ts'
import { StdioServer } from './raw-proxy-stdio.ts'

/**
 * The yardstick: the least that a Node proxy for MCP can do. It reads a whole body, parses it, checks it
 * against the headers, sends the same bytes on over a keep-alive pool, reads and parses the answer and
 * passes its bytes back. No credential, no limit, no audit, no metrics, no session of its own.
 *
 * `--url URL [--client undici|http]`, or `--stdio COMMAND...` in front of a child process.
 */
const { values, positionals } = parseArgs({
  options: {
    url: { type: 'string' },
    client: { type: 'string', default: 'undici' },
    stdio: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

interface Message {
  readonly id?: unknown
  readonly method?: string
  readonly params?: { readonly name?: string; readonly _meta?: Readonly<Record<string, unknown>> }
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | string
}

type Send = (
  headers: Record<string, string>,
  body: Buffer,
  message: Message,
  done: (reply: Reply) => void,
) => void

const PASSED = [
  'content-type',
  'accept',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'mcp-session-id',
]
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'

const send = openUpstream()

serve((request, response) => {
  if (request.method !== 'POST') return void response.writeHead(405).end()
  readBody(request, (body) => forward(request, response, body))
})

function forward(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const message = JSON.parse(body.toString()) as Message // the bench's own client wrote it
  if (!agrees(request.headers, message)) return void response.writeHead(400).end()
  send(passed(request.headers), body, message, (reply) => {
    const json = reply.headers['content-type'] === 'application/json'
    if (json) JSON.parse(reply.body.toString())
    response.writeHead(reply.status, {
      ...reply.headers,
      'content-length': Buffer.byteLength(reply.body),
    })
    response.end(reply.body)
  })
}

/** What the modern revision demands of whoever forwards: headers and body say the same. */
function agrees(headers: IncomingHttpHeaders, message: Message): boolean {
  const version = message.params?._meta?.[VERSION_KEY]
  if (version === undefined) return true
  if (headers['mcp-protocol-version'] !== version) return false
  if (headers['mcp-method'] !== message.method) return false
  return message.params?.name === undefined || headers['mcp-name'] === message.params.name
}

function passed(headers: IncomingHttpHeaders): Record<string, string> {
  const out: Record<string, string> = {}
  for (const name of PASSED) {
    const value = headers[name]
    if (typeof value === 'string') out[name] = value
  }
  return out
}

function openUpstream(): Send {
  if (values.stdio) return sendToChild(positionals)
  if (values.url === undefined)
    throw new Error('usage: raw-proxy.ts --url URL | --stdio COMMAND...')
  const url = new URL(values.url)
  return values.client === 'http' ? sendByHttp(url) : sendByUndici(url)
}

/** `Pool.dispatch`, the cheapest face of undici. */
function sendByUndici(url: URL): Send {
  const pool = new Pool(url.origin, { connections: 64, pipelining: 1 })
  return (headers, body, _message, done) => {
    const chunks: Buffer[] = []
    let status = 0
    let answered: Record<string, string> = {}
    pool.dispatch(
      { path: url.pathname, method: 'POST', headers, body },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, statusCode, found) => {
          status = statusCode
          answered = kept(found)
        },
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd: () => done({ status, headers: answered, body: joined(chunks) }),
        onResponseError: (_controller, error) => done(badGateway(error)),
      },
    )
  }
}

function sendByHttp(url: URL): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  return (headers, body, _message, done) => {
    const outgoing = httpRequest(
      {
        agent,
        host: url.hostname,
        port: url.port,
        path: url.pathname,
        method: 'POST',
        headers: { ...headers, 'content-length': body.length },
      },
      (incoming) => {
        readBody(incoming, (answer) =>
          done({
            status: incoming.statusCode ?? 502,
            headers: kept(incoming.headers),
            body: answer,
          }),
        )
      },
    )
    outgoing.on('error', (error) => done(badGateway(error)))
    outgoing.end(body)
  }
}

/** A stdio server speaks one era for life, so each era has a child, started when it first comes up. */
function sendToChild(command: readonly string[]): Send {
  const children = new Map<boolean, StdioServer>()
  return (_headers, body, message, done) => {
    const modern = message.params?._meta?.[VERSION_KEY] !== undefined
    const child = children.get(modern) ?? new StdioServer(command)
    children.set(modern, child)
    child.send(body, message.id, (line) =>
      done(
        line === undefined
          ? { status: 202, headers: {}, body: '' }
          : { status: 200, headers: { 'content-type': 'application/json' }, body: line },
      ),
    )
  }
}

function kept(headers: IncomingHttpHeaders): Record<string, string> {
  const out: Record<string, string> = {}
  for (const name of ['content-type', 'mcp-session-id']) {
    const value = headers[name]
    if (typeof value === 'string') out[name] = value
  }
  return out
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks
  return chunks.length === 1 && only ? only : Buffer.concat(chunks)
}

function badGateway(error: Error): Reply {
  return { status: 502, headers: { 'content-type': 'text/plain' }, body: error.message }
}
