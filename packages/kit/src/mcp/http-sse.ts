import { AppError } from '../errors.ts'
import { readBody } from '../http/index.ts'
import type { EdgeCore } from './core.ts'
import { EventStream } from './event-stream.ts'
import type { Inbound } from './inbound.ts'
import { LegacyLine } from './legacy-line.ts'
import { faultAnswer, isJsonType, sendAccepted, sendJson } from './reply.ts'
import { scanMessage } from './scan.ts'
import type { LegacySession } from './session.ts'

/**
 * HTTP+SSE, the transport of revision 2024-11-05: a stream that names the address for messages, and 202 for
 * each message sent there. A session is its stream's: it ends with it, and is its principal's alone.
 *
 * Source: MCP 2024-11-05, "Transports", "HTTP with SSE".
 */
export class HttpSse {
  readonly #core: EdgeCore
  readonly #lines = new WeakMap<LegacySession, LegacyLine>()

  constructor(core: EdgeCore) {
    this.#core = core
  }

  /**
   * Opens a client's stream.
   *
   * @param messagesPath where its messages go, of the same origin
   * @throws {AppError} `method_not_allowed`, `not_acceptable`; `shutting_down`, since its session would end here
   */
  open({ request, response, caller, scope, accepts }: Inbound, messagesPath: string): void {
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET')
      throw new AppError('method_not_allowed', 'this address takes GET')
    }
    // There is nothing but a stream here, so who takes anything takes it.
    const accept = request.headers.accept ?? '*/*'
    if (!accepts.stream && !accept.includes('*/*')) {
      throw new AppError('not_acceptable', 'accept must allow text/event-stream')
    }
    if (this.#core.ending) throw new AppError('shutting_down', 'the gateway is stopping')
    const { sessions, limits } = this.#core.deps
    const session = sessions.openOnLine(caller.principal, scope, { expires: true })
    const stream = new EventStream(response, { 'x-request-id': caller.requestId }, limits)
    stream.onClose = () => sessions.end(session)
    stream.announce('endpoint', `${messagesPath}?sessionId=${session.id}`)
    this.#lines.set(session, new LegacyLine(this.#core, session, stream))
  }

  /**
   * Takes one message; its answer leaves by the stream of the session that the query names. Settles when it
   * has left.
   *
   * @throws {AppError} `method_not_allowed`, `not_found` for a session that is none of the caller's, or what
   *   is wrong with the body
   */
  async message({ request, response, caller, scope, ...rest }: Inbound): Promise<void> {
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST')
      throw new AppError('method_not_allowed', 'this address takes POST')
    }
    const { sessions, limits, reserve } = this.#core.deps
    const session = sessions.findOnLine(sessionIdOf(request.url), caller.principal, scope)
    const line = session && this.#lines.get(session)
    if (!session || !line) throw new AppError('not_found', 'the session is unknown or over')
    if (!isJsonType(rest.headers['content-type'])) {
      throw new AppError('media_type', 'content-type must be application/json')
    }
    // The message outlives its request: it is held until its answer has left.
    const reservation = reserve(caller.principal.id)
    session.messages += 1
    try {
      const bytes = await readBody(request, limits.requestBytes, reservation)
      const message = scanMessage(bytes, limits)
      if ('fault' in message) return sendJson(response, faultAnswer(message), caller.requestId)
      sendAccepted(response, caller.requestId)
      const { headers, arrivedMs } = rest
      await line.receive({ caller, scope, headers, reservation, arrivedMs }, message)
    } finally {
      reservation.release()
      session.messages -= 1
    }
  }
}

function sessionIdOf(target: string | undefined): string {
  const query = target?.split('?', 2)[1] ?? ''
  return new URLSearchParams(query).get('sessionId') ?? ''
}
