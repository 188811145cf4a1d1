import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareServers, startSallyport } from './gateways/sallyport.ts'
import type { Program } from './gateways/sallyport.ts'
import { httpTarget, streamable } from './gateways/row.ts'
import type { Gateway, Upstream } from './gateways/row.ts'
import { HttpConnection } from './load/connection.ts'
import { openSession } from './load/open-session.ts'
import type { Ask, Job, LoadResult } from './load/job.ts'
import { askHeaders, askText, postBytes } from './load/request.ts'
import { runLoad, waitUntilServing } from './load-run.ts'
import { startHttpServer } from './measure.ts'
import { medianOf } from './median.ts'
import { Fleet, printedPort } from './processes.ts'
import type { Era } from './wire/mcp.ts'

const SERVERS = join(import.meta.dirname, 'servers')

/** `tools/list` at one connection, beside a server that only writes the same bytes. */
export interface ListResult {
  readonly era: Era
  readonly bytes: number
  readonly p50Ms: number
  readonly bareP50Ms: number
  /** NaN where the system does not tell. */
  readonly cpuUs: number
  readonly bareCpuUs: number
}

/** `tools/list` over all tools, of one server or of several: 1,000 in each case, which is one page. */
export interface ListResults {
  readonly single: ListResult
  readonly merged: readonly ListResult[]
}

/**
 * Measures warm lists: 1,000 tools of one server, and 50 tools of each of 20 servers.
 *
 * @throws {Error} when a list is not what it must be
 */
export async function measureLists(program: Program, runs: number): Promise<ListResults> {
  await using fleet = new Fleet()
  const all = await startListing(fleet, 1_000)
  const one = await startFor(fleet, program, { echo: all })
  const single = await measureList(fleet, { gateway: one, era: 'modern', runs, last: 'tool_0999' })
  const part = await startListing(fleet, 50)
  const gateway = await startFor(fleet, program, twenty(part))
  const merged: ListResult[] = []
  for (const era of ['modern', 'legacy'] as const) {
    merged.push(await measureList(fleet, { gateway, era, runs, last: 's19__tool_0049' }))
  }
  return { single, merged }
}

/** The same server under 20 names. */
export function twenty(upstream: Upstream): Record<string, Upstream> {
  const names = Array.from({ length: 20 }, (_, at) => `s${String(at).padStart(2, '0')}`)
  return Object.fromEntries(names.map((name) => [name, upstream]))
}

/** Starts a server with so many tools, each answer so many milliseconds late. */
export function startListing(fleet: Fleet, count: number, lateMs = 0): Promise<Upstream> {
  const program = join(SERVERS, 'listing-http.ts')
  return startHttpServer(fleet, [process.execPath, program, String(count), String(lateMs)])
}

async function startFor(
  fleet: Fleet,
  program: Program,
  servers: Readonly<Record<string, Upstream>>,
): Promise<Gateway> {
  return (await startSallyport(fleet, program, prepareServers(fleet, servers))).gateway
}

interface Listing {
  readonly gateway: Gateway
  readonly era: Era
  readonly runs: number
  /** A part of the list's last tool, without which it is not whole. */
  readonly last: string
}

async function measureList(
  fleet: Fleet,
  { gateway, era, runs, last }: Listing,
): Promise<ListResult> {
  const ask = { method: 'tools/list', contains: last, fixedId: true } as const
  await waitUntilServing(fleet, listJob(gateway, era, ask))
  const body = await listOnce(gateway, era, ask)
  const file = join(fleet.folder, `list-${last}-${era}.json`)
  writeFileSync(file, body)
  const bare = await startWriter(fleet, file)
  const series: { ours: LoadResult[]; bare: LoadResult[] } = { ours: [], bare: [] }
  for (let run = 0; run < Math.max(3, runs); run++) {
    series.bare.push(await runLoad(fleet, listJob(bare, era, ask)))
    series.ours.push(await runLoad(fleet, listJob(gateway, era, ask)))
  }
  const problem = series.ours.find(({ errors }) => errors > 0)?.firstError
  if (problem !== undefined) throw new Error(`tools/list: ${problem}`)
  return {
    era,
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

function listJob({ target, pid }: Gateway, era: Era, ask: Ask): Job {
  return {
    target,
    era,
    ask,
    connections: 1,
    warmUpMs: 200,
    measureMs: 600,
    callsMax: 1_000_000,
    ...(pid === undefined ? {} : { gatewayPid: pid }),
  }
}

/** One answer to the very request that is measured. */
export async function listOnce(gateway: Gateway, era: Era, ask: Ask): Promise<Buffer> {
  const { url: address, headers } = streamable(gateway)
  const url = new URL(address)
  const connection = await HttpConnection.open(Number(url.port))
  const session = era === 'legacy' ? await openSession(connection, url, headers) : {}
  const sent = { ...headers, ...askHeaders(era, ask), ...session }
  const { body } = await connection.request(postBytes(url, sent, askText(era, ask)))
  connection.close()
  return body
}
