import { Worker } from 'node:worker_threads'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { StoreLocation } from './location.ts'
import type { SealKeys } from './keys.ts'
import type {
  AuditLimits,
  AuditQuery,
  AuditReader,
  AuditReport,
  AuditRetention,
  AuditRow,
} from './store.ts'
import type { JobAnswer, ListJob, PruneJob, VerifyJob } from './worker-jobs.ts'

/** Jobs at once; each is a thread with a connection. */
const JOBS_MAX = 4

export interface AuditJobsDeps {
  readonly location: StoreLocation
  readonly keys: SealKeys
  readonly workerUrl: URL
  readonly clock: Clock
}

/** Reads, verifies and prunes the audit log on worker threads, one per job; an abort ends the thread. */
export class AuditJobs implements AuditReader, AuditRetention, AsyncDisposable {
  readonly #deps: AuditJobsDeps
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<unknown>>()

  constructor(deps: AuditJobsDeps) {
    this.#deps = deps
  }

  async list(
    query: AuditQuery,
    signal: AbortSignal,
  ): Promise<{ items: AuditRow[]; next?: string }> {
    const { location } = this.#deps
    const page = (await this.#run({ kind: 'list', location, query }, signal)) as {
      items: AuditRow[]
      next?: string
    } // what `listAudit` returned; only the hashes arrive as plain bytes
    const items = page.items.map((row) => ({ ...row, hash: Buffer.from(row.hash) }))
    return page.next === undefined ? { items } : { items, next: page.next }
  }

  async verify(signal: AbortSignal): Promise<AuditReport> {
    const { location, keys } = this.#deps
    const job: VerifyJob = { kind: 'verify', location, keys: keys.seals }
    return (await this.#run(job, signal)) as AuditReport // what `verifyAudit` returned
  }

  async prune(limits: AuditLimits, signal: AbortSignal): Promise<number> {
    const { location, keys, clock } = this.#deps
    const nowMs = clock.nowMs()
    const job: PruneJob = { kind: 'prune', location, keys: keys.seals, limits, nowMs }
    return (await this.#run(job, signal)) as number // what `pruneAudit` returned
  }

  /** Aborts what runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new AppError('shutting_down', 'the store is closing'))
    await Promise.allSettled(this.#running)
  }

  #run(job: ListJob | VerifyJob | PruneJob, signal: AbortSignal): Promise<unknown> {
    if (this.#running.size >= JOBS_MAX) {
      return Promise.reject(
        new AppError('overloaded', `${JOBS_MAX} requests read the audit log already; try again`),
      )
    }
    const pending = this.#start(job, AbortSignal.any([signal, this.#closing.signal]))
    this.#running.add(pending)
    const forget = (): boolean => this.#running.delete(pending)
    pending.then(forget, forget)
    return pending
  }

  async #start(job: ListJob | VerifyJob | PruneJob, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted()
    const worker = new Worker(this.#deps.workerUrl, {
      workerData: job,
      name: `audit-${job.kind}`,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    })
    const answer = Promise.withResolvers<JobAnswer>()
    const onAbort = (): void => answer.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    worker.once('message', answer.resolve)
    worker.once('error', answer.reject)
    worker.once('exit', (code) =>
      answer.reject(new AppError('internal', `the audit worker ended with ${code}`)),
    )
    try {
      const given = await answer.promise
      if ('error' in given) throw new AppError(given.error.code, given.error.message)
      return given.result
    } finally {
      signal.removeEventListener('abort', onAbort)
      await worker.terminate()
    }
  }
}
