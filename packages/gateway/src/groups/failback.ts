import type { Clock } from '@sallyport/kit/clock'
import type { Log } from '@sallyport/kit/log'
import type { Asker, ServerControl, ServerStatus } from '../upstreams/upstream.ts'
import type { Member } from './member.ts'

/** A look ends by its own deadline; this is for one that never does. */
const LOOK_MS_MAX = 5 * 60_000

export interface FailbackDeps {
  readonly fleet: {
    readonly control: Pick<ServerControl, 'check'>
    status(): readonly ServerStatus[]
  }
  readonly clock: Clock
  readonly log: Log
}

/**
 * Brings members back that failed to start: who has no session is not looked at by itself, and a group that
 * has others would never call it again. So while calls come, each such member is looked at once in its own
 * interval, on behalf of a caller.
 */
export class Failback {
  readonly #deps: FailbackDeps
  /** When each was last looked at for our sake, monotonic. */
  readonly #lookedAt = new Map<string, number>()

  constructor(deps: FailbackDeps) {
    this.#deps = deps
  }

  look(members: readonly Member[], asker: Asker): void {
    for (const member of members) if (member.isDegraded) this.#look(member, asker)
  }

  #look({ server, config }: Member, asker: Asker): void {
    const { fleet, clock, log } = this.#deps
    const nowMs = clock.monotonicMs()
    const { everyMs } = config.health
    if (nowMs - (this.#lookedAt.get(server) ?? -Infinity) < everyMs) return
    this.#lookedAt.set(server, nowMs)
    const status = fleet.status().find(({ name }) => name === server)
    const sinceMs = clock.nowMs() - (status?.check?.atMs ?? -Infinity)
    // Twice the interval: where it is looked at anyway, that is late at most by the look itself.
    if (sinceMs < 2 * everyMs) return
    fleet.control
      .check(server, asker, AbortSignal.timeout(LOOK_MS_MAX))
      .catch((err: unknown) => log.debug({ server, err }, 'member not back yet'))
  }
}
