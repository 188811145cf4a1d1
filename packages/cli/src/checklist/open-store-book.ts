import { StoreBook } from '@sallyport/gateway/admin'
import { openCommandState } from '../command-state.ts'
import type { Configuration } from '../configuration.ts'
import type { Context } from '../context.ts'
import type { OpenBook } from './open-book.ts'
import { standsMs } from './stands.ts'

/** The book of a gateway that does not run. @throws {AppError} see `openState` */
export async function openStoreBook(
  context: Context,
  configuration: Configuration,
): Promise<OpenBook> {
  const { state } = await openCommandState(context, configuration)
  const { store, keys } = state
  const book = new StoreBook({ store: store.checklist, keys, clock: context.clock, standsMs })
  return Object.assign(book, { [Symbol.asyncDispose]: () => state[Symbol.asyncDispose]() })
}
