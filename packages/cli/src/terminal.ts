/** Where a command writes. stdout carries the answer, stderr everything else. */
export interface Terminal {
  /** Whether a person reads stdout. */
  readonly isInteractive: boolean
  /** Whether a person reads stderr. */
  readonly isWatched: boolean
  /** Width of stdout in characters; undefined where it is no terminal: lines are as long as they are. */
  readonly columns: number | undefined
  /** Writes lines to stdout. The text is ours or has been made printable. */
  print(text: string): void
  /** Writes lines to stderr. */
  note(text: string): void
}

/**
 * The terminal of this process. A reader that goes away (`| head`) ends the command quietly, as it does
 * for other programs.
 */
export function openTerminal(streams: {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}): Terminal {
  for (const stream of [streams.stdout, streams.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit()
    })
  }
  return {
    isInteractive: streams.stdout.isTTY === true,
    isWatched: streams.stderr.isTTY === true,
    columns: (streams.stdout.isTTY && streams.stdout.columns) || undefined,
    print: (text) => void streams.stdout.write(`${text}\n`),
    note: (text) => void streams.stderr.write(`${text}\n`),
  }
}

/** Keeps what is written, for tests. */
export class FakeTerminal implements Terminal {
  readonly isInteractive: boolean
  readonly isWatched: boolean
  readonly columns: number | undefined
  readonly printed: string[] = []
  readonly noted: string[] = []

  constructor(isInteractive = false, columns?: number) {
    this.isInteractive = isInteractive
    this.isWatched = isInteractive
    this.columns = columns
  }

  print(text: string): void {
    this.printed.push(text)
  }

  note(text: string): void {
    this.noted.push(text)
  }
}
