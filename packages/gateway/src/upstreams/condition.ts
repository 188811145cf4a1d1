import type { Intake } from './intake.ts'
import type { ServerState } from './upstream.ts'

const LIST_EMPTY = 'the server lists no tools where it had some'

/** What of a server's sessions its state follows from. */
export interface SessionFacts {
  readonly open: boolean
  readonly starting: boolean
  readonly ending: boolean
}

export interface ConditionOptions {
  readonly intake: Intake
  sessions(): SessionFacts
  /** What its configured health call found wrong. */
  fault(): string | null
}

/** How one server is: in what state, and why it is degraded. */
export class Condition {
  readonly #options: ConditionOptions
  /** Why it is degraded: starts, probes or the transport fail. */
  trouble: string | null = null
  /**
   * Why its last child is gone, which ended by itself or no longer answered. Says nothing of the next one:
   * each caller may have a child of its own, and whoever ends theirs ends nobody else's.
   */
  lostChild: string | null = null
  /** It lists no tools where it had some. */
  listEmpty = false
  closing = false

  constructor(options: ConditionOptions) {
    this.#options = options
  }

  /** As shown: without a child it is degraded while the last one did not end as it should. */
  get state(): ServerState {
    const { standing } = this
    return standing === 'cold' && this.lostChild !== null ? 'degraded' : standing
  }

  /** As it counts for whoever chooses between servers. */
  get standing(): ServerState {
    const { intake, sessions } = this.#options
    if (intake.marks.blocked !== undefined) return 'blocked'
    if (this.isDraining) return 'draining'
    // Also while another start is tried: until one succeeds nobody should count on it.
    if (this.fault !== null) return 'degraded'
    const { open, starting, ending } = sessions()
    if (open) return 'ready'
    if (starting) return 'starting'
    return ending && this.lostChild === null ? 'draining' : 'cold'
  }

  /** Whether it takes no calls, rather than that sessions of it end. */
  get isDraining(): boolean {
    return this.closing || this.#options.intake.marks.draining !== undefined
  }

  /** Why it is degraded, whatever operators decided; null when it is not. */
  get fault(): string | null {
    const fault = this.trouble ?? this.#options.fault()
    return fault ?? (this.listEmpty ? LIST_EMPTY : null)
  }

  /** What is shown: the decision of an operator, or the fault. */
  get reason(): string | null {
    const { intake, sessions } = this.#options
    return intake.reason() ?? this.fault ?? (sessions().open ? null : this.lostChild)
  }
}
