import type { Deadlines } from '@sallyport/kit/limits'
import { type LegacySessions, McpEdge, type Place } from '@sallyport/kit/mcp'
import type { Principal } from '@sallyport/kit/principal'
import { LiveApplication } from './call/live-application.ts'
import type { RunnableConfig } from './config/index.ts'
import type { CallState } from './feature-deps.ts'
import { createGeneration, type Generation, type Lasting } from './generation.ts'
import type { Marks } from './marks.ts'
import type { Base } from './open-base.ts'
import { changesLists, changesSeen } from './reload/seen-changes.ts'
import type { Catalogue } from './routing/catalogue.ts'
import type { SlackChild } from './slack/slack-child.ts'
import type { ServerChanges, ServerFleet } from './upstreams/upstream.ts'

const LISTS = ['tools', 'prompts', 'resources'] as const

/** MCP on both sides: the edge towards clients, the servers, and the generation that connects them. */
export class Mcp {
  readonly edge: McpEdge
  readonly marks: Marks
  readonly #base: Base
  readonly #lasting: Lasting
  readonly #live: LiveApplication
  readonly #current: { generation: Generation }

  /** @param current shared with those who must know the generation in force */
  constructor(
    base: Base,
    lasting: Lasting,
    current: { generation: Generation },
    scope: AsyncDisposableStack,
  ) {
    this.marks = lasting.marks
    this.#base = base
    this.#lasting = lasting
    this.#current = current
    this.#live = new LiveApplication(current.generation.app)
    this.edge = openEdge(base, this.#live, lasting)
    scope.use(this.edge)
  }

  get generation(): Generation {
    return this.#current.generation
  }

  get fleet(): ServerFleet {
    return this.#lasting.fleet
  }

  /** The Slack server that runs as a child; undefined where this process can run none. */
  get slack(): SlackChild | undefined {
    return this.#lasting.slack
  }

  get calls(): CallState {
    return this.#lasting.calls
  }

  get catalogue(): Catalogue {
    return this.#lasting.catalogue
  }

  /** Ends what belongs to a principal whose credential is no longer valid. */
  endPrincipal(principalId: string): void {
    this.edge.endPrincipal(principalId)
    this.#lasting.parked.endPrincipal(principalId)
    this.#lasting.calls.endPrincipal(principalId)
  }

  /** Ends what listens for a principal; its sessions and calls go on. */
  endStreams(principalId: string): void {
    this.edge.core.endStreams(principalId)
  }

  /**
   * Has what a principal holds open go on as what it is now: its streams are told that lists changed where it
   * sees others, and results that were kept for it are not read on. One that belongs to another tenant from now
   * on begins anew.
   */
  renewPrincipal(before: Principal, after: Principal): void {
    if (before.tenant !== after.tenant) return this.endPrincipal(after.id)
    if (before.sight?.key !== after.sight?.key) this.#lasting.calls.endPrincipal(after.id)
    this.edge.renewPrincipal(after)
  }

  /**
   * Goes over to another configuration in one step: requests that come later find it, those under way end
   * as they began. Waits for nothing.
   */
  apply(config: RunnableConfig): {
    readonly changes: ServerChanges
    readonly drained: Promise<void>
  } {
    const { fleet, catalogue, calls, marks, slack } = this.#lasting
    slack?.apply(config)
    const applied = fleet.apply(config.servers)
    marks.apply()
    catalogue.apply(config.servers)
    calls.apply(config)
    const before = this.#current.generation
    const next = createGeneration(this.#base, this.#lasting, config)
    next.upstreams.takeOver(before.upstreams, applied.changes)
    this.#current.generation = next
    this.#lasting.subscriptions.rekey()
    this.#live.use(next.app)
    this.#tellOfLists(before.config, next)
    return applied
  }

  /** Who does not see everything is told of what he sees. */
  #tellOfLists(before: RunnableConfig, { config, views }: Generation): void {
    if (!changesLists(before, config)) return
    const concerns = ({ scope, principal: { sight } }: Place): boolean =>
      views.has(scope, sight) && (sight === undefined || changesSeen(before, config, scope, sight))
    for (const kind of LISTS) this.edge.changed(kind, concerns)
  }
}

function openEdge(
  base: Base,
  app: LiveApplication,
  { sessions, deadlines }: { readonly sessions: LegacySessions; readonly deadlines: Deadlines },
): McpEdge {
  const { clock, log } = base.options
  return new McpEdge(app, {
    sessions,
    deadlines,
    charge: (principalId) => {
      const admission = base.door.rates.take(principalId)
      if (!admission.allowed) base.quotas.usage.doorRefused(principalId, 'rate_limited')
      return admission
    },
    isSuspended: (label) => base.identity.suspensions.isSuspended('session', label),
    burst: () => base.door.rates.burst,
    reserve: (principalId) => base.budget.reserve(principalId),
    clock,
    log,
    limits: base.settings.edge,
  })
}
