import type { StopSignal } from '@sallyport/kit/lifecycle'
import { endAtOnce } from './end-at-once.ts'

/** The end of this process that waits for nothing, and what must happen before it. */
export class ForcedEnd {
  readonly #acts = new Set<() => void>()

  /** Has `act`, which waits for nothing either, run first. The same one counts once. */
  before(act: () => void): void {
    this.#acts.add(act)
  }

  /** As `endAtOnce`. */
  readonly end = (exitCode: number, name: StopSignal): void => {
    try {
      for (const act of this.#acts) act()
    } finally {
      endAtOnce(exitCode, name)
    }
  }
}
