import type { Clock } from '@sallyport/kit/clock'
import type { AppError } from '@sallyport/kit/errors'
import type { Call } from './call.ts'
import type { Family } from './era.ts'
import type { OpenedSession, SessionOpener } from './open-session.ts'
import type { ClientInfo } from './own-messages.ts'
import type { ServerNews } from './server-news.ts'
import type { Session, SessionEvents } from './session.ts'
import type { Slot } from './slot.ts'
import type { Asker } from './upstream.ts'

/** What the pool tells the server it belongs to. */
export interface SessionPoolEvents {
  /** The slot has its session. */
  onReady(slot: Slot, opened: OpenedSession): void
  onStartFailed(error: AppError): void
  onLost(slot: Slot, error: AppError): void
  /** A call is over; `error` is what it failed with. Its session is set where it was handed over to one. */
  onSettled(call: Call, error: AppError | undefined): void
  onListChanged(session: Session, family: Family): void
  /** Something shown in the status changed. */
  onChange(): void
}

/** What its sessions say goes here. */
export type SessionNews = Pick<
  ServerNews,
  'resourceUpdated' | 'notification' | 'unattributed' | 'stray' | 'endFailed'
>

export interface SessionPoolDeps {
  readonly opener: Pick<SessionOpener, 'open'>
  readonly clock: Clock
  readonly clientInfo: ClientInfo
  readonly events: SessionPoolEvents
  readonly news: SessionNews
  readonly random: () => number
  /** Whether something other than a call keeps the key's session from being idle. */
  isHeld(key: string): boolean
  /** Why no session may be opened at all. */
  refusal(): AppError | undefined
  /** Whether a call is to be tried although the server is left alone for a moment. */
  insists(call: Call): boolean
  /** Who tells the roots of the asker's client while no call is there to be asked for. */
  rootsOf(asker: Asker): SessionEvents['onRootsAsked']
}
