import type { IncomingMessage, ServerResponse } from 'node:http'
import { CallController } from '../call-signal.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { readBody, sendError } from '../http/index.ts'
import { type Admission, type Deadlines, LiveTable } from '../limits/index.ts'
import type { Log } from '../log/log.ts'
import { judgeEra, RPC, type RpcRefusal } from './envelope.ts'
import { EventStream, type StreamLimits } from './event-stream.ts'
import type { Answer, Caller, Exchange, McpApplication, Reservation } from './exchange.ts'
import type { ScanFault } from './json-walker.ts'
import { answerInitialize, cancelledId, findSession } from './legacy.ts'
import { answerDiscover, openListen } from './listen.ts'
import { type Era, type Message, MODERN_VERSIONS } from './message.ts'
import {
  type Accepts,
  isJsonType,
  JSON_ONLY,
  judgeAccept,
  sendAccepted,
  sendJson,
  wholeAnswer,
} from './reply.ts'
import { Outbound } from './outbound.ts'
import { scanBatch, scanMessage } from './scan.ts'
import type { LegacySession, LegacySessions } from './sessions.ts'
import { errorMessage, idOf, resultMessage } from './splice.ts'
import { Streams } from './streams.ts'

export interface EdgeLimits extends StreamLimits {
  /** Body size, bytes. */
  readonly requestBytes: number
  /** Nesting of JSON, levels. */
  readonly depth: number
}

export interface EdgeDeps {
  readonly sessions: LegacySessions
  readonly reserve: (principalId: string) => Reservation
  readonly clock: Clock
  readonly log: Log
  readonly limits: EdgeLimits
  readonly deadlines: Deadlines
  /** Takes one request from a principal's rate, as the door does. */
  readonly charge: (principalId: string) => Admission
}

/** Where one message came in, and what its sender takes back. */
export interface Inbound {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly caller: Caller
  readonly scope: string
  readonly reservation: Reservation
  readonly accepts: Accepts
  readonly arrivedMs: number
}

interface Speech {
  readonly era: Era
  readonly version: string
  readonly session: LegacySession | undefined
}

const BATCH_MAX = 100
const BATCH_VERSION = '2025-03-26'

/**
 * The HTTP side of MCP, both eras, behind the door: bodies in, sessions, streams, cancellation, answers
 * out. What a request means is the application's affair.
 *
 * Source: MCP 2025-11-25 and 2026-07-28, Streamable HTTP.
 */
export class McpEdge implements AsyncDisposable {
  readonly #app: McpApplication
  readonly #deps: EdgeDeps
  readonly #live = new LiveTable<Exchange, Exchange>()
  readonly #streams: Streams
  #idle: (() => void) | undefined

  constructor(app: McpApplication, deps: EdgeDeps) {
    this.#app = app
    this.#deps = deps
    this.#streams = new Streams(deps.sessions)
    deps.sessions.onEnded = (session) => {
      for (const controller of session.live.values()) {
        controller.abort(new AppError('cancelled', 'the session ended'))
      }
    }
  }

  /** Requests being answered and streams open, for metrics. */
  get load(): { requests: number; streams: number; sessions: number } {
    return {
      requests: this.#live.size,
      streams: this.#streams.size,
      sessions: this.#deps.sessions.size,
    }
  }

  /** Serves one HTTP request that passed the door. Settles when it is answered; never rejects. */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    scope: string,
  ): Promise<void> {
    const reservation = this.#deps.reserve(caller.principal.id)
    response.once('close', () => reservation.release())
    const arrivedMs = this.#deps.clock.monotonicMs()
    const accepts = judgeAccept(request.headers.accept)
    const inbound = { request, response, caller, scope, reservation, accepts, arrivedMs }
    try {
      if (!this.#app.face(scope)) throw new AppError('not_found', 'there is no server of that name')
      if (request.method === 'POST') await this.#post(inbound)
      else if (request.method === 'GET') this.#get(inbound)
      else if (request.method === 'DELETE') this.#delete(inbound)
      else throw new AppError('method_not_allowed', 'this address takes POST')
      cutStalled(response, this.#deps.limits.stallMs)
    } catch (thrown) {
      const error = AppError.from(thrown)
      if (error.spec.family === 'defect') {
        this.#deps.log.error({ requestId: caller.requestId, err: error }, 'request failed')
      }
      if (error.code === 'method_not_allowed') response.setHeader('allow', 'POST')
      sendError(response, error, caller.requestId)
    }
    // A call that outlived its connection took bytes after they were given back.
    if (response.closed) reservation.release()
  }

  /** Tells clients that the tools under a server's name changed. */
  toolsChanged(server: string): void {
    this.#streams.announce(server)
  }

  /** Ends everything that belongs to a principal whose credential was revoked. */
  endPrincipal(principalId: string): void {
    this.#deps.sessions.endPrincipal(principalId)
    this.#streams.endPrincipal(principalId)
    for (const exchange of this.#live.values()) {
      if (exchange.caller.principal.id !== principalId) continue
      exchange.controller.abort(new AppError('credential_invalid', 'the key was revoked'))
    }
  }

  /** Lets requests finish for `drainMs`, then aborts the rest with `shutting_down`. */
  async drain(drainMs: number): Promise<void> {
    this.#streams.endAll()
    if (this.#live.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs)
        this.#idle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    for (const exchange of this.#live.values()) {
      exchange.controller.abort(new AppError('shutting_down', 'the gateway is stopping'))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0)
    this.#deps.sessions[Symbol.dispose]()
  }

  async #post(inbound: Inbound): Promise<void> {
    const { request, response, caller, accepts } = inbound
    const { limits } = this.#deps
    if (!isJsonType(request.headers['content-type'])) {
      throw new AppError('media_type', 'content-type must be application/json')
    }
    if (!accepts.json && !accepts.stream) {
      throw new AppError(
        'not_acceptable',
        'accept must allow application/json or text/event-stream',
      )
    }
    const bytes = await readBody(request, limits.requestBytes, inbound.reservation)
    const message = scanMessage(bytes, limits)
    if ('fault' in message) {
      if (message.fault === 'batch') return this.#batch(inbound, bytes)
      return sendJson(response, faultAnswer(message), caller.requestId)
    }
    const verdict = judgeEra(message, request.headers)
    if (verdict.era === 'refused') {
      return sendJson(response, refusalAnswer(message, verdict.refusal), caller.requestId)
    }
    if (verdict.era === 'modern') return this.#modern(inbound, message, verdict.version)
    const session = this.#session(inbound, message)
    if (session === 'refused') return
    const answer = await this.#legacy(inbound, message, session, verdict.version)
    if (answer === undefined) sendAccepted(response, caller.requestId)
    else if (answer !== 'sent') sendJson(response, answer, caller.requestId)
  }

  async #modern(inbound: Inbound, message: Message, version: string): Promise<void> {
    const { response, caller, scope } = inbound
    if (message.kind !== 'request') return sendAccepted(response, caller.requestId)
    if (message.method === 'server/discover') {
      return sendJson(response, answerDiscover(message, this.#face(scope)), caller.requestId)
    }
    if (message.method === 'subscriptions/listen') {
      const { limits } = this.#deps
      return openListen(inbound, message, {
        face: this.#face(scope),
        streams: this.#streams,
        limits,
      })
    }
    if (!this.#app.methods.has(message.method)) {
      return sendJson(response, unknownMethod(message, 404), caller.requestId)
    }
    const answer = await this.#exchange(inbound, message, {
      era: 'modern',
      version,
      session: undefined,
    })
    if (answer !== 'sent') sendJson(response, answer, caller.requestId)
  }

  /** The answer to one legacy message; undefined when it takes none, `sent` when it went by stream. */
  async #legacy(
    inbound: Inbound,
    message: Message,
    session: LegacySession | undefined,
    headerVersion: string | undefined,
  ): Promise<Answer | 'sent' | undefined> {
    if (message.kind !== 'request') {
      const id = session && cancelledId(message)
      if (id !== undefined) {
        session?.live.get(id)?.abort(new AppError('cancelled', 'the client cancelled the call'))
      }
      return undefined
    }
    if (message.method === 'initialize') {
      const { sessions } = this.#deps
      const opened = answerInitialize(message, this.#face(inbound.scope), (version) =>
        sessions.open(inbound.caller.principal.id, version),
      )
      if (opened.session) inbound.response.setHeader('mcp-session-id', opened.session.id)
      return opened.answer
    }
    if (message.method === 'ping') return { bytes: resultMessage(idOf(message), '{}'), status: 200 }
    if (!this.#app.methods.has(message.method)) return unknownMethod(message, 200)
    if (!session) {
      return refusalAnswer(message, {
        status: 400,
        code: RPC.invalidRequest,
        message: 'the Mcp-Session-Id header is missing: send initialize first',
      })
    }
    const id = idOf(message).toString()
    if (session.live.has(id)) {
      const text = 'a request with this id is still being answered'
      return refusalAnswer(message, { status: 400, code: RPC.invalidRequest, message: text })
    }
    const version = headerVersion ?? session.version
    return this.#exchange(inbound, message, { era: 'legacy', version, session })
  }

  async #exchange(inbound: Inbound, message: Message, speech: Speech): Promise<Answer | 'sent'> {
    const { response } = inbound
    const { era, version, session } = speech
    const controller = new CallController()
    const outbound = new Outbound(inbound, this.#deps)
    const exchange: Exchange = {
      caller: inbound.caller,
      era,
      version,
      scope: inbound.scope,
      message,
      headers: inbound.request.headers,
      reservation: inbound.reservation,
      arrivedMs: inbound.arrivedMs,
      controller,
      notify: outbound.notify,
    }
    // A modern client cancels by closing; a legacy client's lost connection is no cancellation.
    const onClose = () =>
      controller.abort(new AppError('cancelled', 'the client closed the request'))
    if (era === 'modern') response.once('close', onClose)
    const liveId = session && idOf(message).toString()
    if (session && liveId !== undefined) session.live.add(liveId, controller)
    this.#live.add(exchange, exchange)
    try {
      const answer = await this.#app.request(exchange)
      return outbound.finish(answer)
    } finally {
      outbound.stopWaiting()
      if (era === 'modern') response.removeListener('close', onClose)
      if (session && liveId !== undefined) session.live.delete(liveId)
      this.#live.delete(exchange)
      if (this.#live.size === 0) this.#idle?.()
    }
  }

  /** Only revision 2025-03-26 sends arrays. Source: MCP 2025-03-26, "Batching"; removed in 2025-06-18. */
  async #batch(inbound: Inbound, bytes: Buffer): Promise<void> {
    const { request, response, caller } = inbound
    const parts = scanBatch(bytes, this.#deps.limits)
    if (!Array.isArray(parts)) return sendJson(response, faultAnswer(parts), caller.requestId)
    const session = findSession(request, caller.principal.id, this.#deps.sessions)
    if (session === 'unknown') throw new AppError('not_found', 'the session is unknown or over')
    const header = request.headers['mcp-protocol-version']
    const version = session?.version ?? header ?? BATCH_VERSION
    const reason = batchFault(parts.length, version)
    if (reason !== undefined) {
      return sendJson(response, faultAnswer({ fault: 'shape', reason }), caller.requestId)
    }
    this.#charge(caller, parts.length - 1)
    const plain: Inbound = { ...inbound, accepts: JSON_ONLY }
    const answers = await Promise.all(parts.map((part) => this.#batched(plain, part, session)))
    const bodies = answers.filter((answer) => answer !== undefined).map(wholeAnswer)
    if (bodies.length === 0) return sendAccepted(response, caller.requestId)
    const joined = bodies.flatMap((body, index) => (index === 0 ? [body] : [COMMA, body]))
    const body = Buffer.concat([Buffer.from('['), ...joined, Buffer.from(']')])
    sendJson(response, { bytes: body, status: 200 }, caller.requestId)
  }

  /** A batch costs as much as its messages one by one. The door has charged for one. */
  #charge({ principal }: Caller, messages: number): void {
    for (let charged = 0; charged < messages; charged += 1) {
      const { allowed, retryAfterMs } = this.#deps.charge(principal.id)
      if (allowed) continue
      const text = 'the batch holds more messages than the rate allows; send fewer at once'
      throw new AppError('rate_limited', text, { retryAfterMs })
    }
  }

  async #batched(
    inbound: Inbound,
    part: Buffer,
    session: LegacySession | undefined,
  ): Promise<Answer | undefined> {
    const message = scanMessage(part, this.#deps.limits)
    if ('fault' in message) return faultAnswer(message)
    if (message.method === 'initialize') {
      return faultAnswer({ fault: 'shape', reason: 'initialize stands alone, not in a batch' })
    }
    const answer = await this.#legacy(inbound, message, session, undefined)
    return answer === 'sent' ? undefined : answer
  }

  /** A legacy client's stream for what belongs to no request. */
  #get(inbound: Inbound): void {
    const { response, caller, scope, accepts } = inbound
    const session = this.#ownSession(inbound)
    if (!accepts.stream) {
      throw new AppError('not_acceptable', 'accept must allow text/event-stream')
    }
    const headers = { 'x-request-id': caller.requestId, 'mcp-session-id': session.id }
    const stream = new EventStream(response, headers, this.#deps.limits)
    this.#streams.addSession(stream, session, scope)
  }

  #delete(inbound: Inbound): void {
    const { response, caller } = inbound
    const session = this.#ownSession(inbound)
    this.#deps.sessions.end(session)
    response.writeHead(204, { 'x-request-id': caller.requestId })
    response.end()
  }

  /**
   * The session that GET or DELETE is about. The modern era has neither, whatever session is named.
   *
   * Source: MCP 2026-07-28, Streamable HTTP, "Backward compatibility".
   */
  #ownSession({ request, caller }: Inbound): LegacySession {
    const version = request.headers['mcp-protocol-version']
    const modern = MODERN_VERSIONS.some((known) => known === version)
    const session = modern
      ? undefined
      : findSession(request, caller.principal.id, this.#deps.sessions)
    if (session === undefined) throw new AppError('method_not_allowed', 'this address takes POST')
    if (session === 'unknown') throw new AppError('not_found', 'the session is unknown or over')
    return session
  }

  /** The session a message names, or undefined without one; answers 404 for one that is over. */
  #session(inbound: Inbound, message: Message): LegacySession | undefined | 'refused' {
    if (message.method === 'initialize') return undefined
    const { request, response, caller } = inbound
    const found = findSession(request, caller.principal.id, this.#deps.sessions)
    if (found !== 'unknown') return found
    const refusal = {
      status: 404,
      code: RPC.invalidRequest,
      message: 'the session is unknown or over',
    }
    sendJson(response, refusalAnswer(message, refusal), caller.requestId)
    return 'refused'
  }

  #face(scope: string): NonNullable<ReturnType<McpApplication['face']>> {
    const face = this.#app.face(scope)
    if (!face) throw new AppError('not_found', 'there is no server of that name')
    return face
  }
}

const COMMA = Buffer.from(',')

/** More than a connection takes at once: whether the rest goes out is up to the reader. */
const UNREAD_BYTES_MIN = 65_536

/** Cuts off the reader of a large answer once it takes nothing of it for `stallMs`. */
function cutStalled(response: ServerResponse, stallMs: number): void {
  if (!response.writableEnded || response.writableLength < UNREAD_BYTES_MIN) return
  response.setTimeout(stallMs, () => response.destroy())
}

function batchFault(length: number, version: string | string[]): string | undefined {
  if (version !== BATCH_VERSION) return 'only revision 2025-03-26 knows batches'
  if (length === 0) return 'the batch is empty'
  return length > BATCH_MAX ? `a batch holds at most ${BATCH_MAX} messages` : undefined
}

function faultAnswer(fault: ScanFault): Answer {
  const code = fault.fault === 'parse' ? RPC.parse : RPC.invalidRequest
  return { bytes: errorMessage(Buffer.from('null'), code, fault.reason), status: 400 }
}

function refusalAnswer(message: Message, refusal: RpcRefusal): Answer {
  const bytes = errorMessage(idOf(message), refusal.code, refusal.message, refusal.data)
  return { bytes, status: refusal.status }
}

function unknownMethod(message: Message, status: number): Answer {
  return { bytes: errorMessage(idOf(message), RPC.methodNotFound, 'Method not found'), status }
}
