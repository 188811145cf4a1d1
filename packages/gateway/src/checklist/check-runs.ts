import { type ChildProcess, spawn } from 'node:child_process'
import type { CheckRunEnd, CheckRunStatus } from '@sallyport/contract/admin'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import { MARK_VARIABLE } from '../upstreams/environment.ts'
import { registerChild } from '../upstreams/live-children.ts'
import { endMarkedProcesses, signalProcess } from '../upstreams/mark.ts'

const RUN_MS = 120_000
const TERM_WAIT_MS = 2_000
const STDERR_CHARACTERS_MAX = 4_096

/** The command that checks the deployment and keeps the report with this gateway. */
export interface CheckProgram {
  readonly file: string
  readonly args: readonly string[]
}

export interface CheckRunsDeps {
  /** Undefined where this gateway knows of none. */
  readonly program: CheckProgram | undefined
  /** What its processes are found by. */
  readonly mark: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly log: Log
  /** Time of one run, milliseconds; 120,000 by default. */
  readonly runMs?: number
}

interface Run {
  readonly child: ChildProcess
  readonly startedAtMs: number
  readonly by: string
  /** Whether a report of it was kept. */
  reported: boolean
  /** Why it is being ended, if it is. */
  ending: 'timed_out' | 'stopped' | undefined
  killing: NodeJS.Timeout | undefined
  readonly ended: Promise<void>
}

/** Runs the checklist as a process of its own, one at a time: what looks for faults does not serve calls. */
export class CheckRuns implements AsyncDisposable {
  readonly #deps: CheckRunsDeps
  #run: Run | undefined
  #last: CheckRunEnd | null = null
  #disposed = false

  constructor(deps: CheckRunsDeps) {
    this.#deps = deps
  }

  status(): CheckRunStatus {
    return {
      running: this.#run !== undefined,
      startedAt: this.#run === undefined ? null : toText(this.#run.startedAtMs),
      last: this.#last,
    }
  }

  /** To be told of every report that is kept: the run under way has brought one. */
  reported(): void {
    if (this.#run !== undefined) this.#run.reported = true
  }

  /**
   * Starts a run and waits for none of it.
   *
   * @throws {AppError} `conflict` while one is under way; `not_found` where this gateway cannot; `shutting_down`
   */
  start({ by, requestId }: { readonly by: string; readonly requestId: string }): CheckRunStatus {
    const { program, clock, log } = this.#deps
    if (this.#disposed) throw new AppError('shutting_down', 'the gateway stops')
    if (program === undefined) {
      throw new AppError('not_found', 'this gateway was started without the command `check`')
    }
    if (this.#run !== undefined) throw new AppError('conflict', 'a check runs already: wait for it')
    log.info({ by, requestId }, 'check starts')
    const child = this.#spawn(program)
    const { promise, resolve } = Promise.withResolvers<void>()
    const run: Run = {
      ...{ child, by, startedAtMs: clock.nowMs(), ended: promise },
      ...{ reported: false, ending: undefined, killing: undefined },
    }
    this.#run = run
    void this.#follow(run).finally(resolve)
    return this.status()
  }

  /** Ends the run under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    const run = this.#run
    if (run === undefined) return
    this.#end(run, 'stopped')
    await run.ended
  }

  #spawn({ file, args }: CheckProgram): ChildProcess {
    const { environment, mark } = this.#deps
    return spawn(file, [...args], {
      env: { ...environment, [MARK_VARIABLE]: mark },
      // A group of its own, so that all it starts ends with it.
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'ignore', 'pipe'],
      windowsHide: true,
    })
  }

  /** Until it has ended, with all it started. Never rejects. */
  async #follow(run: Run): Promise<void> {
    const { child } = run
    using _registered = registerChild({ killNow: () => this.#signal(child, 'SIGKILL') })
    const stderr = readSome(child)
    const exit = exitOf(child)
    const deadline = setTimeout(() => this.#end(run, 'timed_out'), this.#deps.runMs ?? RUN_MS)
    const exitCode = await exit
    clearTimeout(deadline)
    clearTimeout(run.killing)
    this.#signal(child, 'SIGKILL')
    await endMarkedProcesses(this.#deps.mark)
    child.stderr?.destroy()
    this.#note(run, exitCode, stderr())
  }

  /** Politely, and in two seconds not any more. */
  #end(run: Run, why: 'timed_out' | 'stopped'): void {
    if (run.ending !== undefined) return
    run.ending = why
    this.#signal(run.child, 'SIGTERM')
    run.killing = setTimeout(() => this.#signal(run.child, 'SIGKILL'), TERM_WAIT_MS)
  }

  #note(run: Run, exitCode: number | null, said: string): void {
    const { clock, log } = this.#deps
    const outcome = outcomeOf(run, exitCode)
    this.#last = {
      startedAt: toText(run.startedAtMs),
      endedAt: toText(clock.nowMs()),
      ...{ by: run.by, outcome, exitCode },
    }
    this.#run = undefined
    const facts = { outcome, exitCode, by: run.by }
    if (outcome === 'passed' || outcome === 'failed') log.info(facts, 'check ended')
    else log.warn({ ...facts, said }, 'check brought no report')
  }

  /** The whole group, which outlives its leader. */
  #signal({ pid }: ChildProcess, signal: NodeJS.Signals): void {
    if (pid === undefined) return
    signalProcess(process.platform === 'win32' ? pid : -pid, signal)
  }
}

function outcomeOf({ ending, reported }: Run, exitCode: number | null): CheckRunEnd['outcome'] {
  if (ending !== undefined) return ending
  if (!reported || exitCode === null) return 'broken'
  return exitCode === 0 ? 'passed' : 'failed'
}

/** Null where it was ended by a signal, or could not be started. */
function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.once('error', () => resolve(null))
  })
}

/** Reads all that it says, so that it never waits, and keeps the end of it. */
function readSome(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (chunk: string) => {
    text = `${text}${chunk}`.slice(-STDERR_CHARACTERS_MAX)
  })
  // What ends the pipe ends the process too.
  child.stderr?.on('error', () => undefined)
  return () => text.trim()
}

function toText(atMs: number): string {
  return new Date(atMs).toISOString()
}
