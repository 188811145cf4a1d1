import { AppError } from '@sallyport/kit/errors'
import { parseStoreLocation, pendingMigrations } from '@sallyport/kit/store'
import { failed, type Finding, type Probe, proved } from '../../answers/answer.ts'
import { embeddedStores, isFinding, withoutConfig } from '../../looks/embedded-store.ts'

/** That the store has the schema of this version. */
export const storeMigrated: Probe = {
  kind: 'probe',
  title: 'The store lacks no migration of this version',
  remedy: 'run `sallyport up --plan`, make a backup, then start the gateway',
  look: async (deployment) => {
    const { config } = deployment
    if (config === undefined) return withoutConfig()
    if (config.store?.startsWith('postgres')) return judgeStore(config.store)
    const stores = embeddedStores(deployment)
    if (isFinding(stores)) return stores
    const found = await Promise.all(stores.paths.map((path) => judgeStore(`sqlite:${path}`)))
    return found.find(({ state }) => state === 'failed') ?? found[0] ?? withoutConfig()
  },
}

async function judgeStore(location: string): Promise<Finding> {
  const place = parseStoreLocation(location)
  const label = place.kind === 'sqlite' ? place.path : place.label
  try {
    const pending = await pendingMigrations(location)
    if (pending.length === 0) {
      return proved({ kind: 'database', text: `${label} has every migration of this version` })
    }
    const names = pending.map(({ name, long, destructive }) =>
      [name, long && 'long', destructive && 'destructive'].filter(Boolean).join(' '),
    )
    return failed([{ kind: 'database', text: `${label} lacks ${names.join(', ')}` }])
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'store_newer') throw thrown
    const text = `${label} was made by a newer version`
    return failed([{ kind: 'database', text }], 'run the newer version of the product')
  }
}
