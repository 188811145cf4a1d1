import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../clock.ts'

const SAMPLE_EVERY_MS = 1_000
const RESOLUTION_MS = 20
const DELAY_MS_MAX = 250
const PATIENCE_MS = 5_000
/** A loop this slow is not busy but broken. */
const STUCK_MS = 10_000

/** Where delays come from: `perf_hooks` in the product, a list of numbers in a test. */
export interface DelaySource extends Disposable {
  /** Mean delay since the last reading, in milliseconds. */
  read(): number
}

/**
 * Watches the event loop. `overloaded` while its mean delay has been above 250 ms for 5 s; one better
 * second ends it. The door then sheds load.
 */
export class LoopWatch implements Disposable {
  readonly #clock: Clock
  readonly #source: DelaySource
  #timer: NodeJS.Timeout | undefined
  #slowSinceMs: number | undefined
  #overloaded = false
  #delayMs = 0

  private constructor(clock: Clock, source: DelaySource) {
    this.#clock = clock
    this.#source = source
  }

  /** Starts watching, once a second, without keeping the process alive. The caller disposes. */
  static start(clock: Clock, source: DelaySource = openDelaySource()): LoopWatch {
    const watch = new LoopWatch(clock, source)
    watch.#timer = setInterval(() => watch.sample(), SAMPLE_EVERY_MS)
    watch.#timer.unref()
    return watch
  }

  get overloaded(): boolean {
    return this.#overloaded
  }

  /** Whether it hangs so badly that only a restart helps. */
  get stuck(): boolean {
    return this.#delayMs >= STUCK_MS
  }

  /** Mean delay of the last second, in milliseconds. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** Reads the source and judges. The timer calls it; tests with a clock of their own may, too. */
  sample(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#delayMs = this.#source.read()
    if (this.#delayMs <= DELAY_MS_MAX) this.#slowSinceMs = undefined
    // The delays just read lie in the past second.
    else this.#slowSinceMs ??= nowMs - SAMPLE_EVERY_MS
    this.#overloaded = this.#slowSinceMs !== undefined && nowMs - this.#slowSinceMs >= PATIENCE_MS
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#source[Symbol.dispose]()
    this.#overloaded = false
  }
}

function openDelaySource(): DelaySource {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  return {
    read: () => {
      const meanMs = histogram.mean / 1e6
      histogram.reset()
      // Samples hold the interval itself, too; without any sample the mean is not a number.
      return Number.isFinite(meanMs) ? Math.max(0, meanMs - RESOLUTION_MS) : 0
    },
    [Symbol.dispose]: () => {
      histogram.disable()
    },
  }
}
