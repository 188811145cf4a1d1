import { CallController } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import { readBody } from '../http/index.ts'
import { answerBatch } from './batch.ts'
import type { EdgeCore } from './core.ts'
import { judgeEra, RPC } from './envelope.ts'
import { EventStream } from './event-stream.ts'
import type { Answer } from './exchange.ts'
import type { Inbound } from './inbound.ts'
import { prepareListen } from './listen.ts'
import { type Message, MODERN_VERSIONS } from './message.ts'
import { Outbound } from './outbound.ts'
import { faultAnswer, isJsonType, refusalAnswer, sendAccepted, sendJson } from './reply.ts'
import { scanMessage } from './scan.ts'
import type { LegacySession } from './session.ts'
import { parseEventId } from './session-stream.ts'

/**
 * Streamable HTTP, both eras: bodies in, answers and streams out.
 *
 * Source: MCP 2025-11-25 and 2026-07-28, Streamable HTTP.
 */
export class StreamableHttp {
  readonly #core: EdgeCore

  constructor(core: EdgeCore) {
    this.#core = core
  }

  /**
   * Serves one request. Settles when it is answered.
   *
   * @throws {AppError} (also as a rejection) what is to be answered with an HTTP status
   */
  serve(inbound: Inbound): Promise<void> | void {
    switch (inbound.request.method) {
      case 'POST':
        return this.#post(inbound)
      case 'GET':
        return this.#get(inbound)
      case 'DELETE':
        return this.#delete(inbound)
      default:
        throw postOnly(inbound)
    }
  }

  async #post(inbound: Inbound): Promise<void> {
    const { response, caller } = inbound
    assertMediaTypes(inbound)
    const { limits } = this.#core.deps
    const bytes = await readBody(inbound.request, limits.requestBytes, inbound.reservation)
    const message = scanMessage(bytes, limits)
    if ('fault' in message) {
      if (message.fault === 'batch') return this.#batch(inbound, bytes)
      return sendJson(response, faultAnswer(message), caller.requestId)
    }
    const verdict = judgeEra(message, inbound.headers)
    if (verdict.era === 'refused') {
      return sendJson(response, refusalAnswer(message, verdict.refusal), caller.requestId)
    }
    const answer =
      verdict.era === 'modern'
        ? await this.#modern(inbound, message, verdict.version)
        : await this.#legacy(inbound, message, verdict.version)
    if (answer === undefined) sendAccepted(response, caller.requestId)
    else if (answer !== 'sent') sendJson(response, answer, caller.requestId)
  }

  async #modern(
    inbound: Inbound,
    message: Message,
    version: string,
  ): Promise<Answer | 'sent' | undefined> {
    const { modern } = this.#core
    const settled = modern.settle(message, inbound)
    if (typeof settled !== 'string') return settled
    // A modern client cancels by closing.
    const controller = new CallController()
    const onClose = () => {
      if (controller.detached) return
      controller.abort(new AppError('cancelled', 'the client closed the request'))
    }
    inbound.response.on('close', onClose)
    let outbound: Outbound | undefined
    try {
      if (settled === 'discover') return await modern.discover(inbound, message, controller)
      if (settled === 'listen') return await this.#listen(inbound, message, controller)
      outbound = new Outbound(inbound, this.#core.deps)
      const speech = { version, send: outbound.send }
      return outbound.finish(await modern.request(inbound, message, speech, controller))
    } finally {
      outbound?.stopWaiting()
      inbound.response.removeListener('close', onClose)
    }
  }

  async #listen(
    inbound: Inbound,
    message: Message,
    controller: CallController,
  ): Promise<Answer | 'sent'> {
    const { response, caller, accepts } = inbound
    if (!accepts.stream) {
      const text = 'subscriptions/listen needs accept: text/event-stream'
      return refusalAnswer(message, { status: 400, code: RPC.invalidRequest, message: text })
    }
    const ready = await prepareListen(inbound, message, this.#core, controller)
    if ('bytes' in ready) return ready
    const headers = { 'x-request-id': caller.requestId }
    const stream = new EventStream(response, headers, this.#core.deps.limits)
    stream.onClose = () => ready.subscription.end()
    ready.begin(stream)
    return 'sent'
  }

  async #legacy(
    inbound: Inbound,
    message: Message,
    headerVersion: string | undefined,
  ): Promise<Answer | 'sent' | undefined> {
    if (message.method === 'initialize' && message.kind === 'request') {
      return this.#initialize(inbound, message)
    }
    const { legacy, calls, deps } = this.#core
    const session = this.#session(inbound)
    if (session === 'unknown') {
      const text = 'the session is unknown or over'
      return refusalAnswer(message, { status: 404, code: RPC.invalidRequest, message: text })
    }
    const settled = legacy.settle(message, session, inbound)
    if (settled !== 'request') return settled
    const outbound = new Outbound(inbound, deps, session)
    const version = headerVersion ?? session?.version ?? ''
    const { send } = outbound
    const speech = { era: 'legacy', version, session, send, client: outbound } as const
    try {
      return outbound.finish(await calls.run(inbound, message, speech))
    } finally {
      outbound.stopWaiting()
    }
  }

  #initialize(inbound: Inbound, message: Message): Promise<Answer> {
    const { response, caller, scope } = inbound
    const { legacy, deps } = this.#core
    return legacy.initialize(inbound, message, (negotiated) => {
      const session = deps.sessions.open(caller.principal, scope, negotiated)
      response.setHeader('mcp-session-id', session.id)
    })
  }

  async #batch(inbound: Inbound, bytes: Buffer): Promise<void> {
    const { response, caller } = inbound
    const session = this.#session(inbound)
    if (session === 'unknown') throw sessionUnknown()
    const client = {
      get gone() {
        return response.closed
      },
    }
    const answer = await answerBatch(this.#core, { ...inbound, client }, bytes, session)
    if (answer === undefined) sendAccepted(response, caller.requestId)
    else sendJson(response, answer, caller.requestId)
  }

  /**
   * A legacy client's stream: the one its `Last-Event-ID` names goes on, as far as it is this session's and
   * still kept; otherwise a new one for what belongs to no request.
   */
  #get(inbound: Inbound): void {
    const { response, caller, accepts } = inbound
    const session = this.#ownSession(inbound)
    if (!accepts.stream) {
      throw new AppError('not_acceptable', 'accept must allow text/event-stream')
    }
    if (this.#core.deps.isSuspended?.(session.label) === true) {
      throw new AppError('suspended', 'an operator suspended this session: it may not listen')
    }
    const headers = { 'x-request-id': caller.requestId, 'mcp-session-id': session.id }
    const seen = parseEventId(inbound.headers['last-event-id'])
    const stream = seen && session.findStream(seen.streamId)
    if (seen && stream) return stream.resume(response, headers, seen.seq)
    const fresh = session.listen(this.#core.deps)
    fresh.begin(response, headers)
    // Its client comes back after a second, and by then meets the next process.
    if (this.#core.ending) fresh.end()
  }

  #delete(inbound: Inbound): void {
    const { response, caller } = inbound
    this.#core.deps.sessions.end(this.#ownSession(inbound))
    response.writeHead(204, { 'x-request-id': caller.requestId })
    response.end()
  }

  /**
   * The session that GET or DELETE is about. The modern era has neither, whatever session is named.
   *
   * Source: MCP 2026-07-28, Streamable HTTP, "Backward compatibility".
   */
  #ownSession(inbound: Inbound): LegacySession {
    const version = inbound.headers['mcp-protocol-version']
    const modern = MODERN_VERSIONS.some((known) => known === version)
    const session = modern ? undefined : this.#session(inbound)
    if (session === undefined) throw postOnly(inbound)
    if (session === 'unknown') throw sessionUnknown()
    return session
  }

  /** The session a request names: undefined without the header, `unknown` when it is none of its sender's. */
  #session({ headers, caller, scope }: Inbound): LegacySession | undefined | 'unknown' {
    const id = headers['mcp-session-id']
    if (id === undefined) return undefined
    const { sessions } = this.#core.deps
    return (typeof id === 'string' && sessions.find(id, caller.principal, scope)) || 'unknown'
  }
}

function assertMediaTypes({ headers, accepts }: Inbound): void {
  if (!isJsonType(headers['content-type'])) {
    throw new AppError('media_type', 'content-type must be application/json')
  }
  if (!accepts.json && !accepts.stream) {
    throw new AppError('not_acceptable', 'accept must allow application/json or text/event-stream')
  }
}

function postOnly({ response }: Inbound): AppError {
  response.setHeader('allow', 'POST')
  return new AppError('method_not_allowed', 'this address takes POST')
}

function sessionUnknown(): AppError {
  return new AppError('not_found', 'the session is unknown or over')
}
