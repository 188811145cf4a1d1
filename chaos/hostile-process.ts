import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { kill } from '../packages/cli/test/fixtures/processes.ts'
import { bareEnvironment } from '../packages/cli/test/fixtures/run-command.ts'
import type { Era, Form } from './hostile/wire.ts'

/** What is started, and how. */
export interface HostileLaunch {
  /** The program, from `HostileProgram`. */
  readonly file: string
  readonly form: Form
  readonly era: Era
}

const THAW_MS = 2_500
const RESPAWN_MS = 300
const LOOK_MS = 500

/** A hostile server that listens. It is started again on its port when it ends, and thawed when it froze. */
export class HostileProcess implements AsyncDisposable {
  readonly url: string
  readonly #launch: HostileLaunch
  readonly #port: number
  #child: ChildProcess
  #over = false
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #look: NodeJS.Timeout
  #frozenSinceMs: number | undefined

  private constructor(given: HostileLaunch, port: number, child: ChildProcess) {
    this.#launch = given
    this.#port = port
    this.url = `http://127.0.0.1:${port}/${given.form === 'sse' ? 'sse' : 'mcp'}`
    this.#child = this.#watch(child)
    this.#look = setInterval(() => void this.#thaw(), LOOK_MS)
  }

  static async start(given: HostileLaunch): Promise<HostileProcess> {
    const child = launch(given, 0)
    const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer] // the first line it prints
    const { port } = JSON.parse(line.toString()) as { port: number } // written by our own program
    return new HostileProcess(given, port, child)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    clearInterval(this.#look)
    for (const timer of this.#timers) clearTimeout(timer)
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    kill(this.pid)
    await ended
  }

  #watch(child: ChildProcess): ChildProcess {
    child.once('exit', () => {
      if (this.#over) return
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        if (!this.#over) this.#child = this.#watch(launch(this.#launch, this.#port))
      }, RESPAWN_MS)
      this.#timers.add(timer)
    })
    return child
  }

  /** A stopped process is continued by nobody but us. */
  async #thaw(): Promise<void> {
    const state = await stateOf(this.pid)
    if (state !== 'T') this.#frozenSinceMs = undefined
    else this.#frozenSinceMs ??= performance.now()
    if (this.#frozenSinceMs === undefined) return
    if (performance.now() - this.#frozenSinceMs > THAW_MS) kill(this.pid, 'SIGCONT')
  }
}

function launch({ file, form, era }: HostileLaunch, port: number): ChildProcess {
  return spawn(process.execPath, [file, form, era, String(port)], {
    env: bareEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
  })
}

async function stateOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
}
