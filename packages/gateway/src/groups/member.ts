import type { GroupMember, ServerConfig } from '@sallyport/contract/config'
import type { CallSignal } from '@sallyport/kit/call-signal'
import type { Release, SlotBound } from '@sallyport/kit/limits'
import type { ServerFleet } from '../upstreams/upstream.ts'
import type { Candidate } from './strategies.ts'

/** What a group needs of the queue in front of a member; a `FairQueue` fits. */
export interface MemberQueue {
  readonly inFlight: number
  readonly queued: number
  enter(
    principalId: string,
    signal: CallSignal,
    bounds?: readonly SlotBound[],
    party?: string,
  ): Release | Promise<Release>
}

/**
 * Whether calls go to a member: `in` rotation; only when no other is left (`last`); or `never`, because an
 * operator blocked it. A cold member is in rotation: a call starts it.
 */
export type Standing = 'in' | 'last' | 'never'

export interface MemberDeps {
  readonly fleet: Pick<ServerFleet, 'stateOf' | 'breakerOf'>
  readonly queueOf: (server: string) => MemberQueue
}

/** A server as one group sees it. */
export class Member implements Candidate {
  readonly server: string
  readonly index: number
  readonly weight: number
  readonly priority: number
  readonly config: ServerConfig
  readonly #deps: MemberDeps

  constructor(
    { server, weight, priority }: GroupMember,
    index: number,
    config: ServerConfig,
    deps: MemberDeps,
  ) {
    this.server = server
    this.index = index
    this.weight = weight
    this.priority = priority
    this.config = config
    this.#deps = deps
  }

  get standing(): Standing {
    const { fleet } = this.#deps
    switch (fleet.stateOf(this.server)) {
      case 'blocked':
        return 'never'
      case 'degraded':
      case 'draining':
        return 'last'
      default:
        return fleet.breakerOf(this.server) === 'open' ? 'last' : 'in'
    }
  }

  get queue(): MemberQueue {
    return this.#deps.queueOf(this.server)
  }

  /** Calls it has now, through whatever name, and those that wait for it. */
  get load(): number {
    const { inFlight, queued } = this.queue
    return inFlight + queued
  }

  /** Whether a call would run at once. */
  get hasRoom(): boolean {
    return this.queue.inFlight < this.config.inFlight
  }
}
