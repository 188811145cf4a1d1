import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { fact } from '../deployment.ts'
import { embeddedStores, isFinding } from './embedded-store.ts'
import { postgresReadings } from './postgres.ts'

const BUSY_MS = 500

/** When the store was made, milliseconds; undefined where that cannot be told. */
export const storeMadeMs = fact<number | undefined>(async (deployment, signal) => {
  if (deployment.config?.store?.startsWith('postgres')) {
    const readings = await postgresReadings(deployment, signal)
    return readings.find(({ place }) => place.isStore)?.facts?.storeMadeMs
  }
  const stores = embeddedStores(deployment)
  if (isFinding(stores)) return undefined
  const url = pathToFileURL(stores.main)
  const wal = `${stores.main}-wal`
  // Reading a WAL store makes files, but for one that nobody writes.
  if (!existsSync(wal) || statSync(wal).size === 0) url.searchParams.set('immutable', '1')
  using database = new DatabaseSync(url, { readOnly: true, timeout: BUSY_MS })
  const at = database.prepare('select min(at) as at from migrations').get()?.['at']
  return typeof at === 'number' ? at : undefined
})
