import { AppError } from '../errors.ts'
import { exitCodeOf } from './exit-code.ts'
import { StopSignals, type StopSignalsOptions } from './signals.ts'

/**
 * Runs a program until it ends by itself or a signal asks it to. Resolves with the exit code: 0 when `run`
 * returned, which is what a drained stop does, else the code of its error, which `onError` has been given.
 * The caller ends the process.
 *
 * @param run returns once everything it opened is closed; its signal aborts with the first stop signal
 */
export async function runUntilSignal(
  run: (signal: AbortSignal) => Promise<void>,
  onError: (error: AppError) => void,
  options: StopSignalsOptions,
): Promise<number> {
  using signals = StopSignals.listen(options)
  try {
    await run(signals.signal)
    return 0
  } catch (thrown) {
    // A start interrupted by the signal ends as asked for.
    if (signals.signal.aborted && thrown === signals.signal.reason) return 0
    const error = AppError.from(thrown)
    onError(error)
    return exitCodeOf(error)
  }
}
