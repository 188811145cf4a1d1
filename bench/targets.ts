import { isDeepStrictEqual } from 'node:util'
import type { Checks } from './checks.ts'
import type { RowId } from './gateways/row.ts'
import type { CellResult } from './measure.ts'
import { medianOf } from './median.ts'
import type { Backend, Cell } from './scenarios.ts'

/** One promise of the design, and how it stands. */
export interface Verdict {
  readonly target: string
  readonly measured: string
  /** `undefined` where this run did not measure it. */
  readonly met: boolean | undefined
  /** By how much it was missed. */
  readonly missedBy: string
}

/** A number that may not exceed, or not fall below, its bound. */
interface Comparison {
  readonly target: string
  readonly value: number
  readonly bound: number
  readonly side: 'at most' | 'at least'
  readonly show: (value: number) => string
  readonly detail?: string
}

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
  const calls = [cpu(table), throughput(table), peers(table), sdk(table), ...added(table)]
  return [...calls, ...(checks === undefined ? [] : judgeChecks(checks))].map(toVerdict)
}

function cpu(table: Figures): Comparison {
  const ours = table.figure('sallyport', 'cpuUsPerCall', HTTP_BARE, BUSY)
  const raw = table.figure('raw-proxy', 'cpuUsPerCall', HTTP_BARE, BUSY)
  return {
    target: 'CPU per call, 32 connections: at most 2x the raw proxy (aim 1.5x)',
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

function judgeChecks(checks: Checks): Comparison[] {
  const { list } = checks
  const sessions = `${checks.sessions} idle sessions`
  return [
    atMost('memory, idle before the first call: at most 120 MB', checks.idleMb, 120, megabytes),
    {
      ...atMost(`memory with ${sessions}: at most 250 MB`, checks.sessionsMb, 250, megabytes),
      detail: `${checks.streams} of them with an open stream`,
    },
    {
      ...atMost('ready after start: at most 500 ms', checks.readyMs, 500, millis),
      detail: `the very first start ${millis(checks.firstReadyMs)}`,
    },
    {
      ...atMost(
        'tools/list over 1,000 tools, time: at most 1.3x a bare server writing the same bytes',
        list.p50Ms / list.bareP50Ms,
        1.3,
        times,
      ),
      detail: `${millis(list.p50Ms)} to ${millis(list.bareP50Ms)}, ${list.bytes} bytes; CPU ${times(
        list.cpuUs / list.bareCpuUs,
      )}`,
    },
  ]
}

function atMost(
  target: string,
  value: number | undefined,
  bound: number,
  show: (value: number) => string,
): Comparison {
  return { target, value: value ?? Number.NaN, bound, side: 'at most', show }
}

function toVerdict({ target, value, bound, side, show, detail }: Comparison): Verdict {
  if (Number.isNaN(value)) return { target, measured: '', met: undefined, missedBy: '' }
  const met = side === 'at most' ? value <= bound : value >= bound
  const measured = detail === undefined ? show(value) : `${show(value)} (${detail})`
  return { target, measured, met, missedBy: met ? '' : show(Math.abs(value - bound)) }
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

function times(value: number): string {
  return `${value.toFixed(2)}x`
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)}%`
}

function millis(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`
}

function micros(value: number): string {
  return `${value.toFixed(0)} us`
}

function megabytes(value: number): string {
  return `${value.toFixed(0)} MB`
}

function rate(value: number): string {
  return `${Math.round(value).toLocaleString('en')} calls/s`
}
