import { Worker } from 'node:worker_threads'
import type { Log } from '../log/log.ts'
import type { WrittenPages } from './audit-sqlite.ts'
import type { CheckpointAnswer, CheckpointJob } from './worker-jobs.ts'

/** About 4 MiB of WAL. */
const PAGES_BETWEEN = 1_000
/** A quiet store is copied into its file after this time, which also bounds what a power cut can take. */
const QUIET_MS = 30_000

/**
 * Moves the WAL of an embedded store into its file on a worker thread, so that no call waits for the
 * disk. The worker starts at the first need. When it fails, commits checkpoint by themselves again.
 */
export class Checkpointer implements WrittenPages, AsyncDisposable {
  readonly #path: string
  readonly #workerUrl: URL
  readonly #log: Log
  readonly #onLost: () => void
  #worker: Worker | undefined
  #pages = 0
  #running = false
  #lost = false
  #failing = false
  #quiet: NodeJS.Timeout | undefined

  constructor(
    store: { readonly path: string; readonly workerUrl: URL },
    log: Log,
    onLost: () => void,
  ) {
    this.#path = store.path
    this.#workerUrl = store.workerUrl
    this.#log = log
    this.#onLost = onLost
  }

  written(pages: number): void {
    if (this.#lost) return
    this.#pages += pages
    if (this.#pages >= PAGES_BETWEEN) this.#checkpoint()
    else this.#quiet ??= setTimeout(() => this.#checkpoint(), QUIET_MS).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lost = true
    clearTimeout(this.#quiet)
    await this.#worker?.terminate()
  }

  #checkpoint(): void {
    clearTimeout(this.#quiet)
    this.#quiet = undefined
    if (this.#running || this.#lost) return
    this.#running = true
    this.#pages = 0
    this.#worker ??= this.#start()
    this.#worker.postMessage('checkpoint')
  }

  #start(): Worker {
    const workerData: CheckpointJob = { kind: 'checkpoint', path: this.#path }
    const worker = new Worker(this.#workerUrl, {
      workerData,
      name: 'store-checkpoint',
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    })
    worker.unref()
    worker.on('message', (answer: CheckpointAnswer) => {
      this.#running = false
      this.#tell(answer)
      if (this.#pages >= PAGES_BETWEEN) this.#checkpoint()
    })
    worker.on('error', (error) => {
      if (this.#lost) return
      this.#lost = true
      this.#log.warn({ err: error }, 'store checkpoints moved to the serving thread')
      this.#onLost()
    })
    return worker
  }

  /** Once per outage. */
  #tell({ failed }: CheckpointAnswer): void {
    if (failed !== undefined && !this.#failing) {
      this.#log.warn({ reason: failed }, 'the store cannot be checkpointed')
    }
    if (failed === undefined && this.#failing) this.#log.info({}, 'store checkpointed again')
    this.#failing = failed !== undefined
  }
}
