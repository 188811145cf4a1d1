import {
  judgeAuthentication,
  type LoadedGatewayConfig,
  type RunnableConfig,
} from './config/index.ts'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { Sealer } from '@sallyport/kit/crypto'
import { createKey } from '@sallyport/kit/door'
import { formatAddress } from '@sallyport/kit/http'
import type { AccessDestination, Log } from '@sallyport/kit/log'
import type { ChecklistHost } from './checklist/open-checklist.ts'
import { Doors } from './doors.ts'
import { Entries } from './entries/entries.ts'
import { type Heir, Inherited, judgeInherited } from './handover/inherited.ts'
import { Succession } from './handover/succession.ts'
import { type Base, countUsable, openBase } from './open-base.ts'
import { type Listening, openListeners } from './open-listeners.ts'
import { openMcp } from './open-mcp.ts'
import type { ConfigControl } from './reload/config-control.ts'
import { openReloader } from './reload/open-reloader.ts'
import type { ConfigOrigin } from './reload/reloader.ts'
import { openState, type State } from './state.ts'
import { openUsers } from './users/open-users.ts'

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
  /** How the Slack server is run as a child; without it `slack:` starts none. */
  readonly slackProgram?: { readonly file: string; readonly args: readonly string[] }
  /** What the checklist is asked through; without it no run of it can be started here. */
  readonly checklist?: ChecklistHost
  /** Opens the local socket and no port; then no key is needed, and none is made. */
  readonly localOnly?: boolean
  /** Who may have been handed sockets to listen on; by default only those the configuration has by number. */
  readonly heir?: Heir
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
  /** Settles once another process has taken over, and this one is to be disposed. */
  readonly handedOver: Promise<void>
  readonly #stdio: Listening['stdio']
  readonly #resources: AsyncDisposableStack
  #disposed: Promise<void> | undefined

  private constructor(
    { addresses, stdio, handedOver, config }: Listening & Pick<Gateway, 'config'>,
    firstKey: FirstKey | undefined,
    resources: AsyncDisposableStack,
  ) {
    this.dataAddress = addresses.data
    this.adminAddress = addresses.admin
    this.firstKey = firstKey
    this.config = config
    this.handedOver = handedOver
    this.#stdio = stdio
    this.#resources = resources
  }

  /**
   * Opens everything in dependency order; what refuses to start does so before any port opens. If a step
   * fails, the steps before it are closed again, in reverse. On inherited sockets it takes over from a gateway
   * that runs on the same store.
   *
   * @throws {AppError} see `openState`; `port_taken`
   */
  static async start(given: GatewayOptions): Promise<Gateway> {
    await using opening = new AsyncDisposableStack()
    // What is entered first is left last.
    const life = { started: false }
    opening.defer(() => {
      if (life.started) given.log.info({}, 'gateway stopped')
    })
    const { options: own, inherited } = inherit(given)
    const succession = opening.use(successionOf(own, inherited))
    const state = opening.use(await openState({ ...own, succession }))
    const entries = opening.use(await openEntries(state, own))
    const { leftOut, load } = own.origin.loaded.withEntries(entries.list())
    const options = { ...own, config: load.config }
    entries.onLeftOut(leftOut)
    entries.warn()
    const keyless = options.localOnly ? false : await judgeKeys(state, options)
    const base = await openBase(state, options, opening)
    const mcp = await openMcp(base, opening)
    const users = await openUsers(base, opening)
    const doors = new Doors(options.config, base.door, users)
    const config = await openReloader({ base, mcp, doors, entries }, options.origin)
    entries.begin(config)
    const listening = await openListeners(
      { base, mcp, doors, config, entries, inherited, users },
      opening,
    )
    await succession.complete()
    // Last, so that a start that fails leaves no key behind that nobody has seen.
    const firstKey = keyless ? await makeFirstKey(base, options) : undefined
    const { log } = options
    log.info({ ...listening.addresses }, 'gateway listening')
    life.started = true
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

/** The options with the addresses that inherited sockets really have, now and when the file is read again. */
function inherit(given: GatewayOptions): {
  readonly options: GatewayOptions
  readonly inherited: Inherited
} {
  const { config, origin, log, localOnly, heir = { environment: {}, pid: process.pid } } = given
  const inherited = localOnly ? Inherited.none() : Inherited.find(config, heir, log)
  const apply = (load: LoadedGatewayConfig): LoadedGatewayConfig => ({
    ...load,
    config: inherited.applyTo(load.config),
    withEntries: (entries) => {
      const merged = load.withEntries(entries)
      return { ...merged, load: apply(merged.load) }
    },
  })
  const options = {
    ...given,
    config: inherited.applyTo(config),
    origin: {
      loaded: apply(origin.loaded),
      read: async (text?: string) => {
        const load = await origin.read(text)
        return load.ok ? apply(load) : load
      },
    },
  }
  if (inherited.any) judgeInherited(options.config, log)
  return { options, inherited }
}

function openEntries({ store, keys }: State, { clock, log }: GatewayOptions): Promise<Entries> {
  return Entries.open({ store: store.entries, sealer: new Sealer(keys, 'entries'), clock, log })
}

function successionOf(
  { config, version, clock, log }: GatewayOptions,
  inherited: Inherited,
): Succession {
  const { listen, admin, limits } = config
  const obstacle =
    inherited.admin === undefined && admin.port !== 0
      ? 'hand over the socket of `admin` too, or give it port 0'
      : undefined
  return new Succession({
    wish: { pid: process.pid, version, data: formatAddress(listen) },
    heir: inherited.listen !== undefined,
    drainMs: limits.stopDelayMs + limits.drainMs,
    ...{ obstacle, clock, log },
  })
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
  const { tokens, issuers, anonymous } = config.auth
  const named = tokens.length + Object.keys(issuers).length
  return named === 0 && !anonymous && keys.length === 0
}

async function makeFirstKey(
  { state, identity }: Base,
  { clock }: GatewayOptions,
): Promise<FirstKey> {
  const key = { name: 'first', role: 'caller', tenant: null, expiresAtMs: null, clock } as const
  const { record, text } = createKey(key)
  await state.store.keys.create(record)
  await identity.refreshKeys()
  return { id: record.id, name: record.name, key: text.reveal() }
}
