import { AppError } from '@sallyport/kit/errors'
import { forcedExitCode, StopSignals } from '@sallyport/kit/lifecycle'
import type { Context } from './context.ts'
import { endAtOnce } from './end-at-once.ts'

/**
 * Runs until it ends or a signal comes, which gives the exit code of that signal: nothing was found out. What was
 * opened is closed first.
 */
export async function untilSignal(
  { clock }: Context,
  run: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  using signals = StopSignals.listen({ clock, source: process, force: endAtOnce })
  try {
    return await run(signals.signal)
  } catch (thrown) {
    if (signals.received === undefined) throw thrown
    const isEnd = thrown === signals.signal.reason || AppError.from(thrown).code === 'cancelled'
    if (!isEnd) throw thrown
    return forcedExitCode(signals.received)
  }
}
