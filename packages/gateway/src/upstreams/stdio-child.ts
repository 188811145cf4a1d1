import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { Writable } from 'node:stream'
import { AppError } from '@sallyport/kit/errors'
import type { Capped } from './caps.ts'
import { LineReader } from './line-reader.ts'
import { registerChild } from './live-children.ts'
import { endMarkedProcesses, signalProcess } from './mark.ts'
import { readInTurns, readSlowly } from './read-paced.ts'
import type { StderrRing } from './stderr-ring.ts'

const STDIN_WAIT_MS = 2_000
const TERM_WAIT_MS = 3_000
const KILL_WAIT_MS = 2_000
const KILL_NOW_MS_MAX = 1_000
/** After each 64 KiB or two of stderr: some 10 MiB a second, far more than anybody reads. */
const STDERR_REST_MS = 10
/** After its exit a child's last words may still be in the pipe. */
const LAST_WORDS_MS = 500
/** A line this many times over the cap means the child will never stop. */
const ENDLESS_FACTOR = 32

export interface StdioChildOptions {
  readonly capped: Capped
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
  /** By which the child and all it starts are found; part of `environment`. */
  readonly mark: string
  readonly lineBytesMax: number
  /** Keeps what it writes there; of its server. */
  readonly stderr: StderrRing
  /** Time to end by itself once its input is closed, milliseconds; 2 s by default. */
  readonly stopMs?: number
  /** Told of the same besides. */
  readonly onStderr?: (chunk: Buffer) => void
  onLine(line: Buffer): void
  onOversize(head: Buffer, tail: Buffer): void
  /** It is gone or useless. Called once, also when it could not be started. */
  onEnd(reason: string): void
}

/** One child process: bytes in, lines out, and an end that leaves nothing behind. */
export class StdioChild {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #options: StdioChildOptions
  readonly #reader: LineReader
  readonly #exited: Promise<void>
  readonly #registration: Disposable
  #ended = false
  #stopping: Promise<void> | undefined
  #lastWords: NodeJS.Timeout | undefined
  #exitReason: string | undefined

  /**
   * Starts the program in a process group of its own.
   *
   * @throws {AppError} `server_start_failed` when the folder or the arguments are impossible; a program that
   *   is not there is reported by `onEnd`
   */
  static start(options: StdioChildOptions): StdioChild {
    try {
      return new StdioChild(options)
    } catch (thrown) {
      throw new AppError('server_start_failed', `the command could not be started`, {
        cause: thrown,
        outcome: 'not_sent',
      })
    }
  }

  private constructor(options: StdioChildOptions) {
    this.#options = options
    this.#reader = new LineReader(options)
    const { plan } = options.capped
    const child = spawnChild(options)
    this.#process = child
    this.#registration = registerChild(this)
    sendInput(child, plan.input)
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    child.once('error', ({ message }) => {
      const shown = message.replace(plan.file, plan.shownAs ?? plan.file)
      this.#end(`the command could not be run: ${shown}`)
    })
    child.once('exit', (code, signal) => this.#onExit(code, signal))
    child.once('close', () => this.#end(this.#exitReason ?? 'the server closed its output'))
    readInTurns(child.stdout, (chunk) => this.#read(chunk))
    child.stdout.once('end', () => this.#endSoon('the server closed its output'))
    readSlowly(child.stderr, STDERR_REST_MS, (chunk) => this.#keep(chunk))
    // Errors of the pipes say no more than the exit that follows; without listeners they would be thrown.
    child.stdin.on('error', () => this.#endSoon('the server closed its input'))
    child.stdout.on('error', () => this.#endSoon('the output of the server broke'))
    child.stderr.on('error', () => undefined)
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** The last lines it wrote to stderr, oldest first. */
  stderrLines(linesMax: number): string[] {
    const { pid } = this.#process
    if (pid === undefined) return []
    return this.#options.stderr.lines(linesMax, pid).map(({ text }) => text)
  }

  /** Hands bytes to the child. `onDrained` runs once they left this process; never after its end. */
  write(bytes: Buffer, onDrained: () => void): void {
    this.#process.stdin.write(bytes, (error) => {
      if (!error && !this.#ended) onDrained()
    })
  }

  /** Closes its input, then SIGTERM, then SIGKILL, then ends whatever still carries its mark. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** Kills it and its group before it returns, for an end of this process that waits for nothing. */
  killNow(): void {
    this.#options.capped.killNow()
    const { pid } = this.#process
    if (pid === undefined) return
    if (process.platform !== 'win32') signalProcess(-pid, 'SIGKILL')
    else spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { timeout: KILL_NOW_MS_MAX })
  }

  #keep(chunk: Buffer): void {
    this.#options.onStderr?.(chunk)
    if (this.#process.pid !== undefined) this.#options.stderr.push(this.#process.pid, chunk)
  }

  #read(chunk: Buffer): void {
    if (this.#ended) return
    this.#reader.push(chunk)
    if (this.#reader.skippedBytes > this.#options.lineBytesMax * ENDLESS_FACTOR) {
      this.#end('the server sends a line without end')
    }
  }

  /** Waits for the exit, whose code makes a better reason, and for answers still in the pipe. */
  #endSoon(reason: string): void {
    if (this.#ended) return
    this.#lastWords ??= setTimeout(() => this.#end(reason), LAST_WORDS_MS)
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    const end =
      signal === null ? `the server exited with code ${code}` : `the server was ended by ${signal}`
    const why = code === 0 ? undefined : this.#options.capped.explain(signal)
    const reason = why === undefined ? end : `${end}: ${why}`
    clearTimeout(this.#lastWords)
    // `close` follows once both outputs were read. A grandchild may hold a pipe open for ever, so it is not
    // waited for alone.
    this.#exitReason = reason
    this.#lastWords = setTimeout(() => this.#end(reason), LAST_WORDS_MS)
  }

  #end(reason: string): void {
    clearTimeout(this.#lastWords)
    if (this.#ended) return
    this.#ended = true
    this.#options.onEnd(reason)
  }

  async #stop(): Promise<void> {
    using _registration = this.#registration
    this.#ended = true
    clearTimeout(this.#lastWords)
    const child = this.#process
    child.stdin.end()
    if (child.pid !== undefined) {
      if (!(await this.#hasExited(this.#options.stopMs ?? STDIN_WAIT_MS))) {
        this.#signalAll('SIGTERM')
        if (!(await this.#hasExited(TERM_WAIT_MS))) {
          this.#signalAll('SIGKILL')
          await this.#hasExited(KILL_WAIT_MS)
        }
      }
      // Also after a polite exit: what the server started and left behind is ours to end.
      this.#signalAll('SIGTERM')
      await endMarkedProcesses(this.#options.mark)
    }
    await this.#options.capped.remove()
    child.stdin.destroy()
    child.stdout.destroy()
    child.stderr.destroy()
  }

  #hasExited(waitMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => resolve(false), waitMs)
    void this.#exited.then(() => resolve(true))
    return promise.finally(() => clearTimeout(timer))
  }

  #signalAll(signal: NodeJS.Signals): void {
    const { pid, exitCode } = this.#process
    if (pid === undefined) return
    if (process.platform !== 'win32') {
      signalProcess(-pid, signal)
      return
    }
    // Windows has no groups: end the tree while its root still stands.
    if (exitCode === null) spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' })
  }
}

function spawnChild(options: StdioChildOptions): ChildProcessWithoutNullStreams {
  const { plan } = options.capped
  const child = spawn(plan.file, [...plan.args], {
    cwd: options.cwd,
    env: { ...(plan.environment ?? options.environment) },
    stdio: plan.input === undefined ? 'pipe' : ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsVerbatimArguments: plan.verbatim,
    windowsHide: true,
    shell: false,
  })
  return child as ChildProcessWithoutNullStreams // its first three streams are pipes
}

function sendInput(child: ChildProcessWithoutNullStreams, input: string | undefined): void {
  const pipe: unknown = child.stdio[3]
  if (input === undefined || !(pipe instanceof Writable)) return
  // Its exit says more than the broken pipe.
  pipe.on('error', () => undefined)
  pipe.end(input)
}
