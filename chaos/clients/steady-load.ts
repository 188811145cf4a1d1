import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { SteadyJob, SteadyWindow } from './steady.ts'

/** A steady load of good calls. */
export class SteadyLoad implements AsyncDisposable {
  readonly #worker: Worker

  constructor(job: SteadyJob) {
    this.#worker = new Worker(new URL('./steady.ts', import.meta.url), { workerData: job })
  }

  /** What was found since the last time. */
  async take(word: 'take' | 'end' = 'take'): Promise<SteadyWindow> {
    const answered = once(this.#worker, 'message')
    this.#worker.postMessage(word)
    const [window] = (await answered) as [SteadyWindow] // what the thread posts
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

/** Failures as sentences, the most frequent first. */
export function toldFailures(failures: SteadyWindow['failures'], max = 5): string[] {
  return Object.entries(failures)
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, max)
    .map(([what, count]) => `${count} steady calls: ${what}`)
}
