import { setTimeout as delay } from 'node:timers/promises'
import { prepareServers, startSallyport } from './gateways/sallyport.ts'
import type { Program } from './gateways/sallyport.ts'
import { streamable } from './gateways/row.ts'
import { IdleSessions } from './idle-sessions.ts'
import { INSPECTED, LiveMemory } from './live-memory.ts'
import { runLoad, waitUntilServing } from './load-run.ts'
import { callJob, startEcho } from './measure.ts'
import { rssMb } from './proc-stat.ts'
import { Fleet } from './processes.ts'

const SESSIONS = 1_000
/** As short as the configuration takes it, and the longest until the next look for idle ones. */
const IDLE = '10s'
const IDLE_MS = 10_000
const SWEEP_MS = 15_000
const SETTLE_MS = 500

/** What legacy sessions cost, as live memory after forced collections. */
export interface SessionMemory {
  readonly sessions: number
  /** Of one idle session with its open stream. */
  readonly bytesEach: number
  readonly rssBytesEach: number | undefined
  /** After the clients are gone and the idle time is over, against before; undefined = not waited for. */
  readonly left: { readonly beforeBytes: number; readonly afterBytes: number } | undefined
}

/**
 * Opens idle legacy sessions in a process that has been warmed up, and, if told to, abandons them and waits
 * until their idle time is over.
 */
export async function measureSessionMemory(
  program: Program,
  abandon: boolean,
): Promise<SessionMemory> {
  await using fleet = new Fleet()
  const upstream = await startEcho(fleet, { server: 'bare', transport: 'http' })
  const prepared = prepareServers(fleet, { echo: upstream }, { sessionIdle: IDLE })
  const { gateway, running } = await startSallyport(fleet, program, prepared, INSPECTED)
  const pid = gateway.pid ?? running.pid
  using memory = await LiveMemory.open(running)
  const job = callJob(gateway, { size: '1k', connections: 32, era: 'legacy' }, 1_000)
  await waitUntilServing(fleet, job)
  await runLoad(fleet, job)
  // What the first sessions of a process leave for good is not the cost of later ones.
  const first = await IdleSessions.open(streamable(gateway), SESSIONS / 10)
  first[Symbol.dispose]()
  await delay(abandon ? IDLE_MS + SWEEP_MS + SETTLE_MS : SETTLE_MS)
  const beforeBytes = await memory.bytes()
  const beforeMb = rssMb(pid)
  const sessions = await IdleSessions.open(streamable(gateway), SESSIONS)
  await delay(SETTLE_MS)
  const fullBytes = await memory.bytes()
  const fullMb = rssMb(pid)
  const { accepted } = sessions
  sessions[Symbol.dispose]()
  if (accepted < SESSIONS) throw new Error(`${accepted} of ${SESSIONS} sessions got a stream`)
  return {
    sessions: SESSIONS,
    bytesEach: (fullBytes - beforeBytes) / SESSIONS,
    rssBytesEach:
      beforeMb === undefined || fullMb === undefined
        ? undefined
        : ((fullMb - beforeMb) * 1_000_000) / SESSIONS,
    left: abandon ? { beforeBytes, afterBytes: await afterIdle(memory) } : undefined,
  }
}

async function afterIdle(memory: LiveMemory): Promise<number> {
  await delay(IDLE_MS + SWEEP_MS + SETTLE_MS)
  return memory.bytes()
}
