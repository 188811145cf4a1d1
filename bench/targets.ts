import { isDeepStrictEqual } from 'node:util'
import { judgeChecks } from './check-targets.ts'
import type { Checks } from './checks.ts'
import { micros, millis, percent, rate, times, toVerdict } from './comparison.ts'
import type { Comparison, Verdict } from './comparison.ts'
import type { RowId } from './gateways/row.ts'
import type { CellResult } from './measure.ts'
import { medianOf } from './median.ts'
import type { Backend, Cell } from './scenarios.ts'

const HTTP_BARE: Backend = { server: 'bare', transport: 'http' }
const HTTP_SDK: Backend = { server: 'sdk', transport: 'http' }
const STDIO_BARE: Backend = { server: 'bare', transport: 'stdio' }
const BUSY: Cell = { size: '1k', connections: 32, era: 'modern' }
const BUSY_LEGACY: Cell = { ...BUSY, era: 'legacy' }
const ALONE: Cell = { ...BUSY, connections: 1 }
const PEERS: readonly RowId[] = ['mcp-proxy', 'supergateway', 'mcp-hub']

/** Holds the results against the numbers of the design. */
export function judge(results: readonly CellResult[], checks: Checks | undefined): Verdict[] {
  const table = new Figures(results)
  const calls = [
    cpu(table, BUSY),
    cpu(table, BUSY_LEGACY),
    throughput(table),
    peers(table),
    sdk(table),
    ...added(table),
  ]
  return [...calls, ...(checks === undefined ? [] : judgeChecks(checks))].map(toVerdict)
}

function cpu(table: Figures, cell: Cell): Comparison {
  const ours = table.figure('sallyport', 'cpuUsPerCall', HTTP_BARE, cell)
  const raw = table.figure('raw-proxy', 'cpuUsPerCall', HTTP_BARE, cell)
  return {
    target: `CPU per call, 32 connections, ${cell.era} client: at most 2x the raw proxy (aim 1.5x)`,
    value: ours / raw,
    bound: 2,
    side: 'at most',
    show: times,
    detail: `${micros(ours)} to ${micros(raw)}`,
  }
}

function throughput(table: Figures): Comparison {
  const ours = table.figure('sallyport', 'callsPerSecond', HTTP_BARE, BUSY)
  const raw = table.figure('raw-proxy', 'callsPerSecond', HTTP_BARE, BUSY)
  return {
    target: 'throughput, bare server, 32 connections: at least half of the raw proxy',
    value: ours / raw,
    bound: 0.5,
    side: 'at least',
    show: percent,
    detail: `${rate(ours)} to ${rate(raw)}`,
  }
}

function peers(table: Figures): Comparison {
  const ours = table.figure('sallyport', 'callsPerSecond', STDIO_BARE, BUSY_LEGACY)
  const all = PEERS.map((row) => table.figure(row, 'callsPerSecond', STDIO_BARE, BUSY_LEGACY))
  const best = Math.max(...all.filter((value) => !Number.isNaN(value)))
  return {
    target: 'throughput, bare stdio server, 32 connections: at least 5x the best npm peer',
    value: Number.isFinite(best) ? ours / best : Number.NaN,
    bound: 5,
    side: 'at least',
    show: times,
    detail: `${rate(ours)} to ${rate(best)}`,
  }
}

function sdk(table: Figures): Comparison {
  const ours = table.figure('sallyport', 'callsPerSecond', HTTP_SDK, BUSY)
  const alone = table.figure('direct', 'callsPerSecond', HTTP_SDK, BUSY)
  return {
    target: 'throughput, SDK v2 server, 32 connections: at least 80% of direct',
    value: ours / alone,
    bound: 0.8,
    side: 'at least',
    show: percent,
    detail: `${rate(ours)} to ${rate(alone)}`,
  }
}

function added(table: Figures): Comparison[] {
  const straight = table.figure('direct', 'p50Ms', HTTP_BARE, ALONE)
  const raw = table.figure('raw-proxy', 'p50Ms', HTTP_BARE, ALONE) - straight
  const ours = table.figure('sallyport', 'p50Ms', HTTP_BARE, ALONE) - straight
  return [
    {
      target: 'added p50, one connection: at most 0.2 ms over direct',
      value: ours,
      bound: 0.2,
      side: 'at most',
      show: millis,
      detail: `the raw proxy adds ${millis(raw)}`,
    },
  ]
}

/** Medians by row, server and cell; NaN where there is none. */
class Figures {
  readonly #results: readonly CellResult[]

  constructor(results: readonly CellResult[]) {
    this.#results = results
  }

  figure(
    row: RowId,
    name: 'callsPerSecond' | 'p50Ms' | 'cpuUsPerCall',
    backend: Backend,
    cell: Cell,
  ): number {
    const found = this.#results.find(
      (result) =>
        result.row === row &&
        isDeepStrictEqual(result.backend, backend) &&
        isDeepStrictEqual(result.cell, cell),
    )
    return medianOf(found?.runs ?? [], name)
  }
}
