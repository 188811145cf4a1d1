import {
  isAtLeast,
  type ClientSession,
  type Message,
  slice,
  splice,
  rangeText,
} from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import type { TaskIds } from '../call/task-ids.ts'
import type { Views } from '../routing/view.ts'
import type { Upstreams } from '../upstreams/upstream.ts'

export interface BroadcastDeps {
  readonly sessions: { values(): Iterable<ClientSession> }
  readonly views: Views
  readonly taskIds: TaskIds
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

  /** With tasks under the ids that this client knows them by. */
  #paramsFor({ principal }: ClientSession, server: string, told: Message): string | undefined {
    const { bytes, params } = told
    if (params.start === -1) return undefined
    const edits = this.#deps.taskIds.edits(
      told,
      { server, principalId: holderOf(principal) },
      told.method.startsWith('notifications/tasks'),
    )
    if (edits.length === 0) return rangeText(bytes, params)
    const from = params.start
    const moved = edits.map(({ start, end, text }) => ({
      start: start - from,
      end: end - from,
      text,
    }))
    return splice(slice(bytes, params), moved).toString()
  }

  tell(server: string, key: string, message: Message): void {
    const { sessions, views, upstreams } = this.#deps
    const concerned: ClientSession[] = []
    const principals = new Set<string>()
    for (const session of sessions.values()) {
      const asker = { principal: session.principal, session }
      if (upstreams.keyOf(server, asker) !== key) continue
      if (!views.shows(session.scope, server, session.principal.sight)) continue
      concerned.push(session)
      principals.add(holderOf(session.principal))
    }
    if (principals.size !== 1) return
    const isLog = message.method === 'notifications/message'
    let params: { readonly text: string | undefined } | undefined
    for (const session of concerned) {
      if (isLog && session.logLevel !== undefined && !isAtLeast(message, session.logLevel)) continue
      // The same for all sessions of a principal.
      params ??= { text: this.#paramsFor(session, server, message) }
      session.send(message.method, params.text)
    }
  }
}
