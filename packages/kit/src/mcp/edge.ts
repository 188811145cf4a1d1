import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../errors.ts'
import { sendError } from '../http/index.ts'
import type { Principal } from '../principal.ts'
import type { Lull } from './calls.ts'
import { EdgeCore } from './core.ts'
import type { EdgeDeps } from './edge-deps.ts'
import type { Caller, McpApplication, Place } from './exchange.ts'
import { HttpSse } from './http-sse.ts'
import type { Inbound } from './inbound.ts'
import { judgeAccept } from './reply.ts'
import { StreamableHttp } from './streamable-http.ts'
import type { ListKind } from './subscription.ts'

/**
 * The HTTP side of MCP, both eras, behind the door: bodies in, sessions, streams, cancellation, answers
 * out. What a request means is the application's affair.
 */
export class McpEdge implements AsyncDisposable {
  /** What other transports of the same application build on. */
  readonly core: EdgeCore
  readonly #streamable: StreamableHttp
  readonly #sse: HttpSse

  constructor(app: McpApplication, deps: EdgeDeps) {
    this.core = new EdgeCore(app, deps)
    this.#streamable = new StreamableHttp(this.core)
    this.#sse = new HttpSse(this.core)
  }

  /** Requests being answered and streams open, for metrics. */
  get load(): { requests: number; streams: number; sessions: number } {
    const { calls, streams, deps } = this.core
    return { requests: calls.size, streams: streams.size, sessions: deps.sessions.size }
  }

  /**
   * Serves one request of Streamable HTTP that passed the door. Settles when it is answered; never rejects.
   */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    scope: string,
  ): Promise<void> {
    const inbound = this.#receive(request, response, caller, scope)
    this.core.calls.arrive()
    try {
      this.#assertScope(inbound)
      await this.#streamable.serve(inbound)
      cutStalled(response, this.core.deps.limits.stallMs)
    } catch (thrown) {
      this.#refuse(inbound, AppError.from(thrown))
    } finally {
      this.core.calls.arrived()
    }
    // A call that outlived its connection took bytes after they were given back.
    if (response.closed) inbound.reservation.release()
  }

  /**
   * Opens the stream of an HTTP+SSE client that passed the door; its messages go to the `messages` beside
   * the address it asked for. Never throws.
   */
  openSse(request: IncomingMessage, response: ServerResponse, caller: Caller, scope: string): void {
    const inbound = this.#receive(request, response, caller, scope)
    try {
      this.#assertScope(inbound)
      this.#sse.open(inbound, messagesPathOf(request.url ?? ''))
    } catch (thrown) {
      this.#refuse(inbound, AppError.from(thrown))
    }
  }

  /**
   * Takes a message of an HTTP+SSE client that passed the door. Settles when its answer has left by the
   * stream; never rejects.
   */
  async takeSseMessage(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    scope: string,
  ): Promise<void> {
    const inbound = this.#receive(request, response, caller, scope)
    this.core.calls.arrive()
    try {
      this.#assertScope(inbound)
      await this.#sse.message(inbound)
    } catch (thrown) {
      this.#refuse(inbound, AppError.from(thrown))
    } finally {
      this.core.calls.arrived()
    }
  }

  /** Tells clients whom it concerns that a list changed; asked once for all who see the same of a scope. */
  changed(kind: ListKind, concerns: (place: Place) => boolean): void {
    this.core.changed(kind, concerns)
  }

  /** Ends everything that belongs to a principal whose credential was revoked. */
  endPrincipal(principalId: string): void {
    this.core.endPrincipal(principalId)
  }

  /** As `EdgeCore.renewPrincipal`. */
  renewPrincipal(principal: Principal): void {
    this.core.renewPrincipal(principal)
  }

  /** Lets requests finish for `drainMs`, or until none came for the lull, then aborts the rest with `shutting_down`. */
  async drain(drainMs: number, lull?: Lull): Promise<void> {
    await this.core.drain(drainMs, lull)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.core[Symbol.asyncDispose]()
  }

  #receive(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    scope: string,
  ): Inbound {
    const { deps } = this.core
    const reservation = deps.reserve(caller.principal.id)
    response.on('close', () => reservation.release())
    return {
      request,
      response,
      caller,
      scope,
      headers: request.headers,
      reservation,
      accepts: judgeAccept(request.headers.accept),
      arrivedMs: deps.clock.monotonicMs(),
    }
  }

  #assertScope({ scope, caller }: Inbound): void {
    if (this.core.app.hasScope(scope, caller.principal)) return
    throw new AppError('not_found', 'there is no server or endpoint of that name')
  }

  #refuse({ response, caller }: Inbound, error: AppError): void {
    const { requestId } = caller
    if (error.spec.family === 'defect') {
      this.core.deps.log.error({ requestId, err: error }, 'request failed')
    }
    sendError(response, error, requestId)
  }
}

/** The address of messages beside that of a stream: the same but for its last part. */
function messagesPathOf(target: string): string {
  const [path = ''] = target.split('?', 1)
  return `${path.slice(0, path.lastIndexOf('/') + 1)}messages`
}

/** More than a connection takes at once: whether the rest goes out is up to the reader. */
const UNREAD_BYTES_MIN = 65_536

/** Cuts off the reader of a large answer once it takes nothing of it for `stallMs`. */
function cutStalled(response: ServerResponse, stallMs: number): void {
  if (!response.writableEnded || response.writableLength < UNREAD_BYTES_MIN) return
  response.setTimeout(stallMs, () => response.destroy())
}
