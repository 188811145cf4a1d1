import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import type { Clock } from '../clock.ts'
import type { Log } from '../log/index.ts'

type ExportDone = Parameters<SpanExporter['export']>[1]

const LOG_EVERY_MS = 60_000

/** Passes spans on and never fails: what cannot be sent is dropped, and said at most once a minute. */
export class SteadyExporter implements SpanExporter {
  readonly #exporter: SpanExporter
  readonly #clock: Clock
  readonly #log: Log
  #loggedAtMs = -Infinity
  #dropped = 0

  constructor(exporter: SpanExporter, clock: Clock, log: Log) {
    this.#exporter = exporter
    this.#clock = clock
    this.#log = log
  }

  export(spans: ReadableSpan[], done: ExportDone): void {
    const over: ExportDone = ({ code, error }) => {
      if (code !== SUCCESS) this.#onDropped(spans.length, error)
      done({ code: SUCCESS })
    }
    try {
      this.#exporter.export(spans, over)
    } catch (thrown) {
      over({ code: FAILED, error: thrown instanceof Error ? thrown : new Error(String(thrown)) })
    }
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve()
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }

  #onDropped(spans: number, error: Error | undefined): void {
    this.#dropped += spans
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#loggedAtMs < LOG_EVERY_MS) return
    this.#loggedAtMs = nowMs
    this.#log.warn({ spans: this.#dropped, reason: reasonOf(error) }, 'traces could not be sent')
    this.#dropped = 0
  }
}

/** ExportResultCode of @opentelemetry/core. */
const SUCCESS = 0
const FAILED = 1

/** The first line alone: what a collector answers may be a page. */
function reasonOf(error: Error | undefined): string {
  const [line = ''] = (error?.message ?? 'no reason given').split('\n')
  const code = error !== undefined && 'code' in error ? `${String(error.code)} ` : ''
  return `${code}${line}`.slice(0, 200)
}
