import { dirname, join } from 'node:path'
import { readEnvironment, readTextKey, type Environment } from '@sallyport/kit/config'
import type { ConfigSource } from './find-config.ts'
import { anchorStore, type RunnableConfig } from './load-gateway-config.ts'
import { stateFolder } from './state-folder.ts'

/** What tells where the gateway of a configuration keeps its lock and its local socket. */
export interface StatePlace {
  readonly config: Pick<RunnableConfig, 'store'>
  readonly stateFolder: string
}

/**
 * Where the state of a file is, as far as that can be read from a file that cannot be run: a gateway that
 * started before somebody broke it is still there to be asked. Undefined for `INSTANCES`.
 */
export function findState(source: ConfigSource, env: Environment): StatePlace | undefined {
  if (source.kind !== 'file') return undefined
  const { file } = source
  const { env: merged } = readEnvironment(file, env)
  const environment = readTextKey(file, 'environment', merged) ?? 'local'
  // Anything else is no name, let alone a path.
  const over = /^[A-Za-z0-9_-]{1,64}$/.test(environment)
    ? readTextKey(join(dirname(file), `sallyport.${environment}.yaml`), 'store', merged)
    : undefined
  const store = over ?? readTextKey(file, 'store', merged)
  const folder = stateFolder(file, merged)
  const fallback = `sqlite:${join(folder, 'sallyport.db')}`
  const found = store === undefined ? fallback : anchorStore(store, dirname(file))
  return { config: { store: found }, stateFolder: folder }
}
