import { setTimeout as sleep } from 'node:timers/promises'
import { type Cell, type CellReport, type Effort, runCell } from './cell.ts'
import { p99, SteadyLoad } from './clients/steady-load.ts'
import { faultsOf } from './hostile/faults.ts'
import { type Era, FORMS } from './hostile/wire.ts'
import { type Footprint, footprintOf, judgeGrowth, settled } from './footprint.ts'
import { cellLine } from './print.ts'
import { QUIET, startWorld, type World } from './world.ts'

export interface ChaosOptions {
  readonly calls: number
  /** Names of forms and of faults; all where undefined. */
  readonly forms?: readonly string[] | undefined
  readonly faults?: readonly string[] | undefined
  /** Otherwise the eras take turns. */
  readonly bothEras: boolean
  onCell(line: string): void
  /** Ends the run after the cell that is being tried. */
  readonly signal: AbortSignal
}

export interface ChaosReport {
  readonly cells: readonly CellReport[]
  /** p99 of the quiet servers without any other load, and beside as many good calls, milliseconds. */
  readonly idleP99Ms: number
  readonly calmP99Ms: number
  readonly before: Footprint
  readonly after: Footprint
  readonly problems: readonly string[]
}

/** Deadline of every call; the fault strikes 1.2 s after the first of them. */
const DEADLINE_MS = 4_000
const EFFORT = { rampMs: 1_000, marginMs: 1_000 }
const IDLE_MS = 5_000
/** The largest there is goes through before memory is measured: V8 and the allocator keep what it took. */
const HEAVY = ['over-the-cap', 'hundred-mb', 'endless', 'log-flood']
const QUIET_PER_SECOND = 200
/** How much slower a quiet server may be than beside as many good calls. */
const P99_FACTOR = 2
const TRIES = 3
const MIB = 1_024 * 1_024
/** File descriptors: sockets to servers that the pool keeps. Resident memory: what the allocator keeps. */
const GROWTH_MAX = { fds: 16, processes: 0, heapBytes: 8 * MIB, rssBytes: 64 * MIB }

/** Tries every fault over every transport, one after another, in one gateway. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const eras: readonly Era[] = ['legacy', 'modern']
  await using world = await startWorld({ deadlineMs: DEADLINE_MS, principals: 4, eras })
  const effort: Effort = { calls: options.calls, ...EFFORT }
  const calm = await warmUp(world, effort, options)
  const before = await footprintOf(world)
  const cells: CellReport[] = []
  {
    await using quiet = openQuiet(world)
    for (const cell of planCells(options)) {
      if (options.signal.aborted) break
      const report = await judgeCell(cell, calm.calmP99Ms, (one) =>
        runCell(world, one, effort, quiet),
      )
      cells.push(report)
      options.onCell(cellLine(report))
    }
  }
  const after = await settled(world, (now) => judgeGrowth(before, now, GROWTH_MAX))
  const growth = judgeGrowth(before, after, GROWTH_MAX)
  const ended = await judgeEnd(world)
  const problems = [
    ...cells.flatMap((one) => one.problems.map((problem) => `${nameOf(one.cell)}: ${problem}`)),
    ...growth,
    ...ended,
  ]
  return { cells, ...calm, before, after, problems }
}

function nameOf({ form, era, fault }: Cell): string {
  return `${form}-${era} ${fault}`
}

function openQuiet({ gateway, quietToken }: World): SteadyLoad {
  return new SteadyLoad({
    ...{ url: gateway.url, token: quietToken, servers: QUIET },
    ...{ perSecond: QUIET_PER_SECOND, linesMax: 500, sessions: false },
  })
}

function planCells({ forms, faults, bothEras }: ChaosOptions): Cell[] {
  return FORMS.filter((form) => forms?.includes(form) ?? true).flatMap((form) =>
    [...faultsOf(form).keys()]
      .filter((fault) => faults?.includes(fault) ?? true)
      .flatMap((fault, at) => erasOf(form, at, bothEras).map((era) => ({ form, era, fault }))),
  )
}

function erasOf(form: Cell['form'], at: number, both: boolean): Era[] {
  if (form === 'sse') return ['legacy']
  if (both) return ['legacy', 'modern']
  return at % 2 === 0 ? ['legacy'] : ['modern']
}

/** Good calls to every hostile server, which is what faults are measured against, and the largest of faults. */
async function warmUp(
  world: World,
  effort: Effort,
  options: ChaosOptions,
): Promise<{ idleP99Ms: number; calmP99Ms: number }> {
  await using quiet = openQuiet(world)
  const calm: number[] = []
  const cells = FORMS.flatMap((form) =>
    erasOf(form, 0, true).map((era) => ({ form, era, fault: 'ok' })),
  )
  for (const round of [1, 2]) {
    for (const cell of cells) {
      const report = await runCell(world, cell, effort, quiet)
      options.onCell(cellLine(report))
      if (round === 2) calm.push(report.quietP99Ms)
    }
  }
  for (const cell of HEAVY.flatMap((fault) => cells.map((one) => ({ ...one, fault })))) {
    options.onCell(cellLine(await runCell(world, cell, effort, quiet)))
  }
  await quiet.take()
  await sleep(IDLE_MS)
  const { latenciesMs } = await quiet.take()
  return { idleP99Ms: p99(latenciesMs), calmP99Ms: median(calm) }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/**
 * Runs a cell, and again with a good one before it where quiet servers were slow: other work on the machine
 * makes everybody slow at times. Every other problem counts however often the cell was run.
 */
async function judgeCell(
  cell: Cell,
  calmP99Ms: number,
  run: (cell: Cell) => Promise<CellReport>,
): Promise<CellReport> {
  let report = await run(cell)
  let boundMs = calmP99Ms * P99_FACTOR
  const problems = [...report.problems]
  for (let tries = 1; tries < TRIES && report.quietP99Ms > boundMs; tries += 1) {
    const calm = await run({ ...cell, fault: 'ok' })
    boundMs = Math.max(calmP99Ms, calm.quietP99Ms) * P99_FACTOR
    report = await run(cell)
    problems.push(...report.problems)
  }
  if (report.quietP99Ms > boundMs) {
    const [is, bound] = [report.quietP99Ms.toFixed(1), boundMs.toFixed(1)]
    problems.push(`quiet servers' p99 ${is} ms, over ${bound} ms`)
  }
  return { ...report, problems }
}

async function judgeEnd({ gateway, stdio }: World): Promise<string[]> {
  await stdio[Symbol.asyncDispose]()
  const code = await gateway.stop()
  const left = await gateway.children()
  return [
    ...(code === 0 ? [] : [`the gateway ended with ${code}`]),
    ...left.map(({ command }) => `left behind after the end: ${command}`),
  ]
}
