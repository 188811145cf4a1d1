import { AppError } from '@sallyport/kit/errors'
import type { Deadlines } from '@sallyport/kit/limits'
import type { Log } from '@sallyport/kit/log'
import type { Answer, ApplicationFace, Exchange, McpApplication } from '@sallyport/kit/mcp'
import type { Catalogue } from '../routing/catalogue.ts'
import type { ToolList } from '../routing/tool-list.ts'
import type { Upstreams } from '../upstreams/upstream.ts'
import { applyInterceptors, type CallHandler, type Interceptor } from './call.ts'
import { encodeFailure } from './encode-answer.ts'

export interface ApplicationDeps {
  readonly version: string
  readonly catalogue: Catalogue
  readonly toolList: ToolList
  readonly upstreams: Upstreams
  readonly interceptors: readonly Interceptor[]
  readonly invoke: CallHandler
  readonly deadlines: Deadlines
  readonly log: Log
  readonly limits: {
    /** Queue, start and upstream time of one call, milliseconds. */
    readonly callMs: number
    /** How long a list waits for servers never seen, milliseconds. */
    readonly listWaitMs: number
  }
}

const LIST_TTL_MS = 10_000
const METHODS = new Set(['tools/list', 'tools/call'])

/** The gateway as an MCP application: what its requests mean. */
export class GatewayApplication implements McpApplication {
  readonly methods = METHODS
  readonly #deps: ApplicationDeps
  readonly #handle: CallHandler
  readonly #face: ApplicationFace
  /** Ends `listWaitMs` after a list first looked for the server: lists of that time wait too, later ones not. */
  readonly #patience = new Map<string, Promise<void>>()

  constructor(deps: ApplicationDeps) {
    this.#deps = deps
    this.#handle = applyInterceptors((call) => this.#dispatch(call), deps.interceptors)
    this.#face = {
      serverInfo: { name: 'sallyport', title: 'Sallyport', version: deps.version },
      capabilities: { tools: { listChanged: true } },
      ttlMs: LIST_TTL_MS,
    }
  }

  face(scope: string): ApplicationFace | undefined {
    if (scope !== '' && !this.#deps.catalogue.get(scope)) return undefined
    return this.#face
  }

  async request(exchange: Exchange): Promise<Answer> {
    const { deadlines, limits, catalogue, log } = this.#deps
    const { controller, message } = exchange
    const named = message.method === 'tools/call' && message.name !== undefined
    const target = named ? catalogue.resolve(exchange.scope, message.name ?? '') : undefined
    const afterMs = target?.config.callMs ?? limits.callMs
    const deadline = deadlines.add(afterMs, () =>
      controller.abort(new AppError('deadline_exceeded', `no answer within ${afterMs} ms`)),
    )
    try {
      return (await this.#handle({ exchange, target })).answer
    } catch (thrown) {
      const error = AppError.from(thrown)
      if (error.spec.family === 'defect') {
        log.error({ requestId: exchange.caller.requestId, err: error }, 'call failed')
      } else {
        log.debug({ requestId: exchange.caller.requestId, err: error }, 'call failed')
      }
      return encodeFailure(exchange, error)
    } finally {
      deadline.cancel()
    }
  }

  async #dispatch(call: Parameters<CallHandler>[0]): ReturnType<CallHandler> {
    const { exchange } = call
    if (exchange.message.method === 'tools/call') return this.#deps.invoke(call)
    await this.#meetServers(exchange)
    return this.#deps.toolList.answer(exchange, this.#face)
  }

  /** Starts servers that were never seen, together, and waits for them at most `listWaitMs`. */
  async #meetServers(exchange: Exchange): Promise<void> {
    const unseen = this.#deps.catalogue
      .list()
      .filter(({ server }) => exchange.scope === '' || exchange.scope === server)
      .filter(({ readAtMs }) => readAtMs === undefined)
    const met = unseen.map(({ server }) =>
      Promise.race([this.#warm(exchange, server), this.#patienceFor(server)]),
    )
    await Promise.all(met)
  }

  async #warm({ caller, controller }: Exchange, server: string): Promise<void> {
    const { upstreams, log } = this.#deps
    try {
      await upstreams.warm(server, caller.principal, controller.signal)
    } catch (err) {
      log.debug({ server, err }, 'server did not start for a list')
    }
  }

  #patienceFor(server: string): Promise<void> {
    let patience = this.#patience.get(server)
    if (!patience) {
      const { listWaitMs } = this.#deps.limits
      patience = new Promise((resolve) => setTimeout(resolve, listWaitMs).unref())
      this.#patience.set(server, patience)
    }
    return patience
  }
}
