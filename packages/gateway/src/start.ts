import { judgeAuthentication, type RunnableConfig } from './config/index.ts'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { createKey } from '@sallyport/kit/door'
import type { AccessDestination, Log } from '@sallyport/kit/log'
import { Doors } from './doors.ts'
import { type Base, countUsable, openBase } from './open-base.ts'
import { type Listening, openListeners } from './open-listeners.ts'
import { openMcp } from './open-mcp.ts'
import type { ConfigControl } from './reload/config-control.ts'
import { openReloader } from './reload/open-reloader.ts'
import type { ConfigOrigin } from './reload/reloader.ts'
import { openState, type State } from './state.ts'

export interface GatewayOptions {
  readonly config: RunnableConfig
  /** Where `config` came from, and may come from again. */
  readonly origin: ConfigOrigin
  readonly stateFolder: string
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  /** Where access lines go while `log.access` is on. */
  readonly accessDestination: AccessDestination
  readonly accessJson: boolean
  readonly workerUrl?: URL
  /** Opens the local socket and no port; then no key is needed, and none is made. */
  readonly localOnly?: boolean
}

/** A key made on the first start, shown once. */
export interface FirstKey {
  readonly id: string
  readonly name: string
  readonly key: string
}

/** A running gateway: two listeners unless it is `localOnly`, a local socket, and everything behind them. */
export class Gateway implements AsyncDisposable {
  /** `host:port` of the data listener; empty without one. */
  readonly dataAddress: string
  readonly adminAddress: string
  /** Set when this start made the first key. */
  readonly firstKey: FirstKey | undefined
  /** Its configuration while it runs. */
  readonly config: ConfigControl & { readonly files: readonly string[] }
  readonly #stdio: Listening['stdio']
  readonly #resources: AsyncDisposableStack
  #disposed: Promise<void> | undefined

  private constructor(
    { addresses, stdio, config }: Listening & Pick<Gateway, 'config'>,
    firstKey: FirstKey | undefined,
    resources: AsyncDisposableStack,
  ) {
    this.dataAddress = addresses.data
    this.adminAddress = addresses.admin
    this.firstKey = firstKey
    this.config = config
    this.#stdio = stdio
    this.#resources = resources
  }

  /**
   * Opens everything in dependency order; what refuses to start does so before any port opens. If a step
   * fails, the steps before it are closed again, in reverse.
   *
   * @throws {AppError} see `openState`; `port_taken`
   */
  static async start(options: GatewayOptions): Promise<Gateway> {
    await using opening = new AsyncDisposableStack()
    const state = opening.use(await openState(options))
    const keyless = options.localOnly ? false : await judgeKeys(state, options)
    const base = await openBase(state, options, opening)
    const mcp = await openMcp(base, opening)
    const doors = new Doors(options.config, base.door)
    const config = await openReloader({ base, mcp, doors }, options.origin)
    const listening = await openListeners({ base, mcp, doors, config }, opening)
    // Last, so that a start that fails leaves no key behind that nobody has seen.
    const firstKey = keyless ? await makeFirstKey(base, options) : undefined
    const { log } = options
    log.info({ ...listening.addresses }, 'gateway listening')
    return new Gateway({ ...listening, config }, firstKey, opening.move())
  }

  /** Settles once nobody is connected over the local socket by lines, at once when nobody is. */
  linesEnded(): Promise<void> {
    return this.#stdio.empty()
  }

  /** Stops accepting, drains, then closes servers, audit log and store. A second call waits for the same end. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#resources.disposeAsync()
    return this.#disposed
  }
}

/**
 * Whether there is no credential yet, so that a first key is due.
 *
 * @throws {AppError} `config_invalid` when a listener beyond loopback has no authentication
 */
async function judgeKeys({ store }: State, { config, clock }: GatewayOptions): Promise<boolean> {
  const keys = await store.keys.list()
  const reason = judgeAuthentication(config, countUsable(keys, clock.nowMs()))
  if (reason !== undefined) throw new AppError('config_invalid', reason)
  return config.auth.tokens.length === 0 && !config.auth.anonymous && keys.length === 0
}

async function makeFirstKey(
  { state, refresher }: Base,
  { clock }: GatewayOptions,
): Promise<FirstKey> {
  const key = { name: 'first', role: 'caller', tenant: null, expiresAtMs: null, clock } as const
  const { record, text } = createKey(key)
  await state.store.keys.create(record)
  await refresher.refresh()
  return { id: record.id, name: record.name, key: text.reveal() }
}
