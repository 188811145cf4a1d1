import type { CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'

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
