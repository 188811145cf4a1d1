import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Gateway } from '@sallyport/gateway'
import { AppError } from '@sallyport/kit/errors'
import { openLine } from '@sallyport/kit/lifecycle'
import { createLog, type LogOptions } from '@sallyport/kit/log'
import type { Configuration } from './configuration.ts'
import type { Context } from './context.ts'
import type { ForcedEnd } from './forced-end.ts'
import { localSocketOf } from './local.ts'
import { startGateway } from './start-gateway.ts'

const ANSWER_MS = 10_000
/** For a gateway that has drained to stop its servers. */
const STOP_MS = 15_000
const RETRY_MS = 50

export interface StationOptions {
  readonly context: Context
  readonly configuration: Configuration
  readonly logOptions: LogOptions
  readonly forcedEnd: ForcedEnd
  /** What is to be served, such as `/stdio`. */
  readonly url: string
}

/**
 * A client's way to the gateway of its configuration: the one that runs, or else one in this process, which
 * opens no port and serves others, too. Dispose ends what it started.
 */
export class Station implements AsyncDisposable {
  readonly #options: StationOptions
  #gateway: Gateway | undefined

  constructor(options: StationOptions) {
    this.#options = options
  }

  /**
   * Connects to the gateway that runs, or starts one. Of several that start at once one wins, and the others
   * connect to it; one that is stopping is waited for.
   *
   * @throws {AppError} `store_locked` when something else keeps the store, or why the start failed; the signal's
   *   own reason
   */
  async connect(signal: AbortSignal): Promise<Socket> {
    const { context, configuration } = this.#options
    const untilMs = context.clock.monotonicMs() + configuration.config.limits.drainMs + STOP_MS
    for (;;) {
      const reached = await this.#reach(signal)
      if (!(reached instanceof AppError)) return reached
      const refused = reached.code === 'not_running' ? await this.#host(signal) : reached
      if (refused && context.clock.monotonicMs() > untilMs) throw refused
      if (refused) await wait(RETRY_MS, undefined, { signal })
    }
  }

  /** Settles once nobody uses the gateway of this process any more. */
  async othersEnded(): Promise<void> {
    await this.#gateway?.linesEnded()
  }

  /** Drains the gateway of this process and closes it, if there is one. Safe to call twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.[Symbol.asyncDispose]()
  }

  /** The line, or why there is none for the moment. */
  async #reach(signal: AbortSignal): Promise<Socket | AppError> {
    const path = localSocketOf(this.#options.configuration)
    const answered = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    try {
      return await openLine({ path, url: this.#options.url, signal: answered })
    } catch (thrown) {
      signal.throwIfAborted()
      const error = AppError.from(thrown, 'server_lost')
      const passing = ['not_running', 'shutting_down', 'server_lost'].includes(error.code)
      if (passing) return error
      throw error
    }
  }

  /** Starts a gateway; or why that has to wait. */
  async #host(signal: AbortSignal): Promise<AppError | undefined> {
    const { context, configuration, logOptions, forcedEnd } = this.#options
    try {
      const gateway = await startGateway(
        context,
        configuration,
        { logOptions, forcedEnd, localOnly: true },
        signal,
      )
      this.#gateway = gateway
      // Its lines end with it, and whoever is on them goes on with the gateway that took over.
      const closed = gateway.handedOver.then(() => gateway[Symbol.asyncDispose]())
      closed.catch((err: unknown) => createLog(logOptions).error({ err }, 'gateway not closed'))
      return undefined
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'store_locked') return thrown
      throw thrown
    }
  }
}
