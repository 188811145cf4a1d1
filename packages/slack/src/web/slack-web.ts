import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import { sendError } from '@sallyport/kit/http'
import type { RateLimits } from '@sallyport/kit/limits'
import type { Log } from '@sallyport/kit/log'
import type { Arrival, Visit } from './visit.ts'

/** Answers one request; settles once it has been answered. */
export type Handle = (req: IncomingMessage, res: ServerResponse, visit: Visit) => Promise<void>

/** One address that needs no key. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly handle: Handle
  /** By address of the caller. */
  readonly rate: RateLimits
  /** Answers what goes no further; JSON unless it is given. */
  readonly refuse?: (res: ServerResponse, error: AppError, visit: Visit) => void
}

/** Requests that are answered at once, over all addresses and callers. */
const RUNNING_MAX = 256

/** The addresses under `/slack/`, by path. Disposal waits for what runs. */
export class SlackWeb implements AsyncDisposable {
  readonly #routes: ReadonlyMap<string, Route>
  readonly #log: Log
  readonly #running = new Set<Promise<void>>()
  #isStopping = false

  constructor(routes: Readonly<Record<string, Route>>, log: Log) {
    this.#routes = new Map(Object.entries(routes))
    this.#log = log
  }

  /** Takes the request when its path is one of ours; false = it is somebody else's. Never throws. */
  handle(req: IncomingMessage, res: ServerResponse, arrival: Arrival): boolean {
    const url = req.url ?? ''
    const end = url.indexOf('?')
    const path = end === -1 ? url : url.slice(0, end)
    const route = this.#routes.get(path)
    if (route === undefined) return false
    const query = new URLSearchParams(end === -1 ? '' : url.slice(end + 1))
    this.#run(route, req, res, { ...arrival, query })
    return true
  }

  /** Takes nothing more, and waits for what runs: each has a deadline of its own. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#running)
  }

  #run(route: Route, req: IncomingMessage, res: ServerResponse, visit: Visit): void {
    const refusal = this.#refusal(route, req, visit)
    if (refusal !== undefined) {
      if (refusal.code === 'method_not_allowed') res.setHeader('allow', route.method)
      return this.#refuse(route, res, refusal, visit)
    }
    const running = route.handle(req, res, visit).catch((thrown: unknown) => {
      const error = AppError.from(thrown)
      if (error.spec.family !== 'rejection') {
        this.#log.error({ err: error, requestId: visit.requestId }, 'slack request failed')
      }
      this.#refuse(route, res, error, visit)
    })
    this.#running.add(running)
    void running.finally(() => this.#running.delete(running))
  }

  #refusal(route: Route, req: IncomingMessage, visit: Visit): AppError | undefined {
    if (req.method !== route.method) {
      return new AppError('method_not_allowed', `only ${route.method} is taken here`)
    }
    const { allowed, retryAfterMs } = route.rate.take(visit.address)
    if (!allowed) {
      return new AppError('rate_limited', 'too many requests from this address', { retryAfterMs })
    }
    if (this.#isStopping) return new AppError('shutting_down', 'the server is stopping')
    if (this.#running.size < RUNNING_MAX) return undefined
    return new AppError('overloaded', `${RUNNING_MAX} requests run`, { retryAfterMs: 1_000 })
  }

  #refuse(route: Route, res: ServerResponse, error: AppError, visit: Visit): void {
    if (route.refuse === undefined || res.headersSent) {
      return sendError(res, error, visit.requestId, { toBody: toPlainBody })
    }
    route.refuse(res, error, visit)
  }
}

/** Callers here speak no JSON-RPC. */
function toPlainBody(error: AppError, requestId: string): string {
  return JSON.stringify({ error: { code: error.code, message: error.spec.summary, requestId } })
}
