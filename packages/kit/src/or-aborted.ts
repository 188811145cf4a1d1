import type { CallSignal } from './call-signal.ts'
import { AppError } from './errors.ts'

/**
 * Waits until the work is done or the signal says that nobody waits any more; the work goes on.
 *
 * @throws {AppError} the signal's own reason
 */
export async function orAborted<Done>(
  signal: CallSignal,
  work: () => Promise<Done>,
): Promise<Done> {
  if (signal.aborted) throw AppError.from(signal.reason)
  const { promise: left, reject } = Promise.withResolvers<never>()
  const leave = (): void => reject(AppError.from(signal.reason))
  signal.addEventListener('abort', leave)
  try {
    return await Promise.race([work(), left])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
