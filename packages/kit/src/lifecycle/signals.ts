import type { Clock } from '../clock.ts'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type StopSignal = (typeof STOP_SIGNALS)[number]

/** Launchers deliver one Ctrl-C twice; a person who repeats it is slower. */
const SAME_SIGNAL_MS = 1_000

/** What signals need of a process. `process` is one. */
export interface SignalSource {
  on(event: StopSignal, listener: () => void): unknown
  off(event: StopSignal, listener: () => void): unknown
}

export interface StopSignalsOptions {
  readonly clock: Clock
  /** The process; a fake in tests. */
  readonly source: SignalSource
  /** Ends the process at once, with that exit code: 128 and the number of the signal. */
  readonly force: (exitCode: number, name: StopSignal) => void
  /** How long a start may go on after a signal before the end is forced, milliseconds; default 1 s. */
  readonly startStopMs?: number
  /** All of them by default. */
  readonly signals?: readonly StopSignal[]
}

/**
 * SIGINT, SIGTERM and SIGHUP as one `AbortSignal`. Another signal within a second counts as the same; a
 * later one forces the end with 130, 143 or 129.
 *
 * Source: design, "The command"; exit codes as shells give them (128 + number).
 */
export class StopSignals implements Disposable {
  readonly #options: StopSignalsOptions
  readonly #controller = new AbortController()
  readonly #listeners: ReadonlyMap<StopSignal, () => void>
  #first: { readonly name: StopSignal; readonly atMs: number } | undefined

  private constructor(options: StopSignalsOptions) {
    this.#options = options
    this.#listeners = new Map(
      (options.signals ?? STOP_SIGNALS).map((name) => [name, () => this.#receive(name)]),
    )
    for (const [name, listener] of this.#listeners) options.source.on(name, listener)
  }

  /** Listens until disposed; from then on signals end the process as they do by default. */
  static listen(options: StopSignalsOptions): StopSignals {
    return new StopSignals(options)
  }

  /** Aborts with the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The signal that began the stop. */
  get received(): StopSignal | undefined {
    return this.#first?.name
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) this.#options.source.off(name, listener)
  }

  #receive(name: StopSignal): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#first === undefined) {
      this.#first = { name, atMs: nowMs }
      this.#controller.abort(new DOMException(`${name} received`, 'AbortError'))
    } else if (nowMs - this.#first.atMs > SAME_SIGNAL_MS) {
      this.#options.force(forcedExitCode(name), name)
    }
  }
}

/** 128 and the number of the signal, as shells give it. */
export function forcedExitCode(name: StopSignal): number {
  switch (name) {
    case 'SIGHUP':
      return 129
    case 'SIGINT':
      return 130
    case 'SIGTERM':
      return 143
  }
}
