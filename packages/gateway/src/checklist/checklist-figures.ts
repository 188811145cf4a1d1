import type { ChecklistBook } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { Metrics } from '@sallyport/kit/metrics'

export interface ChecklistFiguresDeps {
  readonly book: Pick<ChecklistBook, 'reports' | 'report'>
  readonly metrics: Pick<Metrics, 'checklist'>
  readonly log: Log
}

/**
 * Shows the newest report that looked at everything as metrics. Reports are read besides what serves calls, one
 * at a time; while the store cannot be read what was shown stays.
 */
export class ChecklistFigures implements AsyncDisposable {
  readonly #deps: ChecklistFiguresDeps
  #reading: Promise<void> | undefined
  #again = false
  #shown: string | undefined

  constructor(deps: ChecklistFiguresDeps) {
    this.#deps = deps
  }

  /** Has the newest report shown soon. */
  refresh(): void {
    this.#again = true
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
  }

  /** Ends once what is being read was read. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#again = false
    await this.#reading
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const { book, metrics, log } = this.#deps
    while (this.#again) {
      this.#again = false
      try {
        const newest = (await book.reports()).find(({ only }) => only === undefined)
        if (newest === undefined || newest.id === this.#shown) continue
        const report = await book.report(newest.id)
        if (report === undefined) continue
        metrics.checklist.show({
          items: report.items,
          summary: report.summary,
          endedAtMs: Date.parse(report.endedAt),
        })
        this.#shown = report.id
      } catch (thrown) {
        log.warn({ err: AppError.from(thrown) }, 'the newest checklist report could not be read')
      }
    }
  }
}
