import type { CallSignal } from '../call-signal.ts'
import type { Deadline, Deadlines } from '../limits/index.ts'

/** How long what was aborted may take to say what became of it. */
const LAST_WORD_MS = 1_000

/**
 * What `run` comes to. Once the signal aborts it has a second left; then whoever waits is told the signal's
 * reason, and what it comes to later is dropped.
 *
 * @throws what `run` rejects with, or the signal's reason
 */
export function runUntilAborted<Done>(
  run: () => Promise<Done>,
  signal: CallSignal,
  deadlines: Deadlines,
): Promise<Done> {
  return new Promise((resolve, reject) => {
    let last: Deadline | undefined
    const onAbort = (): void => {
      last = deadlines.add(LAST_WORD_MS, () => reject(signal.reason))
    }
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort)
      last?.cancel()
    }
    signal.addEventListener('abort', onAbort)
    run().then(
      (done) => {
        settle()
        resolve(done)
      },
      (thrown: unknown) => {
        settle()
        reject(thrown)
      },
    )
  })
}
