import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import { readBody, sendError } from '@sallyport/kit/http'
import type { BodyBudget } from '@sallyport/kit/http'
import type { OwnServer } from '../upstreams/own-server.ts'

/** How long the child may take to listen; after a handover it waits for the drain of the gateway before. */
const CONNECT_MS = 25_000
const ANSWER_MS = 30_000
/** Pages and small answers of JSON. */
const ANSWER_BYTES_MAX = 10 * 1_024 * 1_024

/** Of one connection, or ours to say. Source: RFC 9110 §7.6.1; RFC 9112 §6. */
const NOT_PASSED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
])

export interface PassThroughDeps {
  /** Undefined while no Slack server is configured. */
  readonly child: () => OwnServer | undefined
  readonly requestBytesMax: () => number
  reserve(address: string): BodyBudget & { release(): void }
}

/** Who asked, as the door found out. */
export interface Passing {
  readonly address: string
  readonly requestId: string
}

const PASSED_PATH = /^\/(?:slack|webhook)\//

/** Whether an address is the Slack server's to answer. */
export function isPassed(path: string): boolean {
  return PASSED_PATH.test(path)
}

/**
 * Hands a request on to the Slack server as it came, its target, headers and body byte for byte, and the answer
 * back: the server checks states and signatures itself. It is told the address of the caller besides.
 */
export class PassThrough {
  readonly #deps: PassThroughDeps

  constructor(deps: PassThroughDeps) {
    this.#deps = deps
  }

  get isOpen(): boolean {
    return this.#deps.child() !== undefined
  }

  /** Answers in any case. */
  async handle(req: IncomingMessage, res: ServerResponse, passing: Passing): Promise<void> {
    const child = this.#deps.child()
    const reservation = this.#deps.reserve(passing.address)
    try {
      if (child === undefined) throw new AppError('not_found', 'nothing is configured here')
      const body = await readBody(req, this.#deps.requestBytesMax(), reservation)
      await handTo(child, { req, res, body, passing })
    } catch (thrown) {
      if (res.headersSent) res.destroy()
      else sendError(res, AppError.from(thrown), passing.requestId)
    } finally {
      reservation.release()
    }
  }
}

/** Once more where nothing listened: it ended a moment ago, and another one comes. */
async function handTo(child: OwnServer, handing: Omit<Handing, 'port'>): Promise<void> {
  const port = await child.port(CONNECT_MS)
  try {
    await hand({ ...handing, port })
  } catch (thrown) {
    if (!isRefused(thrown)) throw thrown
    child.gone(port)
    await hand({ ...handing, port: await child.port(CONNECT_MS) })
  }
}

function isRefused(thrown: unknown): boolean {
  const cause = thrown instanceof AppError ? thrown.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}

interface Handing {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly body: Buffer
  readonly passing: Passing
  readonly port: number
}

/** @throws {AppError} `server_unavailable`, `deadline_exceeded` */
function hand({ req, res, body, passing, port }: Handing): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const sending = request({
    ...{ host: '127.0.0.1', port, method: req.method, path: req.url, agent: false },
    headers: headersOf(req, body, passing),
    setHost: false,
  })
  const timer = setTimeout(() => {
    sending.destroy(new AppError('deadline_exceeded', 'the Slack server did not answer in time'))
  }, ANSWER_MS)
  const giveUp = (): void => void sending.destroy()
  res.once('close', giveUp)
  sending.once('response', (answer) => {
    passBack(answer, res).then(resolve, reject)
  })
  sending.once('error', (cause) => {
    const lost = 'the Slack server cannot be reached'
    reject(cause instanceof AppError ? cause : new AppError('server_unavailable', lost, { cause }))
  })
  // Without an error, and before an answer: the client went away.
  sending.once('close', resolve)
  sending.end(body)
  return promise.finally(() => {
    clearTimeout(timer)
    res.off('close', giveUp)
  })
}

function headersOf(req: IncomingMessage, body: Buffer, { address, requestId }: Passing): string[] {
  const named = connectionNames(req)
  const headers: string[] = []
  for (let at = 0; at < req.rawHeaders.length; at += 2) {
    const name = req.rawHeaders[at] ?? ''
    const lower = name.toLowerCase()
    if (!NOT_PASSED.has(lower) && !named.has(lower))
      headers.push(name, req.rawHeaders[at + 1] ?? '')
  }
  headers.push('x-forwarded-for', address, 'x-request-id', requestId, 'connection', 'close')
  if (body.length > 0 || req.headers['content-length'] !== undefined) {
    headers.push('content-length', String(body.length))
  }
  return headers
}

/** What `Connection` says is of this connection alone. */
function connectionNames({ headers }: IncomingMessage): ReadonlySet<string> {
  const names = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  return new Set([...names, 'x-request-id'])
}

async function passBack(answer: IncomingMessage, res: ServerResponse): Promise<void> {
  const headers: string[] = []
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    const name = answer.rawHeaders[at] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'content-length' || !NOT_PASSED.has(lower)) {
      headers.push(name, answer.rawHeaders[at + 1] ?? '')
    }
  }
  res.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers)
  let bytes = 0
  for await (const chunk of answer) {
    const piece = chunk as Buffer // no encoding is set
    bytes += piece.length
    if (bytes > ANSWER_BYTES_MAX) throw new AppError('result_too_large', 'the answer is too large')
    if (!res.write(piece)) await drained(res)
  }
  res.end()
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      res.off('drain', over)
      res.off('close', over)
      resolve()
    }
    res.on('drain', over)
    res.on('close', over)
  })
}
