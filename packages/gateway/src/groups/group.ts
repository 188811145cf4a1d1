import type { GroupConfig, ServerConfig } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import { Breaker } from '../upstreams/breaker.ts'
import type { ServerCatalogue } from '../routing/catalogue.ts'
import type { ServerStatus } from '../upstreams/upstream.ts'
import { Canary } from './canary.ts'
import type { GroupState, GroupStatus } from './group-status.ts'
import { type Holders, holdersOf, isUnread, lists } from './holders.ts'
import { Member, type MemberDeps } from './member.ts'
import { type Choose, createStrategy } from './strategies.ts'

const RETRY_MS_MAX = 30_000

export interface GroupDeps extends MemberDeps {
  readonly catalogue: { get(server: string): ServerCatalogue | undefined }
  readonly clock: Clock
  /** 0 to 1, as `Math.random`. */
  readonly random: () => number
}

/** What a call is, as far as the choice of its member goes. */
export interface Wish extends Holders {
  readonly principal: Principal
}

/** What lives on in another generation while the group's configuration is the same. */
interface Counters {
  readonly choose: Choose
  readonly breaker: Breaker
}

/** Several servers that answer for one name: which of them gets a call, and whether any does. */
export class Group {
  readonly config: GroupConfig
  readonly members: readonly Member[]
  readonly #canary: Canary | undefined
  readonly #deps: GroupDeps
  #counters: Counters

  /** @param servers all of the configuration; the rules see to it that members are among them */
  constructor(
    config: GroupConfig,
    servers: Readonly<Record<string, ServerConfig>>,
    deps: GroupDeps,
  ) {
    this.config = config
    this.#deps = deps
    this.members = config.members.flatMap((member, index) => {
      const own = servers[member.server]
      return own === undefined ? [] : new Member(member, index, own, deps)
    })
    this.#canary = config.canary && new Canary(config.name, config.canary)
    this.#counters = {
      choose: createStrategy(config.strategy, deps.random),
      breaker: new Breaker(config.breaker),
    }
  }

  get breaker(): Breaker {
    return this.#counters.breaker
  }

  /** Members in rotation. */
  get healthy(): number {
    let count = 0
    for (const member of this.members) if (member.standing === 'in') count += 1
    return count
  }

  /** Goes on where the same group of another generation was. */
  takeOver(before: Group): void {
    if (JSON.stringify(before.config) === JSON.stringify(this.config)) {
      this.#counters = before.#counters
    }
  }

  find(server: string): Member | undefined {
    return this.members.find((member) => member.server === server)
  }

  /** Why no call may go to the group now; undefined when one may. */
  refusal(): AppError | undefined {
    const { below, minHealthy } = this.config
    if (below === 'serve') return undefined
    const { healthy } = this
    return healthy < minHealthy ? this.#unhealthy(healthy) : undefined
  }

  /** What a call fails with for which there is no member. */
  exhausted(): AppError {
    return this.#unhealthy(this.healthy)
  }

  /**
   * The member for a call, or for its next try: of those that have what it names the ones in rotation, those
   * with room first; where none is left, any that is not blocked. Undefined when all were tried.
   */
  choose(wish: Wish, tried: readonly Member[]): Member | undefined {
    const healthy: Member[] = []
    const others: Member[] = []
    for (const member of holdersOf(wish, this.members, this.#deps.catalogue)) {
      if (tried.includes(member)) continue
      const { standing } = member
      if (standing === 'in') healthy.push(member)
      else if (standing === 'last') others.push(member)
    }
    return this.#pick(healthy, wish.principal) ?? this.#pick(others, wish.principal)
  }

  /** Whether nobody knows if a member has what others are known to have. */
  mustMeet(wish: Wish, member: Member): boolean {
    const { catalogue } = this.#deps
    if (!isUnread(catalogue.get(member.server))) return false
    return this.members.some((one) => one !== member && lists(wish, catalogue.get(one.server)))
  }

  /** Whether a call may go to a member, by what is known of its lists now. */
  mayHave(wish: Wish, member: Member): boolean {
    return holdersOf(wish, this.members, this.#deps.catalogue).includes(member)
  }

  status(servers: ReadonlyMap<string, ServerStatus>): GroupStatus {
    const { members: _members, canary, ...config } = this.config
    const { owner = null, description = null, runbook = null } = config
    const { healthy } = this
    const breaker = this.breaker.state(this.#deps.clock.monotonicMs())
    return {
      ...{ name: config.name, strategy: config.strategy, hideMembers: config.hideMembers },
      ...{ minHealthy: config.minHealthy, below: config.below, healthy, breaker },
      state: breaker === 'open' ? 'open' : this.#state(healthy),
      canary: canary ? { member: canary.member, percent: canary.percent } : null,
      members: this.members.map((member) => {
        const { server, weight, priority, load: inFlight, standing } = member
        const found = servers.get(server)
        const reason = standing === 'in' ? null : reasonOf(found)
        const state = found?.state ?? 'cold'
        return { server, weight, priority, inFlight, state, healthy: standing === 'in', reason }
      }),
      ...{ owner, description, runbook },
    }
  }

  #state(healthy: number): GroupState {
    if (healthy < this.config.minHealthy) return 'below'
    return healthy < this.members.length ? 'partial' : 'healthy'
  }

  /** On the caller's side of the canary while it has a member there. */
  #pick(pool: readonly Member[], principal: Principal): Member | undefined {
    const canary = this.#canary
    if (canary === undefined || pool.length < 2) return this.#chooseRoomy(pool)
    const takes = canary.takes(principal)
    const side = pool.filter(({ server }) => (server === canary.member) === takes)
    return this.#chooseRoomy(side.length === 0 ? pool : side)
  }

  #chooseRoomy(pool: readonly Member[]): Member | undefined {
    const roomy = pool.filter(({ hasRoom }) => hasRoom)
    return this.#counters.choose(roomy.length === 0 ? pool : roomy)
  }

  #unhealthy(healthy: number): AppError {
    const { name, minHealthy } = this.config
    const every = this.members.map(({ config }) => config.health.everyMs)
    const sentence = `${healthy} members of group ${name} are healthy, and it needs ${minHealthy}`
    return new AppError('group_unhealthy', sentence, {
      retryAfterMs: Math.min(RETRY_MS_MAX, ...every),
      outcome: 'not_sent',
    })
  }
}

function reasonOf(status: ServerStatus | undefined): string {
  if (status === undefined) return 'there is no such server'
  if (status.reason !== null) return status.reason
  return status.breaker === 'open' ? 'its breaker is open' : `it is ${status.state}`
}
