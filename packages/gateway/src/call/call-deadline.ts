import type { Clock } from '@sallyport/kit/clock'
import type { Deadline, Deadlines } from '@sallyport/kit/limits'

/** The deadline of one call. It stands still while a person is asked. */
export class CallDeadline {
  readonly #deadlines: Deadlines
  readonly #clock: Clock
  readonly #onExpire: () => void
  #leftMs: number
  #sinceMs = 0
  #waiting = 0
  #deadline: Deadline | undefined

  constructor(
    { deadlines, clock }: { readonly deadlines: Deadlines; readonly clock: Clock },
    afterMs: number,
    onExpire: () => void,
  ) {
    this.#deadlines = deadlines
    this.#clock = clock
    this.#onExpire = onExpire
    this.#leftMs = afterMs
    this.#run()
  }

  /** Stands still until as many `resume` as `pause` were called. */
  pause(): void {
    this.#waiting += 1
    if (this.#waiting > 1) return
    this.#deadline?.cancel()
    this.#leftMs -= this.#clock.monotonicMs() - this.#sinceMs
  }

  /** As `pause`; what is returned resumes, once. */
  hold(): () => void {
    this.pause()
    let held = true
    return () => {
      if (held) this.resume()
      held = false
    }
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
