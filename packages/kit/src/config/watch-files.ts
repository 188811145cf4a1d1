import { stat } from 'node:fs/promises'

const LOOK_EVERY_MS = 500
/** Looks in a row that must find the same before it counts. */
const SETTLED_LOOKS = 2

export interface WatchOptions {
  /** Asked before each look. */
  readonly files: () => readonly string[]
  /** Some file is another than before, or came or went, and has been the same for two looks. */
  readonly onChange: () => void
  /** 500 by default, milliseconds. */
  readonly everyMs?: number
}

/**
 * Looks at files twice a second. Not by the system's notices: those miss network disks, mounted folders and
 * links that move, which is how configurations are delivered. A file is given the time of two looks to
 * settle, so that half of one is not read.
 */
export async function watchFiles({
  files,
  onChange,
  everyMs = LOOK_EVERY_MS,
}: WatchOptions): Promise<Disposable> {
  let settled = await signatureOf(files())
  let latest = settled
  let looks = 0
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const look = async (): Promise<void> => {
    const seen = await signatureOf(files())
    if (stopped) return
    looks = seen === latest ? looks + 1 : 0
    latest = seen
    if (looks >= SETTLED_LOOKS && seen !== settled) {
      settled = seen
      onChange()
    }
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
