import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Deadlines } from '@sallyport/kit/limits'
import type { Log } from '@sallyport/kit/log'
import {
  type Answer,
  type ApplicationFace,
  type ClientSession,
  encodeFailure,
  type Era,
  type Exchange,
  type ListenFilter,
  type McpApplication,
  type Message,
  type Subscriber,
} from '@sallyport/kit/mcp'
import type { Principal, Sight } from '@sallyport/kit/principal'
import type { Tracer } from '@sallyport/kit/tracing'
import type { Target } from '../routing/target.ts'
import type { Views } from '../routing/view.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'
import type { Upstreams } from '../upstreams/upstream.ts'
import { applyInterceptors, type CallHandler, type Interceptor } from './call.ts'
import { CallDeadline } from './call-deadline.ts'
import { describeFace } from './face.ts'
import { grantListen, LISTENING } from './listening.ts'
import type { ServerMeeting } from './meet-servers.ts'
import { handlesMethod, isTaskMethod, isNamed } from './methods.ts'
import type { TargetFinder } from './target-finder.ts'
import { startSpan } from './trace.ts'

export interface ApplicationDeps {
  readonly version: string
  readonly views: Views
  readonly upstreams: Upstreams
  readonly subscriptions: Subscriptions
  readonly meeting: ServerMeeting
  readonly targets: TargetFinder
  readonly interceptors: readonly Interceptor[]
  /** What answers a call once every step has let it pass. */
  readonly dispatch: CallHandler
  readonly deadlines: Deadlines
  readonly clock: Clock
  readonly log: Log
  readonly tracer: Tracer
  /** Whether the whole gateway takes no new calls for now. */
  readonly marks: { readonly draining: { readonly reason: string } | undefined }
  readonly limits: {
    /** Queue, start and upstream time of one call, milliseconds. */
    readonly callMs: number
    /** How long a call's deadline may stand still for a question that may be its own, milliseconds. */
    readonly holdMs: number
  }
}

const NO_SERVERS: readonly string[] = []
const DRAIN_RETRY_MS = 5_000

/** The gateway as an MCP application: what its requests mean. */
export class GatewayApplication implements McpApplication {
  readonly #deps: ApplicationDeps
  readonly #handle: CallHandler

  constructor(deps: ApplicationDeps) {
    this.#deps = deps
    this.#handle = applyInterceptors(deps.dispatch, deps.interceptors)
  }

  hasScope(scope: string, { sight }: Principal): boolean {
    return this.#deps.views.has(scope, sight)
  }

  handles(method: string, era: Era, scope: string, { sight }: Principal): boolean {
    const view = this.#deps.views.get(scope, sight)
    return handlesMethod(method, era, view, this.#mayHaveTasks(method, scope, sight))
  }

  async face(
    scope: string,
    era: Era,
    who: { readonly principal: Principal; readonly signal: CallSignal },
  ): Promise<ApplicationFace> {
    const { views, meeting, version } = this.#deps
    const { sight } = who.principal
    // Of many servers everything is offered while one was never met; a single one speaks for itself.
    if (views.get(scope, sight).passThrough !== undefined) {
      await meeting.meet(views.unseen(scope, sight), { principal: who.principal }, who.signal)
    }
    return describeFace(views, { scope, sight, era, version })
  }

  request(exchange: Exchange): Promise<Answer> {
    return this.#run(exchange, this.#handle)
  }

  async #run(exchange: Exchange, handle: CallHandler): Promise<Answer> {
    const { targets, limits, log, tracer } = this.#deps
    const { controller } = exchange
    const span = startSpan(tracer, exchange)
    let target = targets.find(exchange)
    const afterMs = target?.config.callMs ?? limits.callMs
    const deadline = new CallDeadline(this.#deps, afterMs, () =>
      controller.abort(new AppError('deadline_exceeded', `no answer within ${afterMs} ms`)),
    )
    try {
      const { draining } = this.#deps.marks
      if (draining && target) throw refusalOf(draining)
      const unread = this.#unreadServers(exchange, target)
      if (unread.length > 0) {
        const part = span.child('start')
        target = await this.#findLater(exchange, unread).finally(() => part.end())
      }
      return (await handle({ exchange, target, deadline, span })).answer
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
      // What the record did not end was refused before it.
      span.end('failed')
    }
  }

  notified(session: ClientSession, message: Message): void {
    if (message.method !== 'notifications/roots/list_changed') return
    const { principal, scope } = session
    for (const server of this.#deps.views.get(scope, principal.sight).servers) {
      this.#deps.upstreams.notify(server, { principal, session }, message.method)
    }
  }

  /** A listen passes the same steps as a call: it is recorded, and needs the right to. */
  async listen(
    subscriber: Subscriber,
    filter: ListenFilter,
    exchange: Exchange,
  ): Promise<ListenFilter | Answer> {
    let granted = filter
    const grant: CallHandler = async () => {
      granted = await grantListen(this.#deps, exchange, subscriber, filter)
      return LISTENING
    }
    const answer = await this.#run(exchange, applyInterceptors(grant, this.#deps.interceptors))
    return answer === LISTENING.answer ? granted : answer
  }

  #mayHaveTasks(method: string, scope: string, sight: Sight | undefined): boolean {
    if (!isTaskMethod(method)) return true
    const { views } = this.#deps
    const facts = [...views.facts(scope, sight).values()]
    if (facts.length < views.get(scope, sight).servers.length) return true
    return facts.some(({ capabilities }) => capabilities.includes('tasks'))
  }

  /**
   * Servers whose lists must be read first: a name that leads nowhere yet may belong to one that was never
   * met, and a remote tool that was never listed may declare arguments that travel as headers.
   */
  #unreadServers(exchange: Exchange, target: Target | undefined): readonly string[] {
    if (target) {
      const unlisted = target.kind === 'tool' && target.tool === undefined
      if (!unlisted || target.config.kind !== 'http') return NO_SERVERS
      return this.#unseen(exchange).filter((server) => server === target.server)
    }
    const { message } = exchange
    if (!isNamed(message.method) || this.#deps.targets.owns(message)) return NO_SERVERS
    return this.#unseen(exchange)
  }

  #unseen({ scope, caller }: Exchange): readonly string[] {
    return this.#deps.views.unseen(scope, caller.principal.sight)
  }

  async #findLater(exchange: Exchange, unread: readonly string[]): Promise<Target | undefined> {
    const { meeting, targets } = this.#deps
    const { caller, session, controller } = exchange
    await meeting.meet(unread, { principal: caller.principal, session }, controller.signal)
    return targets.find(exchange)
  }
}

function refusalOf({ reason }: { readonly reason: string }): AppError {
  const how = { retryAfterMs: DRAIN_RETRY_MS, outcome: 'not_sent' } as const
  const why = reason === '' ? '' : `: ${reason}`
  return new AppError('server_draining', `an operator drains the gateway${why}`, how)
}
