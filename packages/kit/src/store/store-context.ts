import type { Clock } from '../clock.ts'
import type { Log } from '../log/log.ts'
import type { StoreKeys } from './keys.ts'
import type { Migration } from './migrations.ts'

/** The options of a store, complete. */
export interface StoreContext {
  readonly keys: StoreKeys
  readonly clock: Clock
  readonly log: Log
  readonly migrate: boolean
  readonly migrations: readonly Migration[]
  readonly workerUrl: URL
}
