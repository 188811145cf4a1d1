import type { Log } from '@sallyport/kit/log'
import type { Store } from '@sallyport/kit/store'
import type { Installation } from './installation.ts'
import { InstallationCache } from './installation-cache.ts'

/**
 * The installations of a store as they are now, by team and app: a look, without refreshing anything.
 *
 * @throws {AppError} `store_unwritable`
 */
export async function readInstallations(
  store: Pick<Store, 'installations' | 'ring'>,
  log: Log,
): Promise<readonly Installation[]> {
  const cache = new InstallationCache(store, log)
  await cache.reread()
  return cache.list()
}
