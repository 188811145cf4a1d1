import { createHash, randomBytes } from 'node:crypto'
import type { RunnableConfig } from './config/index.ts'
import type { Clock } from '@sallyport/kit/clock'
import type { KeyRing, MasterKeys } from '@sallyport/kit/crypto'
import type { Log } from '@sallyport/kit/log'
import { openKeyedStore, type Store } from '@sallyport/kit/store'
import { StoreHold } from './handover/store-hold.ts'
import type { Succession } from './handover/succession.ts'

export interface StateOptions {
  readonly config: RunnableConfig
  /** The state folder of this configuration; holds what a PostgreSQL store cannot: lock and socket. */
  readonly stateFolder: string
  readonly clock: Clock
  readonly log: Log
  /** Where the audit worker lies when bundled. */
  readonly workerUrl?: URL
  /** Whether pending migrations are applied. */
  readonly migrate?: boolean
  /** Takes the lock, also from a gateway that runs; by default only a free one is taken. */
  readonly succession?: Pick<Succession, 'take' | 'instances' | 'slackPort'>
}

/** An open store with its keys, held under its lock. */
export interface State extends AsyncDisposable {
  readonly store: Store
  /** What its data are sealed with. */
  readonly keys: KeyRing
  readonly master: MasterKeys
  /** The file the master key came from; undefined when it is configured. */
  readonly keyFile: string | undefined
  /** Its lock. */
  readonly hold: StoreHold
  /** The path that lock and local socket stand beside. */
  readonly base: string
  /** The same for every start on this store and machine; marks child processes. */
  readonly gatewayId: string
  /** Of this process alone: marks its child processes among those of `gatewayId`. */
  readonly instance: string
  /** The same of other processes on this store that still run: their child processes are theirs. */
  living(): readonly string[]
  /** The port of the Slack server of a gateway that hands over; undefined where there is none. */
  readonly slackPort: number | undefined
}

/** What lock and local socket stand beside: an embedded store's file, else a name in the state folder. */
export function stateBase(config: Pick<RunnableConfig, 'store'>, stateFolder: string): string {
  const path = sqlitePath(config.store)
  return path ?? `${stateFolder}/gateway`
}

function sqlitePath(store: string): string | undefined {
  return store.startsWith('sqlite:') ? store.slice('sqlite:'.length) : undefined
}

/**
 * Takes the lock, finds or makes the master key, opens the store.
 *
 * @throws {AppError} `store_locked` naming the holder's pid, `config_invalid` when PostgreSQL has no master
 *   key, `master_key_wrong`, `store_newer`, `store_unwritable`
 */
export async function openState(options: StateOptions): Promise<State> {
  const { config, clock, log } = options
  const base = stateBase(config, options.stateFolder)
  await using opening = new AsyncDisposableStack()
  const { succession } = options
  const hold = opening.use(await (succession ? succession.take(base) : StoreHold.take(base)))
  const keyed = opening.use(
    await openKeyedStore({
      location: config.store,
      masterKeys: config.masterKey,
      clock,
      log,
      pool: { min: config.postgres.poolMin, max: config.postgres.poolMax },
      ...(options.migrate === undefined ? {} : { migrate: options.migrate }),
      ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }),
    }),
  )
  const { store, master, keyFile } = keyed
  const { keys } = store.ring
  const gatewayId = createHash('sha256')
    .update(keys.deriveKey('gateway/id'))
    .update(base)
    .digest('hex')
    .slice(0, 24)
  const instance = randomBytes(8).toString('hex')
  const resources = opening.move()
  return {
    ...{ store, keys, master, keyFile, hold, base, gatewayId, instance },
    living: () => succession?.instances ?? [],
    slackPort: succession?.slackPort,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
