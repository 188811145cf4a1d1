import { stat } from 'node:fs/promises'

const LOOK_EVERY_MS = 500

export interface WatchOptions {
  /** Asked before each look. */
  readonly files: () => readonly string[]
  /** Some file is another than before, or came or went, and has been the same for one look. */
  readonly onChange: () => void
  /** 500 by default, milliseconds. */
  readonly everyMs?: number
}

/**
 * Looks at files twice a second. Not by the system's notices: those miss network disks, mounted folders and
 * links that move, which is how configurations are delivered. A file is given one look's time to settle, so
 * that half of one is not read.
 */
export async function watchFiles({
  files,
  onChange,
  everyMs = LOOK_EVERY_MS,
}: WatchOptions): Promise<Disposable> {
  let settled = await signatureOf(files())
  let latest = settled
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const look = async (): Promise<void> => {
    const seen = await signatureOf(files())
    if (stopped) return
    if (seen === latest && seen !== settled) {
      settled = seen
      onChange()
    }
    latest = seen
    schedule()
  }
  const schedule = (): void => {
    timer = setTimeout(() => void look(), everyMs).unref()
  }
  schedule()
  return {
    [Symbol.dispose]: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

async function signatureOf(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ dev, ino, size, mtimeMs }) => `${dev} ${ino} ${size} ${mtimeMs}`,
        // Whatever keeps it from being looked at will keep it from being read.
        () => 'none',
      ),
    ),
  )
  return parts.join('\n')
}
