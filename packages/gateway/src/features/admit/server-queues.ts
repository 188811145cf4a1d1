import type { LimitsConfig, ServerConfig } from '@sallyport/contract/config'
import { FairQueue, PrincipalSlots, type SlotBound } from '@sallyport/kit/limits'

/** What of a configuration says how many calls run and wait. */
export interface QueuesConfig {
  readonly limits: { readonly perPrincipal: Pick<LimitsConfig['perPrincipal'], 'concurrent'> }
  readonly servers: Readonly<Record<string, ServerConfig>>
}

/** The queue in front of each server. Lives on when the configuration changes: calls wait in it. */
export class ServerQueues {
  readonly #slots: PrincipalSlots
  readonly #queues = new Map<string, FairQueue>()
  readonly #boundsOf: (config: ServerConfig) => readonly SlotBound[]

  /** @param boundsOf what each call of a server must keep besides */
  constructor(config: QueuesConfig, boundsOf: (config: ServerConfig) => readonly SlotBound[]) {
    this.#boundsOf = boundsOf
    this.#slots = new PrincipalSlots(config.limits.perPrincipal.concurrent)
    this.apply(config)
  }

  /** Goes over to another configuration. Who waits for a server that is gone is still let in there. */
  apply({ limits, servers }: QueuesConfig): void {
    this.#slots.reconfigure(limits.perPrincipal.concurrent)
    for (const name of this.#queues.keys()) {
      if (!Object.hasOwn(servers, name)) this.#queues.delete(name)
    }
    for (const config of Object.values(servers)) {
      const { name, inFlight, queued } = config
      const { concurrent = inFlight } = config.limits
      const queueLimits = { inFlightMax: Math.min(inFlight, concurrent), queuedMax: queued }
      const bounds = this.#boundsOf(config)
      const known = this.#queues.get(name)
      if (known) known.reconfigure(queueLimits, bounds)
      else this.#queues.set(name, new FairQueue(queueLimits, this.#slots, bounds))
    }
  }

  /** A queue for a server without one lets one call in at a time: it is about to be gone. */
  of(server: string): FairQueue {
    const known = this.#queues.get(server)
    return known ?? new FairQueue({ inFlightMax: 1, queuedMax: 0 }, this.#slots)
  }
}
