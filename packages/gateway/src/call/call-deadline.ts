import type { Clock } from '@sallyport/kit/clock'
import type { Deadline, Deadlines } from '@sallyport/kit/limits'

/** What deadlines of calls work with. */
export interface CallDeadlineDeps {
  readonly deadlines: Deadlines
  readonly clock: Clock
  readonly limits: {
    /** How long a call may be held in all, milliseconds. */
    readonly holdMs: number
  }
}

/** The deadline of one call. It stands still while a person is asked. */
export class CallDeadline {
  readonly #deadlines: Deadlines
  readonly #clock: Clock
  readonly #onExpire: () => void
  #leftMs: number
  #holdLeftMs: number
  #sinceMs = 0
  #waiting = 0
  #deadline: Deadline | undefined

  constructor(
    { deadlines, clock, limits }: CallDeadlineDeps,
    afterMs: number,
    onExpire: () => void,
  ) {
    this.#deadlines = deadlines
    this.#clock = clock
    this.#onExpire = onExpire
    this.#leftMs = afterMs
    this.#holdLeftMs = limits.holdMs
    this.#run()
  }

  /** Stands still until as many `resume` as `pause` were called. */
  pause(): void {
    this.#waiting += 1
    if (this.#waiting > 1) return
    this.#deadline?.cancel()
    this.#leftMs -= this.#clock.monotonicMs() - this.#sinceMs
  }

  /**
   * As `pause`, for somebody who may be waiting for a person; what is returned resumes, once. A call is held
   * for a limited time in all: its server decides how often, and asks another's client.
   */
  hold(): () => void {
    if (this.#holdLeftMs <= 0) return ignore
    const sinceMs = this.#clock.monotonicMs()
    let held = true
    const release = (): void => {
      if (!held) return
      held = false
      limit.cancel()
      this.#holdLeftMs -= this.#clock.monotonicMs() - sinceMs
      this.resume()
    }
    const limit = this.#deadlines.add(this.#holdLeftMs, release)
    this.pause()
    return release
  }

  resume(): void {
    this.#waiting -= 1
    if (this.#waiting === 0) this.#run()
  }

  cancel(): void {
    this.#waiting = Number.POSITIVE_INFINITY
    this.#deadline?.cancel()
  }

  #run(): void {
    this.#sinceMs = this.#clock.monotonicMs()
    this.#deadline = this.#deadlines.add(this.#leftMs, this.#onExpire)
  }
}

function ignore(): void {}
