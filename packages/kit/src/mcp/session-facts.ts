import { hash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Principal } from '../principal.ts'
import type { ClientName } from './client-name.ts'
import type { Era } from './message.ts'
import type { LegacySession } from './session.ts'
import type { Subscription } from './subscription.ts'

const LABEL_CHARACTERS = 16

/** What is known of a client that has something open here: a legacy session, or a modern subscription. */
export interface SessionFacts {
  /** What operators call it; its id, which is as good as a key, cannot be told from it. */
  readonly label: string
  readonly principal: Principal
  readonly client: ClientName | undefined
  readonly era: Era
  /** Revision agreed on; empty while it is being agreed. */
  readonly version: string
  /** As `Exchange.scope`. */
  readonly scope: string
  /** Milliseconds since 1970. */
  readonly sinceMs: number
  /** When its client was last heard of, milliseconds since 1970. */
  readonly lastMs: number
  /** Streams that somebody reads. */
  readonly streams: number
  readonly callsInFlight: number
}

/** What operators call something with a secret id: the same in every process. */
export function labelOf(id: string): string {
  return hash('sha256', id, 'hex').slice(0, LABEL_CHARACTERS)
}

/** What is known of a legacy session. */
export function factsOfSession(session: LegacySession, clock: Clock): SessionFacts {
  const idleMs = clock.monotonicMs() - session.lastUseMs
  return {
    label: session.label,
    principal: session.principal,
    client: session.client,
    era: 'legacy',
    version: session.version,
    scope: session.scope,
    sinceMs: session.issuedMs,
    lastMs: Math.round(clock.nowMs() - idleMs),
    streams: session.lines.filter(({ open }) => open).length,
    callsInFlight: session.live.size,
  }
}

/** What is known of a modern client's subscription, which is all that such a client keeps open. */
export function factsOfSubscription(subscription: Subscription, clock: Clock): SessionFacts {
  const { principal, scope, label, client, version, arrivedMs } = subscription
  const sinceMs = Math.round(clock.nowMs() - (clock.monotonicMs() - arrivedMs))
  return {
    ...{ label, principal, client, scope, version, sinceMs, lastMs: sinceMs },
    ...{ era: 'modern', streams: 1, callsInFlight: 0 },
  }
}
