import type { ServerResponse } from 'node:http'
import { AppError } from '@sallyport/kit/errors'

/**
 * Runs admin work under a deadline. Its signal also aborts when the caller goes away; the reason is an
 * AppError: `deadline_exceeded` or `cancelled`.
 *
 * @param deadlineMs `Infinity` for streams, which end with their callers
 */
export async function withDeadline<Result>(
  res: ServerResponse,
  deadlineMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController()
  const onClose = (): void => controller.abort(new AppError('cancelled', 'the caller went away'))
  const onLate = (): void => {
    controller.abort(new AppError('deadline_exceeded', `not done within ${deadlineMs} ms`))
  }
  const timer = deadlineMs === Infinity ? undefined : setTimeout(onLate, deadlineMs)
  res.once('close', onClose)
  try {
    return await untilAborted(work(controller.signal), controller.signal)
  } finally {
    clearTimeout(timer)
    res.off('close', onClose)
  }
}

// Work that does not listen to its signal must not keep its caller waiting either.
function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([work, aborted.promise]).finally(() => {
    signal.removeEventListener('abort', onAbort)
  })
}
