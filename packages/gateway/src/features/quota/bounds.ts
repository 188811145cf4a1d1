import { hash } from 'node:crypto'
import type { CallQuotas, Quota, Quotas, ServerConfig } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import { PrincipalSlots, RateLimits, type SlotBound } from '@sallyport/kit/limits'
import type { Target } from '../../routing/target.ts'

/** Which calls a bound is for. */
export interface BoundScope {
  /** What is used of the bound is kept under this name. */
  readonly name: string
  /** Whether everybody shares it; otherwise each principal has it for itself. */
  readonly shared: boolean
  readonly writes: boolean
  /** Whether those who share it are the principals of one tenant. */
  readonly ofTenant?: boolean
  /**
   * In a sentence: ` of this tool`; empty for all servers. Without a name, since the caller may know server
   * and tool by another one: of a group, or of an endpoint.
   */
  readonly where: string
}

/** A rate that calls of a scope must keep. */
export interface RateBound {
  readonly scope: BoundScope
  readonly perSecond: number
  readonly limits: RateLimits
}

/** How many calls of a scope there may be on one day, UTC. */
export interface DailyBound {
  readonly scope: BoundScope
  readonly calls: number
}

/** What holds for calls of one kind, besides the limits of their principal. */
export interface CallBounds {
  readonly slots: readonly SlotBound[]
  readonly rates: readonly RateBound[]
  readonly dailies: readonly DailyBound[]
}

/** For reads, and for calls that may change something. */
interface Kinds {
  readonly reads: CallBounds
  readonly writes: CallBounds
}

/** What of a target says which bounds hold. */
export type BoundTarget = Pick<Target, 'config' | 'kind' | 'name' | 'readOnly' | 'group'>

interface ServerBounds extends Kinds {
  /** Of tools with bounds of their own, by their own names. */
  readonly tools: ReadonlyMap<string, Kinds> | undefined
}

interface Bucket {
  readonly shape: { capacity: number; refillPerSecond: number }
  readonly limits: RateLimits
}

/** Whether the bounds on writes count a call: nobody pinned it read-only, and it does not merely ask for a task. */
export function isWrite({ readOnly, kind }: Pick<Target, 'readOnly' | 'kind'>): boolean {
  return !readOnly && kind !== 'task'
}

/**
 * The bounds of calls, put together once per server of a configuration. What is used of a bound stays with
 * its name when another configuration comes into force.
 */
export class Bounds {
  readonly #clock: Clock
  readonly #slots = new Map<string, PrincipalSlots>()
  readonly #buckets = new Map<string, Bucket>()
  /** What each principal may do over all servers. */
  #ownWrites: Quota
  #own: Kinds
  #servers = new WeakMap<ServerConfig, ServerBounds>()
  /** The same without what holds over all servers. */
  #members = new WeakMap<ServerConfig, ServerBounds>()
  #perTenant: Quotas | undefined
  /** What each tenant may do over all servers. */
  #tenants = new Map<string, Kinds>()
  /** Bounds with those of tenants: one object each time, as calls of one kind wait in one line. */
  #withTenants = new WeakMap<CallBounds, Map<string, CallBounds>>()

  constructor(clock: Clock, ownWrites: Quota, perTenant?: Quotas) {
    this.#clock = clock
    this.#perTenant = perTenant
    this.#ownWrites = ownWrites
    this.#own = this.#compileOwn()
  }

  /** Goes over to another configuration, and forgets what was used at servers that it does not have. */
  apply(ownWrites: Quota, names: ReadonlySet<string>, perTenant?: Quotas): void {
    this.#perTenant = perTenant
    this.#tenants = new Map()
    this.#withTenants = new WeakMap()
    this.#ownWrites = ownWrites
    this.#own = this.#compileOwn()
    this.#servers = new WeakMap()
    this.#members = new WeakMap()
    for (const kept of [this.#slots, this.#buckets]) {
      for (const name of kept.keys()) {
        const [kind = '', server] = name.split(' ', 2)
        if (!kind.startsWith(TENANT) && server !== undefined && !names.has(server))
          kept.delete(name)
      }
    }
  }

  /** All that holds for a call; of one to a group what is known before its member is. */
  of(target: BoundTarget, tenant: string | null = null): CallBounds {
    if (tenant !== null) return this.#ofTenant(target, this.of(target), tenant)
    if (target.group === true) return isWrite(target) ? this.#own.writes : this.#own.reads
    return this.#find(this.#servers, this.#own, target)
  }

  /** What holds for a call besides, where a group sends it to one of its members. */
  atMember(target: BoundTarget): CallBounds {
    return this.#find(this.#members, NO_KINDS, target)
  }

  /** Caps that hold a call back in the queue of the member a group sends it to. */
  slotsAt(target: BoundTarget, tenant: string | null = null): readonly SlotBound[] {
    const bounds = this.#find(this.#servers, this.#own, target)
    return (tenant === null ? bounds : this.#ofTenant(target, bounds, tenant)).slots
  }

  #ofTenant(target: BoundTarget, bounds: CallBounds, tenant: string): CallBounds {
    if (this.#perTenant === undefined) return bounds
    const merged = this.#withTenants.get(bounds) ?? new Map<string, CallBounds>()
    const known = merged.get(tenant)
    if (known) return known
    const kinds = this.#kindsOf(tenant, this.#perTenant)
    const own = merge(bounds, isWrite(target) ? kinds.writes : kinds.reads)
    if (merged.size >= TENANTS_MAX) merged.clear()
    this.#withTenants.set(bounds, merged.set(tenant, own))
    return own
  }

  #kindsOf(tenant: string, quotas: Quotas): Kinds {
    const known = this.#tenants.get(tenant)
    if (known) return known
    if (this.#tenants.size >= TENANTS_MAX) this.#forgetTenants()
    const scope = tenantScope(tenant)
    const reads = this.#list(quotas, scope)
    const kinds = { reads, writes: merge(reads, this.#list(quotas.writes, ofWrites(scope))) }
    this.#tenants.set(tenant, kinds)
    return kinds
  }

  /** So many tenants make calls in no gateway of this world; what they use is counted anew. */
  #forgetTenants(): void {
    this.#tenants.clear()
    for (const kept of [this.#slots, this.#buckets]) {
      for (const name of kept.keys()) if (name.startsWith(TENANT)) kept.delete(name)
    }
  }

  #find(
    compiled: WeakMap<ServerConfig, ServerBounds>,
    general: Kinds,
    target: BoundTarget,
  ): CallBounds {
    const { config, kind } = target
    let known = compiled.get(config)
    if (known === undefined) {
      known = this.#compile(config, general)
      compiled.set(config, known)
    }
    const own = kind === 'tool' ? known.tools?.get(target.name) : undefined
    return isWrite(target) ? (own ?? known).writes : (own ?? known).reads
  }

  /** What holds in the queue of a server for each of its calls, whoever made it. */
  queueSlots({ name, limits }: ServerConfig): readonly SlotBound[] {
    return this.#slotsFor(limits.perPrincipal, serverScope(name, false))
  }

  #compileOwn(): Kinds {
    const writes = this.#list({ ...this.#ownWrites, daily: undefined }, OWN_WRITES)
    return { reads: NOTHING, writes }
  }

  /** @param over what holds over all servers */
  #compile(config: ServerConfig, over: Kinds): ServerBounds {
    const { name, limits, tools } = config
    const general = this.#kinds(limits, (shared) => serverScope(name, shared))
    // The queue of the server holds its general caps.
    const reads = merge(over.reads, { ...general.reads, slots: [] })
    const writes = merge(over.writes, { ...general.reads, slots: [] }, general.writes)
    const limited = Object.entries(tools).flatMap(([tool, pin]): [string, Kinds][] => {
      if (!pin.limits) return []
      const more = this.#kinds(pin.limits, (shared) => toolScope(name, tool, shared))
      return [
        [tool, { reads: merge(reads, more.reads), writes: merge(writes, more.reads, more.writes) }],
      ]
    })
    return { reads, writes, tools: limited.length === 0 ? undefined : new Map(limited) }
  }

  #kinds(quotas: CallQuotas, scopeFor: (shared: boolean) => BoundScope): Kinds {
    const parts: readonly [Quotas, BoundScope][] = [
      [quotas, scopeFor(true)],
      [quotas.perPrincipal, scopeFor(false)],
    ]
    return {
      reads: merge(...parts.map(([quota, scope]) => this.#list(quota, scope))),
      writes: merge(...parts.map(([{ writes }, scope]) => this.#list(writes, ofWrites(scope)))),
    }
  }

  #list(quota: Quota, scope: BoundScope): CallBounds {
    return {
      slots: this.#slotsFor(quota, scope),
      rates: this.#ratesFor(quota, scope),
      dailies: quota.daily === undefined ? [] : [{ scope, calls: quota.daily }],
    }
  }

  #slotsFor({ concurrent }: Quota, { name, shared }: BoundScope): readonly SlotBound[] {
    if (concurrent === undefined) return []
    const known = this.#slots.get(name)
    const slots = known ?? new PrincipalSlots(concurrent)
    this.#slots.set(name, slots)
    known?.reconfigure(concurrent)
    return [{ slots, shared }]
  }

  #ratesFor({ rate, burst }: Quota, scope: BoundScope): readonly RateBound[] {
    if (rate === undefined) return []
    const shape = { capacity: burst ?? Math.max(1, Math.ceil(rate)), refillPerSecond: rate }
    const known = this.#buckets.get(scope.name)
    const bucket = known ?? { shape, limits: new RateLimits(this.#clock, shape) }
    Object.assign(bucket.shape, shape)
    this.#buckets.set(scope.name, bucket)
    return [{ scope, perSecond: rate, limits: bucket.limits }]
  }
}

const NOTHING: CallBounds = { slots: [], rates: [], dailies: [] }
const NO_KINDS: Kinds = { reads: NOTHING, writes: NOTHING }
const NAME_CHARS_MAX = 300

const OWN_WRITES: BoundScope = { name: 'principal-writes', shared: false, writes: true, where: '' }

function serverScope(server: string, shared: boolean): BoundScope {
  const name = `server${shared ? '' : '-each'} ${server}`
  return { name, shared, writes: false, where: ' to the server of this call' }
}

const TENANT = 'tenant'
const TENANTS_MAX = 10_000

function tenantScope(tenant: string): BoundScope {
  return { name: `${TENANT} ${tenant}`, shared: true, writes: false, ofTenant: true, where: '' }
}

function toolScope(server: string, tool: string, shared: boolean): BoundScope {
  const text = JSON.stringify(tool)
  // What the store keeps has a bound, and escapes are long.
  const key = text.length <= NAME_CHARS_MAX ? text : hash('sha256', text, 'hex')
  const name = `tool${shared ? '' : '-each'} ${server} ${key}`
  return { name, shared, writes: false, where: ' of this tool' }
}

function ofWrites(scope: BoundScope): BoundScope {
  return { ...scope, name: scope.name.replace(' ', '-writes '), writes: true }
}

function merge(...parts: readonly CallBounds[]): CallBounds {
  return {
    slots: parts.flatMap(({ slots }) => slots),
    rates: parts.flatMap(({ rates }) => rates),
    dailies: parts.flatMap(({ dailies }) => dailies),
  }
}
