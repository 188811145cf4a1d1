import { setTimeout as delay } from 'node:timers/promises'
import { measureFirstLists } from './first-lists.ts'
import type { FirstLists } from './first-lists.ts'
import { streamable } from './gateways/row.ts'
import { prepare, startSallyport } from './gateways/sallyport.ts'
import type { Prepared, Program } from './gateways/sallyport.ts'
import { IdleSessions } from './idle-sessions.ts'
import { measureLists } from './lists.ts'
import type { ListResults } from './lists.ts'
import { startEcho } from './measure.ts'
import { median } from './median.ts'
import { rssMb } from './proc-stat.ts'
import { Fleet } from './processes.ts'
import { measureQuestions } from './questions.ts'
import type { QuestionResult } from './questions.ts'
import { measureSessionMemory } from './session-memory.ts'
import type { SessionMemory } from './session-memory.ts'

const SESSIONS = 1_000
/** Time for a process to come to rest before its memory is read. */
const SETTLE_MS = 1_500

/** What is measured of Sallyport beside its calls; `undefined` where that failed. */
export interface Checks {
  readonly start: StartAndMemory | undefined
  readonly sessions: SessionMemory | undefined
  readonly lists: ListResults | undefined
  readonly firstLists: FirstLists | undefined
  readonly questions: readonly QuestionResult[] | undefined
}

/** Start, and resident memory as the operator sees it. */
export interface StartAndMemory {
  /** From starting the process to its word that it is ready; the first start also makes the store. */
  readonly firstReadyMs: number
  readonly readyMs: number
  /** Resident memory before the first call, and with idle sessions, MB. */
  readonly idleMb: number | undefined
  readonly sessionsMb: number | undefined
  readonly sessions: number
  /** How many of the idle sessions hold an open stream. */
  readonly streams: number
}

export interface CheckOptions {
  readonly runs: number
  /** Leaves out what takes long and measures the rest fewer times. */
  readonly quick: boolean
  /** Told before each measurement, for a person who waits. */
  readonly onProgress: (text: string) => void
  /** Told of a measurement that failed; the others go on. */
  readonly onFailure: (text: string) => void
}

/** Measures start, memory, lists and questions. Everything it starts is ended before it returns. */
export async function runChecks(program: Program, options: CheckOptions): Promise<Checks> {
  const { runs, quick } = options
  return {
    start: await attempt('start and memory', options, () => measureStart(program, runs)),
    sessions: await attempt('memory of sessions', options, () =>
      measureSessionMemory(program, !quick),
    ),
    lists: await attempt('lists', options, () => measureLists(program, runs)),
    firstLists: await attempt('first lists', options, () => measureFirstLists(program, runs)),
    questions: await attempt('questions', options, () => measureQuestions(program, quick ? 3 : 5)),
  }
}

async function attempt<T>(
  name: string,
  { onProgress, onFailure }: CheckOptions,
  measure: () => Promise<T>,
): Promise<T | undefined> {
  onProgress(name)
  try {
    return await measure()
  } catch (error) {
    onFailure(`${name} could not be measured: ${String(error)}`)
    return undefined
  }
}

async function measureStart(program: Program, runs: number): Promise<StartAndMemory> {
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
  return { firstReadyMs: first.readyMs, readyMs: median(times), ...memory }
}

type Memory = Pick<StartAndMemory, 'idleMb' | 'sessionsMb' | 'sessions' | 'streams'>

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
