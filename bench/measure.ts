import { join } from 'node:path'
import type { Gateway, Row, RowId, Upstream } from './gateways/row.ts'
import type { Job, LoadResult } from './load/job.ts'
import { runLoad, waitUntilServing } from './load-run.ts'
import type { Fleet } from './processes.ts'
import { printedPort } from './processes.ts'
import type { Backend, Cell, Scenario } from './scenarios.ts'
import type { Era } from './wire/mcp.ts'
import { toolOf } from './wire/payload.ts'

const SERVERS = join(import.meta.dirname, 'servers')
const WARM_UP_MS = 600
/** Once per process, so that no measured call runs code that is not compiled yet. */
const FIRST_LOAD_MS = 1_000
const FIRST_LOADS_MAX = 5
/** What a load costs of the one before it once a process has settled. */
const STEADY = 0.95
const CALLS_MAX = 2_000_000

/** All runs of one row in one cell; `failure` says why there are none. */
export interface CellResult {
  readonly row: RowId
  readonly backend: Backend
  readonly cell: Cell
  readonly runs: readonly LoadResult[]
  readonly failure?: string
}

export interface MeasureOptions {
  readonly runs: number
  readonly measureMs: number
  /** Told before each measurement, for a person who waits. */
  readonly onProgress: (text: string) => void
}

interface Contender {
  readonly row: Row
  readonly gateway?: Gateway
  readonly failure?: string
}

/**
 * Measures one scenario. All rows stand side by side, and each run goes through all of them, so that a
 * slow minute of the machine slows every row and not one.
 */
export async function measureScenario(
  fleet: Fleet,
  scenario: Scenario,
  rows: readonly Row[],
  options: MeasureOptions,
): Promise<CellResult[]> {
  const { backend } = scenario
  const wanted = rows.filter(
    ({ id, upstreams }) => scenario.rows.includes(id) && upstreams.includes(backend.transport),
  )
  const upstream = await startEcho(fleet, backend)
  const contenders: Contender[] = []
  for (const row of wanted) {
    const era = scenario.cells.map((cell) => cell.era).find((found) => row.eras.includes(found))
    if (era !== undefined) contenders.push(await startRow(fleet, { row, upstream, era }))
  }
  const results: CellResult[] = []
  for (const cell of scenario.cells) {
    const able = contenders.filter(({ row }) => row.eras.includes(cell.era))
    const jobs = able.map(
      (contender) => new Series(contender, { backend, cell }, options.measureMs),
    )
    for (let run = 1; run <= options.runs; run++) {
      options.onProgress(`${titleOf(backend, cell)}: run ${run} of ${options.runs}`)
      for (const job of jobs) await job.run(fleet)
    }
    results.push(...jobs.map((job) => job.result()))
  }
  return results
}

/** How tables and progress name a cell. */
export function titleOf(backend: Backend, cell: Cell): string {
  const server = backend.server === 'bare' ? 'bare server' : 'SDK v2 server'
  const transport = backend.transport === 'http' ? 'HTTP' : 'stdio'
  const size = cell.size === '1k' ? '1 KiB' : '100 KiB'
  const connections = cell.connections === 1 ? '1 connection' : `${cell.connections} connections`
  return `${server}, ${transport}, ${size}, ${connections}, ${cell.era} client`
}

/** Starts an echo server, or says how to start one where each row starts its own. */
export async function startEcho(fleet: Fleet, backend: Backend): Promise<Upstream> {
  const command = [process.execPath, join(SERVERS, `${backend.server}-${backend.transport}.ts`)]
  if (backend.transport === 'stdio') return { kind: 'stdio', command }
  return startHttpServer(fleet, command)
}

/** Starts a server of the bench that prints its port. */
export async function startHttpServer(
  fleet: Fleet,
  command: readonly string[],
): Promise<Extract<Upstream, { kind: 'http' }>> {
  const port = await printedPort(fleet.start({ command }))
  return { kind: 'http', url: `http://127.0.0.1:${port}/mcp` }
}

/** The job of one cell at one gateway. */
export function callJob(gateway: Gateway, cell: Cell, measureMs: number): Job {
  return {
    target: gateway.target,
    era: cell.era,
    ask: { method: 'tools/call', tool: gateway.prefix + toolOf(cell.size), size: cell.size },
    connections: cell.connections,
    warmUpMs: WARM_UP_MS,
    measureMs,
    callsMax: CALLS_MAX,
    ...(gateway.pid === undefined ? {} : { gatewayPid: gateway.pid }),
  }
}

async function startRow(
  fleet: Fleet,
  { row, upstream, era }: { row: Row; upstream: Upstream; era: Era },
): Promise<Contender> {
  try {
    const gateway = await row.start(fleet, upstream)
    const job = callJob(gateway, { size: '1k', connections: 32, era }, FIRST_LOAD_MS)
    await waitUntilServing(fleet, job)
    await warm(fleet, { ...job, warmUpMs: 0 })
    return { row, gateway }
  } catch (error) {
    return { row, failure: String(error) } // shown in the table: one broken row must not hide the others
  }
}

/** Loads a process until a call takes it no less CPU than before: until then its compiler is measured with it. */
async function warm(fleet: Fleet, job: Job): Promise<void> {
  let beforeUs = Number.POSITIVE_INFINITY
  for (let load = 0; load < FIRST_LOADS_MAX; load += 1) {
    const { cpuUsPerCall } = await runLoad(fleet, job)
    if (cpuUsPerCall === undefined || cpuUsPerCall > beforeUs * STEADY) return
    beforeUs = cpuUsPerCall
  }
}

/** The runs of one row in one cell. */
class Series {
  readonly #contender: Contender
  readonly #place: { readonly backend: Backend; readonly cell: Cell }
  readonly #measureMs: number
  readonly #runs: LoadResult[] = []
  #failure: string | undefined

  constructor(
    contender: Contender,
    place: { readonly backend: Backend; readonly cell: Cell },
    measureMs: number,
  ) {
    this.#contender = contender
    this.#place = place
    this.#measureMs = measureMs
    this.#failure = contender.failure
  }

  async run(fleet: Fleet): Promise<void> {
    const { gateway } = this.#contender
    if (gateway === undefined || this.#failure !== undefined) return
    try {
      this.#runs.push(await runLoad(fleet, callJob(gateway, this.#place.cell, this.#measureMs)))
    } catch (error) {
      this.#failure = String(error) // shown in the table
    }
  }

  result(): CellResult {
    const { row } = this.#contender
    const failure = this.#failure === undefined ? {} : { failure: this.#failure }
    return { row: row.id, ...this.#place, runs: this.#runs, ...failure }
  }
}
