import type { CallSignal } from '@sallyport/kit/call-signal'
import type {
  Answer,
  ApplicationFace,
  ClientSession,
  Era,
  Exchange,
  ListenFilter,
  McpApplication,
  Message,
  Subscriber,
} from '@sallyport/kit/mcp'
import type { Principal } from '@sallyport/kit/principal'

/**
 * The application in force. Each request begins and ends with the one that was in force when it came; `use`
 * puts another in its place, for all that come later, at once.
 */
export class LiveApplication implements McpApplication {
  #current: McpApplication

  constructor(first: McpApplication) {
    this.#current = first
  }

  use(next: McpApplication): void {
    this.#current = next
  }

  hasScope(scope: string, principal: Principal): boolean {
    return this.#current.hasScope(scope, principal)
  }

  handles(method: string, era: Era, scope: string, principal: Principal): boolean {
    return this.#current.handles(method, era, scope, principal)
  }

  face(
    scope: string,
    era: Era,
    who: { readonly principal: Principal; readonly signal: CallSignal },
  ): Promise<ApplicationFace> {
    return this.#current.face(scope, era, who)
  }

  request(exchange: Exchange): Promise<Answer> {
    return this.#current.request(exchange)
  }

  notified(session: ClientSession, message: Message): void {
    this.#current.notified(session, message)
  }

  listen(
    subscriber: Subscriber,
    filter: ListenFilter,
    exchange: Exchange,
  ): Promise<ListenFilter | Answer> {
    return this.#current.listen(subscriber, filter, exchange)
  }
}
