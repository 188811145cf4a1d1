import type { Identity } from '../identity/identity.ts'
import type { GatewayOptions } from '../start.ts'
import { EventStreams } from './event-streams.ts'
import { Events } from './events.ts'
import { ServerTeller, tellSuspension } from './tell-events.ts'

/** What is told of a gateway while it runs, and to whom. */
export interface Telling {
  readonly events: Events
  /** Ended before the listeners close, or they would wait for its readers. */
  readonly streams: EventStreams
  readonly servers: ServerTeller
}

/** Opens the events; streams follow what becomes of their principals. */
export function openEvents(
  { clock, log }: GatewayOptions,
  identity: Identity,
  streamsMax: () => number,
  scope: AsyncDisposableStack,
): Telling {
  const events = new Events(clock, log)
  const streams = scope.use(new EventStreams({ events, clock, streamsMax }))
  identity.onEnded((id) => streams.endPrincipal(id, 'revoked'))
  identity.onRenewed(({ after }) => streams.renewPrincipal(after))
  identity.suspensions.onChange((change) => {
    tellSuspension(events, change)
    if (change.suspended && change.kind === 'principal') {
      streams.endPrincipal(change.subject, 'suspended')
    }
  })
  return { events, streams, servers: scope.use(new ServerTeller(events)) }
}
