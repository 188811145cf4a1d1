import { AppError } from '../errors.ts'
import { exitCodeOf } from './exit-code.ts'
import { forcedExitCode, StopSignals, type StopSignalsOptions } from './signals.ts'

const START_STOP_MS = 1_000

/**
 * Runs a program until it ends by itself or a signal asks it to. Resolves with the exit code: 0 when `run`
 * returned, which is what a drained stop does, else the code of its error, which `onError` has been given.
 * The caller ends the process. A start that a signal does not end within a second is abandoned: the end is
 * forced, with the code of the signal.
 *
 * @param run returns once everything it opened is closed; its signal aborts with the first stop signal, and it
 *   calls `started` once stopping is a matter of closing what it opened
 */
export async function runUntilSignal(
  run: (signal: AbortSignal, started: () => void) => Promise<void>,
  onError: (error: AppError) => void,
  options: StopSignalsOptions,
): Promise<number> {
  using signals = StopSignals.listen(options)
  using start = watchStart(signals, options)
  try {
    await run(signals.signal, start.over)
    return 0
  } catch (thrown) {
    // A start interrupted by the signal ends as asked for.
    if (signals.signal.aborted && thrown === signals.signal.reason) return 0
    const error = AppError.from(thrown)
    onError(error)
    return exitCodeOf(error)
  }
}

/** Forces the end when a signal comes before `over` and the start neither ends nor gets there soon. */
function watchStart(
  signals: StopSignals,
  { force, startStopMs = START_STOP_MS }: StopSignalsOptions,
): Disposable & { readonly over: () => void } {
  let timer: NodeJS.Timeout | undefined
  const onStop = (): void => {
    const name = signals.received ?? 'SIGTERM'
    timer = setTimeout(() => force(forcedExitCode(name), name), startStopMs)
  }
  const over = (): void => {
    signals.signal.removeEventListener('abort', onStop)
    clearTimeout(timer)
  }
  signals.signal.addEventListener('abort', onStop, { once: true })
  return { over, [Symbol.dispose]: over }
}
