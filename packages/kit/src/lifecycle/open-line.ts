import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { AppError } from '../errors.ts'
import { readReply, toSendError } from './call-socket.ts'

export interface LineRequest {
  /** Of the socket, from `socketPathOf`. */
  readonly path: string
  /** What is to be served, such as `/stdio`. */
  readonly url: string
  /** Ends the wait; the line itself is the caller's to end. */
  readonly signal: AbortSignal
  /** What is spoken on it; lines of MCP by default. */
  readonly protocol?: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Connects to a running gateway over its local socket for lines in both directions. The caller destroys
 * the socket.
 *
 * @throws {AppError} `not_running` when nothing listens there; what the gateway answered; the signal's own
 *   reason
 */
export async function openLine(asked: LineRequest): Promise<Socket> {
  asked.signal.throwIfAborted()
  const { line, refusal } = await upgrade(asked)
  if (line) return line
  await readReply(refusal, asked.signal)
  throw new AppError('server_protocol', `the gateway on ${asked.path} did not open a line`)
}

type Reply =
  | { readonly line: Socket; readonly refusal?: undefined }
  | { readonly line?: undefined; readonly refusal: IncomingMessage }

function upgrade(asked: LineRequest): Promise<Reply> {
  const sent = request({
    socketPath: asked.path,
    path: asked.url,
    agent: false,
    headers: {
      host: 'localhost',
      connection: 'Upgrade',
      upgrade: asked.protocol ?? 'mcp-lines',
      ...asked.headers,
    },
    signal: asked.signal,
  })
  return new Promise((resolve, reject) => {
    sent.on('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      resolve({ line: socket })
    })
    sent.on('response', (refusal) => resolve({ refusal }))
    sent.on('error', (error) => reject(toSendError(error, asked)))
    sent.end()
  })
}
