import type { SessionFacts } from '@sallyport/kit/mcp'
import type { ReloadReport } from '../reload/config-control.ts'
import type { SuspensionEntry } from '../sessions/session-control.ts'
import type { HealthCheck, ServerStatus } from '../upstreams/upstream.ts'
import type { Events } from './events.ts'

/** Breakers half-open by themselves with time, so that they are looked at. */
const BREAKER_LOOK_MS = 1_000

type Breaker = ServerStatus['breaker']

/** Tells of servers: each state as it comes, and of health and breakers what differs from before. */
export class ServerTeller implements Disposable {
  readonly #events: Events
  readonly #healthy = new Map<string, boolean>()
  readonly #breakers = new Map<string, Breaker>()
  #looking: NodeJS.Timeout | undefined

  constructor(events: Events) {
    this.#events = events
  }

  /** Looks at the breakers from now on. */
  watch(status: () => readonly Pick<ServerStatus, 'name' | 'breaker'>[]): void {
    this.#looking = setInterval(() => this.look(status()), BREAKER_LOOK_MS).unref()
  }

  state({ name, state, reason }: Pick<ServerStatus, 'name' | 'state' | 'reason'>): void {
    this.#events.emit({ type: 'server.state', server: name, facts: { state, reason } })
  }

  check(server: string, { ok, reason, kind }: HealthCheck): void {
    const before = this.#healthy.get(server)
    this.#healthy.set(server, ok)
    if (before === ok || (before === undefined && ok)) return
    this.#events.emit({ type: 'server.health', server, facts: { ok, reason, kind } })
  }

  /** One look. */
  look(status: readonly Pick<ServerStatus, 'name' | 'breaker'>[]): void {
    for (const { name, breaker } of status) {
      const before = this.#breakers.get(name) ?? 'closed'
      if (before === breaker) continue
      this.#breakers.set(name, breaker)
      this.#events.emit({ type: 'server.breaker', server: name, facts: { breaker, before } })
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#looking)
  }
}

/** Tells of a mark that was set or taken away; the empty name is the whole gateway. */
export function tellMark(
  events: Events,
  mark: { readonly server: string; readonly kind: string; readonly reason: string },
  set: boolean,
): void {
  const { server, kind, reason } = mark
  const facts = { kind, set, reason }
  if (server === '') events.emit({ type: 'gateway.marked', facts })
  else events.emit({ type: 'server.marked', server, facts })
}

/** Tells what became of a wish for another configuration. */
export function tellReload(events: Events, report: ReloadReport): void {
  const { ok, changed, cause, generation } = report
  events.emit({ type: 'config.reloaded', facts: { ok, changed, cause, generation } })
}

/** Tells of a suspension. */
export function tellSuspension(
  events: Events,
  { kind, subject, suspended }: Pick<SuspensionEntry, 'kind' | 'subject'> & { suspended: boolean },
): void {
  events.emit({ type: 'suspension.changed', facts: { kind, subject, suspended } })
}

/** Tells of a session or subscription that begins or is over. */
export function tellSession(
  events: Events,
  what: 'opened' | 'closed',
  { label, principal, era, scope }: Pick<SessionFacts, 'label' | 'principal' | 'era' | 'scope'>,
): void {
  events.emit({
    type: `session.${what}`,
    tenant: principal.tenant,
    facts: { id: label, principal: principal.id, era, scope },
  })
}
