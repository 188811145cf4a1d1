import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

const END_MS = 20_000

/**
 * A small process that clears up after a drill, also when the command that runs it is killed: once its standard
 * input ends it ends the copy and removes the folder.
 */
export class Keeper implements AsyncDisposable {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** @param folder removed at the end */
  static start(folder: string): Keeper {
    // Of a group of its own: Ctrl-C reaches the whole group of the command.
    const child = spawn(process.execPath, ['-e', `(${keep.toString()})()`, folder], {
      ...{ detached: true, env: {}, cwd: '/', windowsHide: true },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    child.on('error', () => undefined) // without it the command clears up alone
    child.stdin?.on('error', () => undefined) // as above
    return new Keeper(child)
  }

  /** A process that must not outlive the drill. */
  add(pid: number): void {
    this.#child.stdin?.write(`${pid}\n`)
  }

  /** A process that is gone: its number may be another's by then. */
  forget(pid: number): void {
    this.#child.stdin?.write(`-${pid}\n`)
  }

  /** Resolves once nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.stdin?.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
    await ended
    clearTimeout(timer)
  }
}

/** The whole program of the keeper; it is sent as text, so it uses nothing from outside of itself. */
function keep(): void {
  const { rmSync } = process.getBuiltinModule('node:fs')
  const folder = process.argv[1] ?? ''
  const pids = new Set<number>()
  let rest = ''
  const left = (name: NodeJS.Signals | 0): boolean => {
    for (const pid of pids) {
      try {
        process.kill(pid, name)
      } catch {
        pids.delete(pid) // it is gone
      }
    }
    return pids.size > 0
  }
  // Asked at once; asked again after 1.5 s, which forces the end; after 8 s it is ended.
  const asked = new Map<number, NodeJS.Signals>([
    [0, 'SIGTERM'],
    [15, 'SIGTERM'],
    [80, 'SIGKILL'],
  ])
  const clear = (turn: number): void => {
    if (left(asked.get(turn) ?? 0) && turn < 100) {
      setTimeout(() => clear(turn + 1), 100)
      return
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    process.exit(0)
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined)
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const pid = Number(line)
      if (pid > 1) pids.add(pid)
      else pids.delete(-pid)
    }
  })
  process.stdin.on('close', () => clear(0))
}
