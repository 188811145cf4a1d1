import { CallController, type CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { orAborted } from '@sallyport/kit/or-aborted'
import type { Asker, ServerFleet } from '../upstreams/upstream.ts'
import type { Group } from './group.ts'
import type { Member } from './member.ts'

/** Tells that a resource changed, as `UpstreamEvents.onResourceUpdated`. */
export type TellUpdated = (server: string, key: string, uri: string, params: string) => void

export interface GroupSubscriptionsDeps {
  readonly fleet: Pick<ServerFleet, 'subscribe' | 'unsubscribe' | 'keyOf'>
  /** The groups in force. */
  readonly find: (group: string) => Group | undefined
  readonly tell: TellUpdated
  readonly log: Log
}

/** A resource of a group that somebody watches. */
interface Watch {
  readonly group: string
  /** Under which the watchers of the group know it. */
  readonly key: string
  readonly asker: Asker
  readonly uri: string
  /** Watchers. None is left when it ends. */
  count: number
  /** Which member announces its changes, and the key of its session; undefined while none does. */
  at: { readonly server: string; readonly key: string } | undefined
  /** Set while members are asked. */
  standing: Promise<void> | undefined
  /** The member being asked now; undefined again once it is another server under its old name. */
  asked: string | undefined
  /** Whether a member ever announced it. */
  stood: boolean
}

const METHOD = 'resources/subscribe'

/**
 * Who watches resources of groups: each with one member, and with another when that one leaves rotation. A
 * watcher is then told that it may have changed, for nobody listened in between.
 */
export class GroupSubscriptions {
  #deps: GroupSubscriptionsDeps
  readonly #watches = new Map<string, Watch>()
  /** By member, session and URI. */
  readonly #placed = new Map<string, Set<Watch>>()

  constructor(deps: GroupSubscriptionsDeps) {
    this.#deps = deps
  }

  /** Resources of groups that are watched. */
  get size(): number {
    return this.#watches.size
  }

  /** Goes on with the groups of another generation. `gone`: servers that are none any more, or new ones. */
  use(deps: GroupSubscriptionsDeps, gone: ReadonlySet<string>): void {
    this.#deps = deps
    for (const watch of [...this.#watches.values()]) {
      // A new server knows nothing of it.
      if (watch.at !== undefined && gone.has(watch.at.server)) this.#displace(watch)
      if (watch.asked !== undefined && gone.has(watch.asked)) watch.asked = undefined
      if (deps.find(watch.group) === undefined) this.#end(watch)
      else this.#review(watch)
    }
  }

  /** @throws {AppError} as `Upstreams.subscribe` */
  async add(group: Group, asker: Asker, wish: WatchWish): Promise<void> {
    const { uri, key, signal } = wish
    const name = group.config.name
    const id = idOf(name, key, uri)
    const watch = this.#watches.get(id) ?? {
      ...{ group: name, key, asker, uri, count: 0, at: undefined, standing: undefined },
      ...{ asked: undefined, stood: false },
    }
    this.#watches.set(id, watch)
    watch.count += 1
    try {
      if (watch.at === undefined) await orAborted(signal, () => this.#stand(watch))
    } catch (thrown) {
      this.remove(name, key, uri)
      throw thrown
    }
  }

  remove(group: string, key: string, uri: string): void {
    const watch = this.#watches.get(idOf(group, key, uri))
    if (watch === undefined) return
    watch.count -= 1
    if (watch.count === 0) this.#end(watch)
  }

  /** Passes a member's news on under the names of its groups. */
  updated(server: string, key: string, uri: string, params: string): void {
    const watches = this.#placed.get(idOf(server, key, uri))
    if (watches === undefined) return
    for (const { group, key: own } of [...watches]) this.#deps.tell(group, own, uri, params)
  }

  /** Something changed about a server: watches go where they are best kept. */
  noteState(): void {
    for (const watch of this.#watches.values()) this.#review(watch)
  }

  #end(watch: Watch): void {
    const id = idOf(watch.group, watch.key, watch.uri)
    if (this.#watches.get(id) === watch) this.#watches.delete(id)
    watch.count = 0
    const { at } = watch
    this.#displace(watch)
    if (at !== undefined) this.#deps.fleet.unsubscribe(at.server, watch.asker, watch.uri)
  }

  /** Moves a watch whose member left rotation or its group, if there is a better one. */
  #review(watch: Watch): void {
    const group = this.#deps.find(watch.group)
    if (group === undefined || watch.standing !== undefined) return
    const at = watch.at && group.find(watch.at.server)
    if (at?.standing === 'in' || watch.count === 0) return
    const best = group.choose(wishOf(watch), [])
    if (best === undefined || best === at || (at !== undefined && best.standing !== 'in')) return
    this.#stand(watch).catch((err: unknown) => {
      this.#deps.log.debug({ group: watch.group, err }, 'subscription not moved')
    })
  }

  /** Asks members until one announces the changes; who watches already moves there. */
  #stand(watch: Watch): Promise<void> {
    if (watch.standing !== undefined) return watch.standing
    const over = (): void => {
      watch.standing = undefined
    }
    watch.standing = this.#standAnywhere(watch)
    // Meanwhile its member may have left rotation, or become another server.
    watch.standing.then(() => {
      over()
      this.#review(watch)
    }, over)
    return watch.standing
  }

  async #standAnywhere(watch: Watch): Promise<void> {
    const tried: Member[] = []
    let failure: AppError | undefined
    for (;;) {
      if (watch.count === 0) return
      const group = this.#deps.find(watch.group)
      const member = group?.choose(wishOf(watch), tried)
      if (member === undefined) {
        throw failure ?? group?.exhausted() ?? new AppError('not_found', 'there is no such group')
      }
      // Where it stands already nobody is better.
      if (member.server === watch.at?.server) return
      tried.push(member)
      watch.asked = member.server
      try {
        // Nobody's own signal: others may wait for the same. Its server sees that it ends.
        await this.#deps.fleet.subscribe(member.server, watch.asker, watch.uri, NEVER)
        if (watch.asked === member.server) return this.#settle(watch, member.server)
        tried.pop()
      } catch (thrown) {
        failure = AppError.from(thrown)
      }
    }
  }

  /** A member announces it from now on; the one before is told to be silent. */
  #settle(watch: Watch, server: string): void {
    const { fleet, tell } = this.#deps
    const { asker, uri, at: before } = watch
    if (watch.count === 0) {
      fleet.unsubscribe(server, asker, uri)
      return
    }
    this.#displace(watch)
    const key = fleet.keyOf(server, asker)
    watch.at = { server, key }
    const id = idOf(server, key, uri)
    const placed = this.#placed.get(id)
    if (placed === undefined) this.#placed.set(id, new Set([watch]))
    else placed.add(watch)
    if (before !== undefined) fleet.unsubscribe(before.server, asker, uri)
    if (watch.stood) tell(watch.group, watch.key, uri, JSON.stringify({ uri }))
    watch.stood = true
  }

  #displace(watch: Watch): void {
    const { at, uri } = watch
    if (at === undefined) return
    watch.at = undefined
    const id = idOf(at.server, at.key, uri)
    const placed = this.#placed.get(id)
    placed?.delete(watch)
    if (placed?.size === 0) this.#placed.delete(id)
  }
}

/** What is to be watched, and for whom. */
export interface WatchWish {
  readonly uri: string
  /** Whose watchers share it. */
  readonly key: string
  readonly signal: CallSignal
}

const NEVER = new CallController().signal

function wishOf({ uri, asker }: Watch): Parameters<Group['choose']>[0] {
  return { method: METHOD, name: uri, principal: asker.principal }
}

/** No name, key or URI holds a line break. */
function idOf(server: string, key: string, uri: string): string {
  return `${server}\n${key}\n${uri}`
}
