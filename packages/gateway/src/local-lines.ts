import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '@sallyport/kit/errors'
import { createRequestId, pathOf } from '@sallyport/kit/http'
import type { StdioEdge } from '@sallyport/kit/mcp'
import { LOCAL_ADMIN, toAdminErrorBody } from './admin/entrance.ts'

const PROTOCOL = 'mcp-lines'
const NAME = '[a-z0-9][a-z0-9-]{0,31}'
const ENDPOINT_PATH = new RegExp(`^/stdio/(${NAME})$`)
const SERVER_PATH = new RegExp(`^/servers/(${NAME})/stdio$`)

export interface LocalLinesDeps {
  readonly stdio: StdioEdge
  readonly hasScope: (scope: string) => boolean
  /** Whether clients are still taken on. */
  readonly running: () => boolean
}

/**
 * The local socket's second protocol: `GET /stdio` with `Upgrade: mcp-lines` turns the connection into lines of
 * MCP, served as the local administrator. `/stdio/<endpoint>` and `/servers/<name>/stdio` serve those alone.
 */
export function createLineUpgrade(
  deps: LocalLinesDeps,
): (req: IncomingMessage, socket: Duplex) => void {
  return (req, socket) => {
    // A peer that goes away is no error; whoever reads or writes learns of it.
    socket.on('error', () => socket.destroy())
    const scope = scopeOf(req)
    if (scope === undefined) return refuseUpgrade(socket, nothing())
    if (!deps.running())
      return refuseUpgrade(socket, new AppError('shutting_down', 'the gateway stops'))
    if (!deps.hasScope(scope)) return refuseUpgrade(socket, unknownScope(scope))
    socket.write(
      `HTTP/1.1 101 ${STATUS_CODES[101]}\r\nConnection: Upgrade\r\nUpgrade: ${PROTOCOL}\r\n\r\n`,
    )
    void deps.stdio.serve(socket, { principal: LOCAL_ADMIN, address: 'local' }, scope)
  }
}

/** Undefined for anything but a request for lines. */
function scopeOf(req: IncomingMessage): string | undefined {
  if (req.method !== 'GET' || req.headers.upgrade !== PROTOCOL) return undefined
  const path = pathOf(req.url ?? '')
  if (path === '/stdio') return ''
  const endpoint = ENDPOINT_PATH.exec(path)?.[1]
  return endpoint === undefined ? SERVER_PATH.exec(path)?.[1] : `endpoint/${endpoint}`
}

function nothing(): AppError {
  return new AppError('not_found', 'there is nothing at this address')
}

function unknownScope(scope: string): AppError {
  const [kind, name] = scope.startsWith('endpoint/')
    ? ['endpoint', scope.slice('endpoint/'.length)]
    : ['server', scope]
  return new AppError('not_found', `the configuration has no ${kind} ${name}`)
}

/** Answers a request for another protocol that is not granted. */
export function refuseUpgrade(socket: Duplex, error: AppError): void {
  const body = toAdminErrorBody(error, createRequestId())
  const { http: status } = error.spec
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
