import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { prepare, startSallyport } from './gateways/sallyport.ts'
import type { Prepared, Program } from './gateways/sallyport.ts'
import { httpTarget } from './gateways/row.ts'
import type { Gateway } from './gateways/row.ts'
import { IdleSessions } from './idle-sessions.ts'
import { HttpConnection } from './load/connection.ts'
import type { Job, LoadResult, Target } from './load/job.ts'
import { askHeaders, askText, postBytes } from './load/request.ts'
import { runLoad, waitUntilServing } from './load-run.ts'
import { startEcho, startHttpServer } from './measure.ts'
import { median, medianOf } from './median.ts'
import { rssMb } from './proc-stat.ts'
import { Fleet, printedPort } from './processes.ts'

const SERVERS = join(import.meta.dirname, 'servers')
const SESSIONS = 1_000
/** Time for a process to come to rest before its memory is read. */
const SETTLE_MS = 1_500
const LIST_ASK = { method: 'tools/list', contains: 'tool_0999', fixedId: true } as const

/** What is measured of Sallyport beside its calls. */
export interface Checks {
  /** From starting the process to its word that it is ready; the first start also makes the store. */
  readonly firstReadyMs: number
  readonly readyMs: number
  /** Resident memory before the first call, and with idle sessions, MB. */
  readonly idleMb: number | undefined
  readonly sessionsMb: number | undefined
  readonly sessions: number
  /** How many of the idle sessions hold an open stream. */
  readonly streams: number
  readonly list: ListResult
}

/** `tools/list` over 1,000 tools at one connection, beside a server that only writes the same bytes. */
export interface ListResult {
  readonly bytes: number
  readonly p50Ms: number
  readonly bareP50Ms: number
  /** NaN where the system does not tell. */
  readonly cpuUs: number
  readonly bareCpuUs: number
}

/** Measures start, memory and listing. Everything it starts is ended before it returns. */
export async function runChecks(program: Program, runs: number): Promise<Checks> {
  await using fleet = new Fleet()
  const upstream = await startEcho(fleet, { server: 'bare', transport: 'http' })
  const prepared = prepare(fleet, upstream, true)
  const first = await startSallyport(fleet, program, prepared)
  await first.running.stop()
  const times: number[] = []
  for (let run = 0; run < Math.max(3, runs); run++) {
    const started = await startSallyport(fleet, program, prepared)
    times.push(started.readyMs)
    await started.running.stop()
  }
  const memory = await measureMemory(fleet, program, prepared)
  const list = await measureList(fleet, program, runs)
  return { firstReadyMs: first.readyMs, readyMs: median(times), ...memory, list }
}

type Memory = Pick<Checks, 'idleMb' | 'sessionsMb' | 'sessions' | 'streams'>

async function measureMemory(fleet: Fleet, program: Program, prepared: Prepared): Promise<Memory> {
  const { gateway, running } = await startSallyport(fleet, program, prepared)
  const pid = gateway.pid ?? running.pid
  await delay(SETTLE_MS)
  const idleMb = rssMb(pid)
  using sessions = await IdleSessions.open(streamable(gateway), SESSIONS)
  await delay(SETTLE_MS)
  const sessionsMb = rssMb(pid)
  return { idleMb, sessionsMb, sessions: SESSIONS, streams: sessions.accepted }
}

async function measureList(fleet: Fleet, program: Program, runs: number): Promise<ListResult> {
  const upstream = await startHttpServer(fleet, [process.execPath, join(SERVERS, 'list-1000.ts')])
  const { gateway } = await startSallyport(fleet, program, prepare(fleet, upstream, true))
  await waitUntilServing(fleet, listJob(gateway))
  const body = await listOnce(gateway)
  const file = join(fleet.folder, 'list.json')
  writeFileSync(file, body)
  const bare = await startWriter(fleet, file)
  const series: { ours: LoadResult[]; bare: LoadResult[] } = { ours: [], bare: [] }
  for (let run = 0; run < Math.max(3, runs); run++) {
    series.bare.push(await runLoad(fleet, listJob(bare)))
    series.ours.push(await runLoad(fleet, listJob(gateway)))
  }
  const problem = series.ours.find(({ errors }) => errors > 0)?.firstError
  if (problem !== undefined) throw new Error(`tools/list: ${problem}`)
  return {
    bytes: body.length,
    p50Ms: medianOf(series.ours, 'p50Ms'),
    bareP50Ms: medianOf(series.bare, 'p50Ms'),
    cpuUs: medianOf(series.ours, 'cpuUsPerCall'),
    bareCpuUs: medianOf(series.bare, 'cpuUsPerCall'),
  }
}

/** The server that only writes one file's bytes, shaped as a gateway. */
async function startWriter(fleet: Fleet, file: string): Promise<Gateway> {
  const command = [process.execPath, join(SERVERS, 'same-bytes.ts'), file]
  const running = fleet.start({ command })
  return { target: httpTarget(await printedPort(running)), prefix: '', pid: running.pid }
}

function listJob({ target, pid }: Gateway): Job {
  return {
    target,
    era: 'modern',
    ask: LIST_ASK,
    connections: 1,
    warmUpMs: 400,
    measureMs: 1_000,
    callsMax: 1_000_000,
    ...(pid === undefined ? {} : { gatewayPid: pid }),
  }
}

/** One answer to the very request that is measured. */
async function listOnce(gateway: Gateway): Promise<Buffer> {
  const { url: address, headers } = streamable(gateway)
  const url = new URL(address)
  const connection = await HttpConnection.open(Number(url.port))
  const sent = { ...headers, ...askHeaders('modern', LIST_ASK) }
  const { body } = await connection.request(postBytes(url, sent, askText('modern', LIST_ASK)))
  connection.close()
  return body
}

function streamable({ target }: Gateway): Extract<Target, { kind: 'http' }> {
  if (target.kind === 'http') return target
  throw new Error('this gateway does not serve Streamable HTTP')
}
