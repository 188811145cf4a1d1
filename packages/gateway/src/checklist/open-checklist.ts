import type { Metrics } from '@sallyport/kit/metrics'
import type { ChangeWatch } from '@sallyport/kit/store'
import type { GatewayOptions } from '../start.ts'
import type { State } from '../state.ts'
import { CheckRuns, type CheckProgram } from './check-runs.ts'
import { ChecklistFigures } from './checklist-figures.ts'
import { StoreBook, type StoreBookDeps } from './store-book.ts'

/** What a gateway is told of the checklist by whoever starts it. */
export interface ChecklistHost {
  readonly program: CheckProgram
  readonly standsMs: NonNullable<StoreBookDeps['standsMs']>
}

/** What a running gateway has of the checklist. */
export interface Checklist {
  readonly book: StoreBook
  readonly checkRuns: CheckRuns
}

interface Parts {
  readonly state: State
  readonly options: GatewayOptions
  readonly metrics: Metrics
  readonly watch: Pick<ChangeWatch, 'on'>
}

/** What is kept, what runs, and the figures of the newest report; everything opened belongs to `scope`. */
export function openChecklist(
  { state, options, metrics, watch }: Parts,
  scope: AsyncDisposableStack,
): Checklist {
  const { clock, log, checklist: host } = options
  const checkRuns = scope.use(
    new CheckRuns({
      program: host?.program,
      // No server can have this name.
      mark: `${state.gatewayId}/${state.instance}/.check`,
      environment: process.env,
      ...{ clock, log },
    }),
  )
  const { keys } = state
  const book = new StoreBook({
    ...{ store: state.store.checklist, keys, clock },
    ...(host !== undefined && { standsMs: host.standsMs }),
    onSaved: () => {
      checkRuns.reported()
      figures.refresh()
    },
  })
  const figures = scope.use(new ChecklistFigures({ book, metrics, log }))
  watch.on('checklist', async () => figures.refresh())
  figures.refresh()
  return { book, checkRuns }
}
