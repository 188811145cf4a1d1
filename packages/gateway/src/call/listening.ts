import type { Log } from '@sallyport/kit/log'
import type { Exchange, ListenFilter, Subscriber } from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import type { Views } from '../routing/view.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'
import type { CallResult } from './call.ts'

export interface ListenDeps {
  readonly views: Views
  readonly subscriptions: Subscriptions
  readonly log: Log
}

/** What a listen comes to for the record: its answer is the edge's, once the stream stands. */
export const LISTENING: CallResult = {
  answer: { bytes: Buffer.alloc(0), status: 200 },
  outcome: 'ok',
  code: null,
}

/** Watches what a listen asks for. Resources that cannot be watched are left out of what is granted. */
export async function grantListen(
  { views, subscriptions, log }: ListenDeps,
  exchange: Exchange,
  subscriber: Subscriber,
  filter: ListenFilter,
): Promise<ListenFilter> {
  const { principal } = exchange.caller
  const { signal } = exchange.controller
  const view = views.get(exchange.scope, principal.sight)
  const granted = await Promise.all(
    filter.uris.map(async (shownUri) => {
      const target = view.resource(shownUri, holderOf(principal))
      if (!target) return undefined
      try {
        await subscriptions.add({ subscriber, asker: { principal }, target, shownUri }, signal)
        return shownUri
      } catch (err) {
        // The client sees in the acknowledgement that it is not granted.
        log.debug({ server: target.server, err }, 'resource not watched')
        return undefined
      }
    }),
  )
  return { ...filter, uris: granted.filter((uri) => uri !== undefined) }
}
