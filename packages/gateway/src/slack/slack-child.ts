import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log, LogDestination } from '@sallyport/kit/log'
import type { Secret } from '@sallyport/kit/secret'
import type { RunnableConfig } from '../config/index.ts'
import { isSameValue } from '../same-value.ts'
import { BackOff } from '../upstreams/back-off.ts'
import type { OwnServer } from '../upstreams/own-server.ts'
import { StderrRing } from '../upstreams/stderr-ring.ts'
import { type ChildVariables, childVariables } from '../config/slack-variables.ts'
import { type ChildLife, startChild } from './start-child.ts'

/** After a run of this length a new end is a first one. */
const STEADY_MS = 10_000
const START_MS = 30_000
/** Another process has its store for a moment: the one it takes over from. */
const LOCKED_WAIT_MS = 200
/** Longer than that one drains. */
const LOCKED_MS_MAX = 60_000

export interface SlackChildOptions {
  /** How `sallyport slack` is run. */
  readonly program: { readonly file: string; readonly args: readonly string[] }
  /** Begins the mark by which the child is found again; ends with this process. */
  readonly mark: string
  readonly cwd: string
  /** Public key of what the gateway says of callers. */
  readonly callers: string
  /** What the gateway presents to the child. */
  readonly token: Secret
  /** The port of another gateway's child on the same store, used until that ends. */
  readonly elder?: number | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where its log goes on to. */
  readonly output: LogDestination
  readonly clock: Clock
  readonly log: Log
  readonly random?: () => number
}

/** Who waits for a port. */
interface Waiter {
  resolve(port: number): void
  reject(error: AppError): void
}

/**
 * The Slack server of a gateway: one child process with a made-up token on a free loopback port, started again
 * whenever it ends, later each time, and started anew when what it runs on changes. After a handover that of the
 * gateway before is used until it ends and lets the embedded store go.
 */
export class SlackChild implements OwnServer, AsyncDisposable {
  readonly token: Secret
  readonly stderr: StderrRing
  readonly #options: SlackChildOptions
  readonly #backOff: BackOff
  readonly #waiters = new Set<Waiter>()
  #wanted: ChildVariables | undefined
  #life: ChildLife | undefined
  #port: number | undefined
  #elder: number | undefined
  /** Why it does not run; undefined while it does, or starts. */
  #trouble: string | undefined
  #running: Promise<void> | undefined
  #wake: (() => void) | undefined
  #closed = false

  constructor(options: SlackChildOptions) {
    this.#options = options
    this.token = options.token
    this.#elder = options.elder
    this.stderr = new StderrRing(options.clock)
    this.#backOff = new BackOff(options.random ?? Math.random)
  }

  get pid(): number | undefined {
    return this.#life?.pid
  }

  /** Goes over to another configuration. Waits for nothing; running calls of the child end first. */
  apply(config: RunnableConfig): void {
    const { environment, callers } = this.#options
    const wanted = childVariables(config, { environment, token: this.token, callers })
    if (isSameValue(wanted, this.#wanted)) return
    this.#wanted = wanted
    this.#trouble = undefined
    this.#backOff.succeeded()
    if (wanted !== undefined) this.stderr.secrets.add(Object.values(wanted).filter(isTelling))
    this.#wake?.()
    this.#running ??= this.#run()
  }

  /** Its port while it listens. */
  get place(): number | undefined {
    return this.#port
  }

  gone(port: number): void {
    if (port === this.#elder) this.#elder = undefined
    if (port === this.#port) this.#port = undefined
  }

  port(withinMs: number): Promise<number> {
    const known = this.#port ?? this.#elder
    if (known !== undefined && this.#wanted !== undefined) return Promise.resolve(known)
    if (this.#wanted === undefined || this.#trouble !== undefined || this.#closed) {
      return Promise.reject(unavailable(this.#trouble ?? 'it is not configured'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const waiter = { resolve, reject }
    this.#waiters.add(waiter)
    const timer = setTimeout(() => reject(unavailable('it is still starting')), withinMs)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
    })
  }

  /** Ends it after its running calls. A second call waits for the same end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options
    let lockedSinceMs: number | undefined
    while (!this.#closed) {
      const wanted = this.#wanted
      if (wanted === undefined) {
        await this.#pause(undefined)
        continue
      }
      const sinceMs = clock.monotonicMs()
      const end = await this.#live(wanted)
      if (this.#closed || this.#wanted !== wanted) continue
      if (clock.monotonicMs() - sinceMs > STEADY_MS) this.#backOff.succeeded()
      lockedSinceMs = end.locked ? (lockedSinceMs ?? sinceMs) : undefined
      if (lockedSinceMs !== undefined && sinceMs - lockedSinceMs < LOCKED_MS_MAX) {
        await this.#pause(LOCKED_WAIT_MS)
        continue
      }
      this.#fail(end.reason)
      const waitMs = this.#backOff.failed(clock.monotonicMs())
      log.warn({ reason: end.reason, waitMs }, 'Slack server ended; it is started again')
      await this.#pause(waitMs)
      this.#trouble = undefined
    }
    this.#fail('the gateway stops')
  }

  /** One run of the child, until it ends or is not wanted so any more. */
  async #live(
    variables: ChildVariables,
  ): Promise<{ readonly reason: string; readonly locked: boolean }> {
    const { log } = this.#options
    let life: ChildLife
    try {
      life = startChild({ ...this.#options, variables, stderr: this.stderr })
    } catch (thrown) {
      return { reason: AppError.from(thrown).message, locked: false }
    }
    this.#life = life
    const unwanted = this.#pause(undefined)
    const late = this.#after(START_MS)
    const ready = await Promise.race([life.ready, life.ended, unwanted, late.promise])
    late.cancel()
    if (typeof ready === 'number') {
      this.#port = ready
      this.#elder = undefined
      this.#trouble = undefined
      log.info({ serverPid: life.pid, port: ready }, 'Slack server ready')
      for (const { resolve } of this.#waiters) resolve(ready)
      await Promise.race([life.ended, unwanted])
    }
    this.#port = undefined
    const locked = life.locked
    await life.stop()
    this.#life = undefined
    const reason = await Promise.race([life.ended, Promise.resolve('it did not start in time')])
    return { reason, locked }
  }

  #fail(reason: string): void {
    this.#trouble = reason
    for (const { reject } of this.#waiters) reject(unavailable(reason))
  }

  /** Until something changes, or so long. */
  #pause(waitMs: number | undefined): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const timer = waitMs === undefined ? undefined : setTimeout(resolve, waitMs, undefined)
    this.#wake = () => {
      clearTimeout(timer)
      resolve(undefined)
    }
    if (this.#closed) this.#wake()
    return promise
  }

  #after(waitMs: number): { readonly promise: Promise<undefined>; cancel(): void } {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(resolve, waitMs, undefined)
    return { promise, cancel: () => clearTimeout(timer) }
  }
}

/** Short values are words and numbers, and hiding them would hide the log. */
function isTelling(value: Secret): boolean {
  return value.reveal().length >= 16
}

function unavailable(reason: string): AppError {
  const sentence = `the Slack server does not run: ${reason}`
  return new AppError('server_unavailable', sentence, { outcome: 'not_sent' })
}
