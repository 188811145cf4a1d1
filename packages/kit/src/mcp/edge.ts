import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../errors.ts'
import { sendError } from '../http/index.ts'
import { EdgeCore } from './core.ts'
import type { EdgeDeps } from './edge-deps.ts'
import type { Caller, McpApplication } from './exchange.ts'
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

  constructor(app: McpApplication, deps: EdgeDeps) {
    this.core = new EdgeCore(app, deps)
    this.#streamable = new StreamableHttp(this.core)
  }

  /** Requests being answered and streams open, for metrics. */
  get load(): { requests: number; streams: number; sessions: number } {
    const { calls, streams, deps } = this.core
    return { requests: calls.size, streams: streams.size, sessions: deps.sessions.size }
  }

  /** Serves one HTTP request that passed the door. Settles when it is answered; never rejects. */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    scope: string,
  ): Promise<void> {
    const { app, deps } = this.core
    const reservation = deps.reserve(caller.principal.id)
    response.once('close', () => reservation.release())
    const inbound: Inbound = {
      request,
      response,
      caller,
      scope,
      headers: request.headers,
      reservation,
      accepts: judgeAccept(request.headers.accept),
      arrivedMs: deps.clock.monotonicMs(),
    }
    try {
      if (!app.hasScope(scope)) throw new AppError('not_found', 'there is no server of that name')
      await this.#streamable.serve(inbound)
      cutStalled(response, deps.limits.stallMs)
    } catch (thrown) {
      this.#refuse(inbound, AppError.from(thrown))
    }
    // A call that outlived its connection took bytes after they were given back.
    if (response.closed) reservation.release()
  }

  /** Tells clients in scopes that are concerned that a list changed. */
  changed(kind: ListKind, concerns: (scope: string) => boolean): void {
    this.core.changed(kind, concerns)
  }

  /** Ends everything that belongs to a principal whose credential was revoked. */
  endPrincipal(principalId: string): void {
    this.core.endPrincipal(principalId)
  }

  /** Lets requests finish for `drainMs`, then aborts the rest with `shutting_down`. */
  async drain(drainMs: number): Promise<void> {
    await this.core.drain(drainMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.core[Symbol.asyncDispose]()
  }

  #refuse({ response, caller }: Inbound, error: AppError): void {
    const { requestId } = caller
    if (error.spec.family === 'defect') {
      this.core.deps.log.error({ requestId, err: error }, 'request failed')
    }
    if (error.code === 'method_not_allowed') response.setHeader('allow', 'POST')
    sendError(response, error, requestId)
  }
}

/** More than a connection takes at once: whether the rest goes out is up to the reader. */
const UNREAD_BYTES_MIN = 65_536

/** Cuts off the reader of a large answer once it takes nothing of it for `stallMs`. */
function cutStalled(response: ServerResponse, stallMs: number): void {
  if (!response.writableEnded || response.writableLength < UNREAD_BYTES_MIN) return
  response.setTimeout(stallMs, () => response.destroy())
}
