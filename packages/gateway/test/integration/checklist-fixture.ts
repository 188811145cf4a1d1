import { systemClock } from '@sallyport/kit/clock'
import { silentLog } from '@sallyport/kit/log'
import type { Store } from '@sallyport/kit/store'
import type { AdminDeps } from '../../src/admin/index.ts'
import { CheckRuns } from '../../src/checklist/check-runs.ts'
import { StoreBook } from '../../src/checklist/store-book.ts'

/** The checklist of a store, and no program that could run it. */
export function openChecklistOf(
  store: Store,
): Pick<AdminDeps, 'book' | 'checkRuns' | 'clock'> & { readonly book: StoreBook } {
  const clock = systemClock
  const book = new StoreBook({ store: store.checklist, keys: store.ring.keys, clock })
  const runs = { program: undefined, mark: 'none', environment: {}, clock, log: silentLog }
  return { book, clock, checkRuns: new CheckRuns(runs) }
}
