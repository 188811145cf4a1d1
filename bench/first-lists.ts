import { join } from 'node:path'
import { prepareServers, startSallyport } from './gateways/sallyport.ts'
import type { Program } from './gateways/sallyport.ts'
import type { Upstream } from './gateways/row.ts'
import { HttpConnection } from './load/connection.ts'
import { openStdioLanes } from './load/stdio-lane.ts'
import { askHeaders, askText, postBytes } from './load/request.ts'
import { listOnce, startListing, twenty } from './lists.ts'
import { median } from './median.ts'
import { Fleet } from './processes.ts'
import { ID_FIRST, mcpHeaders, requestText } from './wire/mcp.ts'

const STDIO_SERVER = join(import.meta.dirname, 'servers/listing-stdio.ts')
const TOOLS_EACH = 50
const SERVERS = 20
/** As far away as a remote server may be, so that asking one after another would show. */
const LATE_MS = 100
/** Longer than any list may wait. */
const SILENT_MS = 60_000
const ASK = { method: 'tools/list', contains: 'tool_0049', fixedId: true } as const

/** The first list over servers that the gateway has never seen. */
export interface FirstList {
  readonly transport: 'http' | 'stdio'
  readonly ms: number
  /** How long the slowest server takes to start and to list, asked at the same time as the others, without a gateway. */
  readonly slowestMs: number
  /** By how much the list took longer; the median of the runs. */
  readonly addedMs: number
}

export interface FirstLists {
  readonly lists: readonly FirstList[]
  /** With one more server that never answers. */
  readonly silentMs: number
}

/**
 * Measures first lists over 20 servers of 50 tools, each time with a gateway that has just started and an
 * empty store.
 *
 * @throws {Error} when a list lacks tools of a server that answers
 */
export async function measureFirstLists(program: Program, runs: number): Promise<FirstLists> {
  await using fleet = new Fleet()
  const http = await startListing(fleet, TOOLS_EACH, LATE_MS)
  const command = [process.execPath, STDIO_SERVER, String(TOOLS_EACH)]
  const stdio = { kind: 'stdio', command } as const
  const lists: FirstList[] = []
  for (const upstream of [http, stdio]) {
    const pairs: { ms: number; slowestMs: number }[] = []
    for (let run = 0; run < Math.max(3, runs); run++) {
      const slowestMs = await slowest(upstream)
      pairs.push({ slowestMs, ms: await firstList(program, twenty(upstream)) })
    }
    lists.push({
      transport: upstream.kind,
      ms: median(pairs.map(({ ms }) => ms)),
      slowestMs: median(pairs.map(({ slowestMs }) => slowestMs)),
      addedMs: median(pairs.map(({ ms, slowestMs }) => ms - slowestMs)),
    })
  }
  const silent = await startListing(fleet, TOOLS_EACH, SILENT_MS)
  return { lists, silentMs: await firstList(program, { ...twenty(http), silent }) }
}

/** Milliseconds from the request to the whole list. */
async function firstList(
  program: Program,
  servers: Readonly<Record<string, Upstream>>,
): Promise<number> {
  await using fleet = new Fleet()
  const { gateway } = await startSallyport(fleet, program, prepareServers(fleet, servers))
  const startMs = performance.now()
  const body = await listOnce(gateway, 'modern', ASK)
  const ms = performance.now() - startMs
  const tools = body.toString().split('__tool_').length - 1
  if (tools === SERVERS * TOOLS_EACH) return ms
  throw new Error(`the first list has ${tools} tools: ${body.toString('utf8', 0, 200)}`)
}

/** Milliseconds until the last of 20 servers has started and listed, all asked at once. */
async function slowest(upstream: Upstream): Promise<number> {
  const startMs = performance.now()
  const asked = Object.values(twenty(upstream)).map(async (server) => {
    await (server.kind === 'stdio' ? listChild(server) : listRemote(server))
    return performance.now() - startMs
  })
  return Math.max(...(await Promise.all(asked)))
}

async function listChild(target: Extract<Upstream, { kind: 'stdio' }>): Promise<void> {
  const job = { target, era: 'modern', ask: ASK, connections: 1 } as const
  const [lane] = await openStdioLanes({ ...job, warmUpMs: 0, measureMs: 0, callsMax: 1 }, target)
  await new Promise<void>((resolve, reject) => {
    lane?.call(ID_FIRST, (answer) =>
      'error' in answer ? reject(new Error(answer.error)) : resolve(),
    )
  })
  lane?.close()
}

async function listRemote(target: Extract<Upstream, { kind: 'http' }>): Promise<void> {
  const url = new URL(target.url)
  const connection = await HttpConnection.open(Number(url.port))
  const discover = requestText('modern', ID_FIRST, 'server/discover', {})
  const headers = mcpHeaders('modern', 'server/discover', undefined)
  await connection.request(postBytes(url, headers, discover))
  await connection.request(postBytes(url, askHeaders('modern', ASK), askText('modern', ASK)))
  connection.close()
}
