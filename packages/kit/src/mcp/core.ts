import type { Principal } from '../principal.ts'
import { Calls, type Lull } from './calls.ts'
import type { EdgeDeps } from './edge-deps.ts'
import type { McpApplication, Place } from './exchange.ts'
import { LegacyTalk } from './legacy.ts'
import { ModernTalk } from './modern.ts'
import { factsOfSession, factsOfSubscription, type SessionFacts } from './session-facts.ts'
import { Streams } from './streams.ts'
import type { ListKind } from './subscription.ts'

const IDLE_LINES_MS = 50

/** What every transport of an edge shares: what is in flight, who listens, and what messages mean. */
export class EdgeCore implements AsyncDisposable {
  readonly app: McpApplication
  readonly deps: EdgeDeps
  readonly calls: Calls
  readonly streams: Streams
  readonly legacy: LegacyTalk
  readonly modern: ModernTalk

  constructor(app: McpApplication, deps: EdgeDeps) {
    this.app = app
    this.deps = deps
    this.calls = new Calls(app)
    this.streams = new Streams(deps.sessions)
    this.legacy = new LegacyTalk(app, this.calls)
    this.modern = new ModernTalk(app, this.calls)
  }

  /** As `Streams.announce`. */
  changed(kind: ListKind, concerns: (place: Place) => boolean): void {
    this.streams.announce(kind, concerns)
  }

  /** Ends everything that belongs to a principal whose credential was revoked. */
  endPrincipal(principalId: string): void {
    this.deps.sessions.endPrincipal(principalId)
    this.streams.endPrincipal(principalId)
    this.calls.endPrincipal(principalId)
  }

  /** Ends what listens for a principal, as it may have been opened with what is no longer good. */
  endStreams(principalId: string): void {
    this.deps.sessions.endStreamsOf(principalId)
    this.streams.endPrincipal(principalId)
  }

  /**
   * Has sessions and streams of a principal go on as it is now; as `Streams.renew`.
   */
  renewPrincipal(principal: Principal): void {
    this.streams.renew(principal)
  }

  /** Who has something open here. */
  openSessions(): readonly SessionFacts[] {
    const { clock, sessions } = this.deps
    return [
      ...sessions.values().map((session) => factsOfSession(session, clock)),
      ...this.streams.subscriptions().map((one) => factsOfSubscription(one, clock)),
    ]
  }

  /** Ends a session or subscription by what operators call it; false when there is none of that label. */
  endSession(label: string): boolean {
    const { sessions } = this.deps
    const session = sessions.values().find((one) => one.label === label)
    if (session) sessions.end(session)
    const subscription = this.streams.subscriptions().find((one) => one.label === label)
    subscription?.end()
    return session !== undefined || subscription !== undefined
  }

  /** Ends what listens of a principal or of one session; what is being answered goes on. */
  endListening(who: { readonly principal: string } | { readonly session: string }): void {
    const isMeant = ({ principal, label }: Pick<SessionFacts, 'principal' | 'label'>): boolean =>
      'principal' in who ? principal.id === who.principal : label === who.session
    const { sessions } = this.deps
    sessions.endListening(isMeant)
    // Of a session that is suspended alone the line stays, as its client would open another one.
    if ('principal' in who) sessions.endIdleLines(isMeant)
    for (const one of this.streams.subscriptions()) if (isMeant(one)) one.finish()
  }

  /** Whether it drains: streams that begin now end at once, so that their clients look elsewhere. */
  get ending(): boolean {
    return this.streams.finished
  }

  /**
   * Ends subscriptions, lets requests finish for `drainMs`, or until none came for the lull, then aborts the
   * rest with `shutting_down`.
   */
  async drain(drainMs: number, lull?: Lull): Promise<void> {
    const { sessions } = this.deps
    this.streams.finish()
    sessions.endStreams()
    sessions.endIdleLines()
    const ending = setInterval(() => sessions.endIdleLines(), IDLE_LINES_MS)
    await this.calls.drain(drainMs, lull)
    clearInterval(ending)
    sessions.endLines()
  }

  /** Drains at once and forgets all sessions. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0)
    this.deps.sessions[Symbol.dispose]()
  }
}
