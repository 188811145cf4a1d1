import type { ClientSession, Message } from '@sallyport/kit/mcp'
import { isAtLeast } from '../call/attempt.ts'
import { rangeText } from '../questions/question.ts'
import type { Views } from '../routing/view.ts'
import type { Upstreams } from '../upstreams/upstream.ts'

export interface BroadcastDeps {
  readonly sessions: { values(): Iterable<ClientSession> }
  readonly views: Views
  readonly upstreams: Pick<Upstreams, 'keyOf'>
}

/**
 * Passes what a server tells outside of any call to the legacy sessions that its session serves: log
 * messages, an extension's news. A session that several principals share tells nobody: it might be about
 * another's call.
 */
export class Broadcast {
  readonly #deps: BroadcastDeps

  constructor(deps: BroadcastDeps) {
    this.#deps = deps
  }

  tell(server: string, key: string, message: Message): void {
    const { sessions, views, upstreams } = this.#deps
    const concerned: ClientSession[] = []
    const principals = new Set<string>()
    for (const session of sessions.values()) {
      const asker = { principal: session.principal, session }
      if (upstreams.keyOf(server, asker) !== key || !views.shows(session.scope, server)) continue
      concerned.push(session)
      principals.add(session.principal.id)
    }
    if (principals.size !== 1) return
    const isLog = message.method === 'notifications/message'
    for (const session of concerned) {
      if (isLog && session.logLevel !== undefined && !isAtLeast(message, session.logLevel)) continue
      session.send(message.method, rangeText(message.bytes, message.params))
    }
  }
}
