import { findState, type StatePlace } from '@sallyport/gateway/config'
import { stateBase } from '@sallyport/gateway/state'
import { AppError } from '@sallyport/kit/errors'
import { callSocket, socketPathOf } from '@sallyport/kit/lifecycle'
import type { Administration } from './administration.ts'
import { findConfiguration, requireConfiguration, type ConfigOptions } from './configuration.ts'
import type { Context } from './context.ts'
import { SocketAdministration } from './socket-administration.ts'

const PROBE_MS = 5_000

/** Where the local socket of this configuration's gateway is, whether or not it runs. */
export function localSocketOf({ config, stateFolder }: StatePlace): string {
  return socketPathOf(stateBase(config, stateFolder))
}

/**
 * The local socket of the gateway that runs on this configuration, also when its file has been broken since.
 *
 * @throws {AppError} `not_running`, `usage`, `config_invalid`
 */
export async function localSocket(context: Context, options: ConfigOptions): Promise<string> {
  const path = await findListening(context, options)
  if (path !== undefined) return path
  const configuration = await requireConfiguration(context, options)
  throw new AppError(
    'not_running',
    `no gateway runs on ${configuration.file}: start it with \`up\``,
  )
}

/**
 * The state of this configuration's gateway: the running one over its socket, else its store under the
 * lock. The caller disposes.
 *
 * @throws {AppError} `store_locked` when a gateway is just starting or stopping, or what opening a store throws
 */
export async function openAdministration(
  context: Context,
  options: ConfigOptions,
): Promise<Administration> {
  const path = await findListening(context, options)
  if (path !== undefined) return new SocketAdministration(path)
  const configuration = await requireConfiguration(context, options)
  const { StoreAdministration } = await import('./store-administration.ts')
  return StoreAdministration.open(context, configuration)
}

/** The socket of this configuration's gateway, undefined where none runs. */
export async function findListening(
  context: Context,
  options: ConfigOptions,
): Promise<string | undefined> {
  const source = findConfiguration(context, options)
  const place =
    findState(source, context.environment) ?? (await requireConfiguration(context, options))
  const path = localSocketOf(place)
  return (await isListening(path)) ? path : undefined
}

/**
 * Whether a gateway listens there.
 *
 * @throws {AppError} `forbidden` where the socket belongs to another user
 */
export async function isListening(path: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROBE_MS)
    await callSocket({ path, method: 'GET', url: '/health/live', signal })
    return true
  } catch (thrown) {
    const error = AppError.from(thrown)
    if (error.code === 'not_running') return false
    // Whatever it answers, somebody listens; the request itself will say what is wrong.
    if (error.code !== 'forbidden') return true
    throw error
  }
}
