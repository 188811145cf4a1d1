import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { QuietJob, QuietWindow } from './quiet.ts'

/** A steady load on servers that nobody hurts. */
export class QuietLoad implements AsyncDisposable {
  readonly #worker: Worker

  constructor(job: QuietJob) {
    this.#worker = new Worker(new URL('./quiet.ts', import.meta.url), { workerData: job })
  }

  /** What was found since the last time. */
  async take(word: 'take' | 'end' = 'take'): Promise<QuietWindow> {
    const answered = once(this.#worker, 'message')
    this.#worker.postMessage(word)
    const [window] = (await answered) as [QuietWindow] // what the thread posts
    return window
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.take('end')
    await this.#worker.terminate()
  }
}

/** The value below which 99 of 100 are; 0 for none. */
export function p99(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0
}
