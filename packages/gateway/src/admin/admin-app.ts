import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import { answerHealth, healthKindOf, pathOf, sendError } from '@sallyport/kit/http'
import {
  enterByDoor,
  enterLocally,
  type EntranceRules,
  toAdminErrorBody,
  visitOf,
} from './entrance.ts'
import type { FastifyApp, RouteDeps } from './fastify-app.ts'
import { judgeHealth } from './health.ts'
import { methodsAt } from './permissions.ts'

export interface AdminDeps extends RouteDeps {
  readonly entrance: EntranceRules
}

/** The admin API, once, for both ways in. Its handlers never throw. */
export interface AdminApp extends AsyncDisposable {
  /** For the admin listener: everything passes the door first. */
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  /** For the local socket: whoever can connect is the local administrator. */
  readonly handleLocally: (req: IncomingMessage, res: ServerResponse) => void
  /** Loads what the first request would; returns every route, as `GET /path`. */
  load(): Promise<readonly string[]>
}

/** Makes the app; it holds nothing until it is loaded. The owner closes the listeners, then disposes it. */
export function createAdminApp(deps: AdminDeps): AdminApp {
  return new LazyAdminApp(deps)
}

/**
 * Answers health without Fastify, which costs a tenth of a second and 10 MB: it is loaded with the first
 * other request, or by `load`.
 */
class LazyAdminApp implements AdminApp {
  readonly #deps: AdminDeps
  #loading: Promise<FastifyApp> | undefined
  #loaded: FastifyApp | undefined

  constructor(deps: AdminDeps) {
    this.#deps = deps
  }

  readonly handle = (req: IncomingMessage, res: ServerResponse): void => {
    enterByDoor(req, res, this.#deps.entrance, () => {
      if (req.method === 'OPTIONS') this.#answerPreflight(req, res)
      else this.#dispatch(req, res)
    })
  }

  readonly handleLocally = (req: IncomingMessage, res: ServerResponse): void => {
    enterLocally(req, res)
    this.#dispatch(req, res)
  }

  async load(): Promise<readonly string[]> {
    const app = await this.#load()
    return app.routes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A load that failed has told its caller.
    await Promise.allSettled([this.#loading])
    await this.#loaded?.[Symbol.asyncDispose]()
  }

  #dispatch(req: IncomingMessage, res: ServerResponse): void {
    const kind = healthKindOf(req.url ?? '')
    if (kind !== undefined && (req.method === 'GET' || req.method === 'HEAD')) {
      const { principal } = visitOf(req)
      const detailed = principal !== undefined && principal.kind !== 'anonymous'
      answerHealth(req, res, judgeHealth(kind, this.#deps.health(), detailed))
    } else if (this.#loaded !== undefined) {
      this.#loaded.answer(req, res)
    } else {
      void this.#answerLater(req, res)
    }
  }

  async #answerLater(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const app = await this.#load()
      app.answer(req, res)
    } catch (thrown) {
      const err = AppError.from(thrown)
      const { requestId } = visitOf(req)
      this.#deps.log.error({ err, requestId }, 'admin api could not be loaded')
      sendError(res, err, requestId, { toBody: toAdminErrorBody })
    }
  }

  #load(): Promise<FastifyApp> {
    this.#loading ??= this.#build().catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  async #build(): Promise<FastifyApp> {
    const { buildFastifyApp } = await import('./fastify-app.ts')
    this.#loaded = await buildFastifyApp(this.#deps)
    return this.#loaded
  }

  #answerPreflight(req: IncomingMessage, res: ServerResponse): void {
    const methods = methodsAt(pathOf(req.url ?? ''))
    const { cors } = this.#deps.entrance.door
    cors.preflight(req, res, methods.length === 0 ? 'GET' : methods.join(', '))
  }
}
