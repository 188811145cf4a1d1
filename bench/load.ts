import { openHttpLanes } from './load/http-lane.ts'
import type { Job, LoadResult } from './load/job.ts'
import { createChecker } from './load/lane.ts'
import type { Lane } from './load/lane.ts'
import { openSseLanes } from './load/sse-lane.ts'
import { openStdioLanes } from './load/stdio-lane.ts'
import { cpuUs, rssMb } from './proc-stat.ts'
import { ID_FIRST } from './wire/mcp.ts'

/** The load client: `node bench/load.ts JOB`, JOB as JSON; prints one LoadResult as JSON. */
const OPEN_MS_MAX = 30_000
const CALL_MS_MAX = 10_000
const ERRORS_MAX = 100

/** Latencies and errors of one window. */
class Window {
  readonly #latencies: number[] = []
  readonly #startMs = performance.now()
  errors = 0
  firstError: string | undefined

  get calls(): number {
    return this.#latencies.length
  }

  add(ms: number, problem: string | undefined): void {
    this.#latencies.push(ms)
    if (problem === undefined) return
    this.errors++
    this.firstError ??= problem
  }

  summary(): Pick<LoadResult, 'calls' | 'errors' | 'callsPerSecond' | 'p50Ms' | 'p99Ms'> {
    const seconds = (performance.now() - this.#startMs) / 1_000
    const sorted = Float64Array.from(this.#latencies).sort()
    return {
      calls: this.calls,
      errors: this.errors,
      callsPerSecond: this.calls / seconds,
      p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    }
  }
}

/** Keeps every lane busy with one call at a time until told to stop. */
class Load {
  readonly #job: Job
  readonly #lanes: readonly Lane[]
  readonly #check: ReturnType<typeof createChecker>
  readonly #startedMs = new Map<Lane, number>()
  #id = ID_FIRST
  window = new Window()
  stopped = false
  onFull: () => void = () => undefined

  constructor(job: Job, lanes: readonly Lane[]) {
    this.#job = job
    this.#lanes = lanes
    this.#check = createChecker(job.ask)
  }

  start(): void {
    for (const lane of this.#lanes) this.#next(lane)
  }

  /** The longest that any call in flight has waited, in milliseconds. */
  waitMs(): number {
    return performance.now() - Math.min(...this.#startedMs.values())
  }

  #next(lane: Lane): void {
    const { ask } = this.#job
    const id = ask.method === 'tools/list' && ask.fixedId ? ID_FIRST : ++this.#id
    const startMs = performance.now()
    this.#startedMs.set(lane, startMs)
    lane.call(id, (answer) => {
      const problem = this.#check(answer, id)
      this.window.add(performance.now() - startMs, problem)
      if (this.window.calls >= this.#job.callsMax || this.window.errors >= ERRORS_MAX) this.onFull()
      if (this.stopped) return
      if (problem === undefined) this.#next(lane)
      else setImmediate(() => this.#next(lane)) // a closed connection fails at once: do not recurse
    })
  }
}

async function main(): Promise<void> {
  const job = JSON.parse(process.argv[2] ?? '') as Job // written by run.ts
  const opening = setTimeout(() => fail('no session within 30 s'), OPEN_MS_MAX)
  const lanes = await openLanes(job)
  clearTimeout(opening)
  const load = new Load(job, lanes)
  const watch = setInterval(() => {
    if (load.waitMs() > CALL_MS_MAX) fail(`a call was not answered within ${CALL_MS_MAX} ms`)
  }, 1_000)
  load.start()
  await window(load, job.warmUpMs)
  load.window = new Window()
  const beforeUs = job.gatewayPid === undefined ? undefined : cpuUs(job.gatewayPid)
  await window(load, job.measureMs)
  const result = toResult(job, load.window, beforeUs)
  load.stopped = true
  clearInterval(watch)
  for (const lane of lanes) lane.close()
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
}

function openLanes(job: Job): Promise<Lane[]> {
  switch (job.target.kind) {
    case 'http':
      return openHttpLanes(job, job.target)
    case 'sse':
      return openSseLanes(job, job.target)
    case 'stdio':
      return openStdioLanes(job, job.target)
  }
}

/** Lets the load run for a time, or until its window is full. */
function window(load: Load, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    load.onFull = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}

function toResult(job: Job, measured: Window, beforeUs: number | undefined): LoadResult {
  const afterUs = job.gatewayPid === undefined ? undefined : cpuUs(job.gatewayPid)
  const rss = job.gatewayPid === undefined ? undefined : rssMb(job.gatewayPid)
  const summary = measured.summary()
  return {
    ...summary,
    ...(measured.firstError === undefined ? {} : { firstError: measured.firstError }),
    ...(beforeUs === undefined || afterUs === undefined
      ? {}
      : { cpuUsPerCall: (afterUs - beforeUs) / Math.max(1, summary.calls) }),
    ...(rss === undefined ? {} : { rssMb: rss }),
  }
}

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}

await main()
