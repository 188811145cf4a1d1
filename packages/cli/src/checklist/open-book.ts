import type { ChecklistBook } from '@sallyport/contract/checklist'
import { type ConfigOptions, requireConfiguration } from '../configuration.ts'
import type { Context } from '../context.ts'
import { findListening } from '../local.ts'
import { SocketClient } from '../socket-client.ts'
import { SocketBook } from './socket-book.ts'

/** What the checklist keeps, until it is disposed. */
export type OpenBook = ChecklistBook & AsyncDisposable

/**
 * The book of this configuration's gateway: that of the running one over its socket, else that of its store under
 * the lock, which no gateway can take meanwhile. The caller disposes.
 *
 * @throws {AppError} `store_locked` when a gateway is just starting or stopping, or what opening a store throws;
 *   `usage`, `config_invalid`
 */
export async function openBook(context: Context, options: ConfigOptions): Promise<OpenBook> {
  const path = await findListening(context, options)
  if (path !== undefined) return new SocketBook(new SocketClient(path))
  const configuration = await requireConfiguration(context, options)
  const { openStoreBook } = await import('./open-store-book.ts')
  return openStoreBook(context, configuration)
}
