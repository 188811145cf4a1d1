import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** In the environment of everything the bench starts, with the bench's own process id. */
const MARK = 'SALLYPORT_BENCH'
const FOLDER_NAME = 'sallyport-bench-'
const STOP_MS_MAX = 8_000
const POLL_MS = 20
const OUTPUT_CHARS_MAX = 64 * 1_024

export interface StartOptions {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** Processes that belong together and their folder; disposing it leaves neither behind. */
export class Fleet implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), `${FOLDER_NAME}${process.pid}-`))
  readonly #running = new Set<Running>()
  #folders = 0

  start(options: StartOptions): Running {
    const running = new Running(options, (self) => this.#running.delete(self))
    this.#running.add(running)
    return running
  }

  /** A path for a new folder of its own. */
  newFolder(): string {
    return join(this.folder, String(this.#folders++))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** One process, leader of its own group. Its standard input stays open as long as the bench lives. */
export class Running {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #output = ''
  #errors = ''
  #onChange: () => void = () => undefined

  constructor({ command, env, cwd }: StartOptions, onExit: (self: Running) => void) {
    const [file = '', ...args] = command
    this.#child = spawn(file, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env, [MARK]: String(process.pid) },
      ...(cwd === undefined ? {} : { cwd }),
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-OUTPUT_CHARS_MAX)
      this.#onChange()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-OUTPUT_CHARS_MAX)
    })
    this.#child.stdin?.on('error', () => undefined) // it ended before us; `exit` says so
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', () => resolve()) // there is no such file
      this.#child.once('exit', () => resolve())
    })
    void this.#exited.then(() => {
      onExit(this)
      this.#onChange()
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get output(): string {
    return this.#output
  }

  /** What it wrote to standard error, the last of it. */
  get errors(): string {
    return this.#errors
  }

  /**
   * Waits until `ready` gives a value; asks at once after each output, else every 20 ms.
   *
   * @throws {Error} when the process ends or the time is up first, with its last words
   */
  async until<T>(ready: () => T | undefined | Promise<T | undefined>, ms: number): Promise<T> {
    const endMs = performance.now() + ms
    while (performance.now() < endMs) {
      const value = await ready()
      if (value !== undefined) return value
      if (this.#hasEnded()) break
      await this.#change(POLL_MS)
    }
    throw new Error(`it did not become ready: ${this.#lastWords()}`)
  }

  /**
   * Waits until it ends by itself, without waking up meanwhile.
   *
   * @throws {Error} when it fails, or is still there when the time is up
   */
  async end(ms: number): Promise<void> {
    const timer = setTimeout(() => signal(this.pid, 'SIGKILL'), ms)
    await this.#exited
    clearTimeout(timer)
    if (this.#child.exitCode !== 0) throw new Error(this.#lastWords() || 'it was ended by force')
  }

  /** Ends it in the ordinary way, or by force after 8 s; then whatever is left of its group. */
  async stop(): Promise<void> {
    signal(this.pid, 'SIGTERM')
    const forced = setTimeout(() => signal(this.pid, 'SIGKILL'), STOP_MS_MAX)
    await this.#exited
    clearTimeout(forced)
    signal(-this.pid, 'SIGKILL')
  }

  #hasEnded(): boolean {
    const { exitCode, signalCode, pid } = this.#child
    return exitCode !== null || signalCode !== null || pid === undefined
  }

  #lastWords(): string {
    return (this.#errors || this.#output).trim().slice(-500)
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#onChange = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** The port that a server of the bench printed. */
export function printedPort(running: Running): Promise<number> {
  return running.until(() => {
    const port = /\{"port":(\d+)\}/.exec(running.output)?.[1]
    return port === undefined ? undefined : Number(port)
  }, 10_000)
}

/** A port that was free a moment ago, for peers that must be told one. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server's address has this shape
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits until a process listens on its port. */
export async function openPort(running: Running, port: number): Promise<void> {
  await running.until(async () => ((await accepts(port)) ? true : undefined), 20_000)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (pid === 0) return
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // gone already is what we want
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false // no such process
  }
}

/**
 * Ends and removes what earlier runs left behind, and with `own` what this one did: processes that carry
 * the mark of a bench (found on Linux only), and its folders.
 */
export function endLeftovers(own: boolean): void {
  const isOver = (owner: number) => (owner === process.pid ? own : !isAlive(owner))
  for (const [pid, owner] of markedProcesses()) {
    if (pid !== process.pid && isOver(owner)) signal(pid, 'SIGKILL')
  }
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${FOLDER_NAME}(\\d+)-`).exec(name)?.[1]
    if (owner === undefined || !isOver(Number(owner))) continue
    rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function markedProcesses(): [pid: number, owner: number][] {
  const found: [number, number][] = []
  for (const name of process.platform === 'linux' ? readdirSync('/proc') : []) {
    if (!/^\d+$/.test(name)) continue
    const owner = new RegExp(`(?:^|\0)${MARK}=(\\d+)`).exec(environment(name))?.[1]
    if (owner !== undefined) found.push([Number(name), Number(owner)])
  }
  return found
}

function environment(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return '' // ended meanwhile, or another user's
  }
}
