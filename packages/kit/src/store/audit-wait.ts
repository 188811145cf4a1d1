import type { CallSignal } from '../call-signal.ts'
import { AppError } from '../errors.ts'

/** A call that waits for its row to be written, but no longer than the call lives. */
export class AuditWait {
  readonly #signal: CallSignal
  readonly #end = Promise.withResolvers<void>()

  constructor(signal: CallSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this)
  }

  get promise(): Promise<void> {
    return this.#end.promise
  }

  /** The row is written, or it is not. The first verdict stays. */
  end(error?: AppError): void {
    this.#signal.removeEventListener('abort', this)
    if (error === undefined) this.#end.resolve()
    else this.#end.reject(error)
  }

  /** The call is over: its row may still be written. */
  handleEvent(): void {
    const text = 'the store did not take the record of the call while the call lived'
    this.end(new AppError('store_unwritable', text, { cause: this.#signal.reason }))
  }
}
