/** Waits no longer than the signal lets it; what is waited for goes on. Rejects with the signal's own reason. */
export async function untilAborted<T>(waited: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([waited, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
