import type { GroupConfig, ServerConfig } from '@sallyport/contract/config'
import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Clock } from '@sallyport/kit/clock'
import type { Log } from '@sallyport/kit/log'
import { sessionKey } from '../upstreams/session-key.ts'
import type {
  Asker,
  ServerChanges,
  ServerFleet,
  ServerStatus,
  UpstreamReply,
  UpstreamRequest,
  Upstreams,
} from '../upstreams/upstream.ts'
import { Group, type GroupDeps } from './group.ts'
import { GroupCall, type GroupCallDeps, type MemberBounds } from './group-call.ts'
import type { GroupStatus } from './group-status.ts'
import {
  GroupSubscriptions,
  type GroupSubscriptionsDeps,
  type TellUpdated,
} from './group-subscriptions.ts'
import { isUnread } from './holders.ts'

export interface GroupedUpstreamsDeps extends Pick<GroupDeps, 'catalogue' | 'queueOf'> {
  readonly groups: Readonly<Record<string, GroupConfig>>
  readonly servers: Readonly<Record<string, ServerConfig>>
  /** Owned by others. */
  readonly fleet: ServerFleet
  readonly bounds: MemberBounds
  /** Takes what changed, under the names of servers and of groups. */
  readonly onResourceUpdated: TellUpdated
  readonly clock: Clock
  readonly log: Log
  /** 0 to 1, `Math.random` by default. */
  readonly random?: () => number
}

/**
 * The servers of one configuration with its groups, which are asked like servers. Opens nothing; what must
 * outlive the configuration is taken over from the one before.
 */
export class GroupedUpstreams implements Upstreams {
  readonly #fleet: ServerFleet
  readonly #deps: GroupedUpstreamsDeps
  readonly #groups: ReadonlyMap<string, Group>
  readonly #calls: GroupCallDeps
  #subscriptions: GroupSubscriptions

  constructor(deps: GroupedUpstreamsDeps) {
    const { fleet, catalogue, queueOf, clock, random = Math.random } = deps
    this.#fleet = fleet
    this.#deps = deps
    this.#groups = new Map(
      Object.values(deps.groups).map((config) => [
        config.name,
        new Group(config, deps.servers, { fleet, catalogue, queueOf, clock, random }),
      ]),
    )
    this.#calls = { fleet, clock, bounds: deps.bounds }
    this.#subscriptions = new GroupSubscriptions(this.#subscriptionDeps)
  }

  /**
   * Goes on where another generation was: whose turn it is and the breakers of groups that are the same, and
   * all subscriptions. To be called once, in the step that puts this one in its place.
   */
  takeOver(before: GroupedUpstreams, { changed, removed }: ServerChanges): void {
    for (const [name, group] of this.#groups) {
      const own = before.#groups.get(name)
      if (own !== undefined) group.takeOver(own)
    }
    this.#subscriptions = before.#subscriptions
    this.#subscriptions.use(this.#subscriptionDeps, new Set([...changed, ...removed]))
  }

  call(server: string, asker: Asker, request: UpstreamRequest): Promise<UpstreamReply> {
    const group = this.#groups.get(server)
    return group === undefined
      ? this.#fleet.call(server, asker, request)
      : new GroupCall(group, asker, request, this.#calls).run()
  }

  /** Of a group: sees to the members that were never read. It fails only when all of them do. */
  async warm(server: string, asker: Asker, signal: CallSignal): Promise<void> {
    const group = this.#groups.get(server)
    if (group === undefined) return this.#fleet.warm(server, asker, signal)
    const unread = group.members.filter((one) => isUnread(this.#deps.catalogue.get(one.server)))
    const warmed = await Promise.allSettled(
      unread.map((member) => this.#fleet.warm(member.server, asker, signal)),
    )
    const failed = warmed.filter((one) => one.status === 'rejected')
    if (failed.length > 0 && failed.length === group.members.length) throw failed[0]?.reason
  }

  /** Of a group: as finely as any of its members tells askers apart. */
  keyOf(server: string, asker: Asker): string {
    const group = this.#groups.get(server)
    if (group === undefined) return this.#fleet.keyOf(server, asker)
    const relays = group.members.some(({ config }) => config.roots === 'client')
    return sessionKey({ share: 'none', roots: relays ? 'client' : 'none' }, asker)
  }

  subscribe(server: string, asker: Asker, uri: string, signal: CallSignal): Promise<void> {
    const group = this.#groups.get(server)
    if (group === undefined) return this.#fleet.subscribe(server, asker, uri, signal)
    return this.#subscriptions.add(group, asker, { uri, key: this.keyOf(server, asker), signal })
  }

  unsubscribe(server: string, asker: Asker, uri: string): void {
    if (this.#groups.has(server)) {
      this.#subscriptions.remove(server, this.keyOf(server, asker), uri)
    } else this.#fleet.unsubscribe(server, asker, uri)
  }

  notify(server: string, asker: Asker, method: string, params?: object): void {
    const group = this.#groups.get(server)
    if (group === undefined) this.#fleet.notify(server, asker, method, params)
    else for (const one of group.members) this.#fleet.notify(one.server, asker, method, params)
  }

  /** Of the servers alone. */
  status(): readonly ServerStatus[] {
    return this.#fleet.status()
  }

  /** Every group, in the order of the file. */
  groupStatus(): readonly GroupStatus[] {
    if (this.#groups.size === 0) return []
    const servers = new Map(this.#fleet.status().map((status) => [status.name, status]))
    return [...this.#groups.values()].map((group) => group.status(servers))
  }

  /** Takes a server's news of a resource, and passes it on for the server and for its groups. */
  resourceUpdated(server: string, key: string, uri: string, params: string): void {
    this.#deps.onResourceUpdated(server, key, uri, params)
    this.#subscriptions.updated(server, key, uri, params)
  }

  /** To be told whenever the state of a server changed: subscriptions leave members out of rotation. */
  noteState(): void {
    this.#subscriptions.noteState()
  }

  /** Nothing is its own: the servers are ended by who opened them. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }

  get #subscriptionDeps(): GroupSubscriptionsDeps {
    const { fleet, log, onResourceUpdated } = this.#deps
    return { fleet, log, tell: onResourceUpdated, find: (name) => this.#groups.get(name) }
  }
}
