/**
 * Calls servers at a steady pace from a thread of its own, so that what it measures is the gateway and not
 * its neighbours in the harness.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { PlannedCall } from './call.ts'
import { callOverHttp, type HttpSession, openHttpSession } from './http-client.ts'
import { HttpLine } from './http-line.ts'

/** What the thread is started with. */
export interface SteadyJob {
  readonly url: string
  readonly token: string
  readonly servers: readonly string[]
  /** Calls per second; `max` = each line calls again as soon as it was answered. */
  readonly perSecond: number | 'max'
  readonly linesMax: number
  /** Every second line has a legacy session. */
  readonly sessions: boolean
}

/** What it found since it was asked last. */
export interface SteadyWindow {
  readonly latenciesMs: readonly number[]
  /** What calls got instead of their result, and how often. */
  readonly failures: Readonly<Record<string, number>>
  /** Calls that were not made since every line waited for an answer. */
  readonly skipped: number
}

interface Lane {
  readonly line: HttpLine
  readonly session: HttpSession | undefined
}

const WITHIN_MS = 20_000
const TICK_MS = 4

const job = workerData as SteadyJob // given by `SteadyLoad`
const caller = { url: new URL(job.url), token: job.token, withinMs: WITHIN_MS }
const free: Lane[] = []
let latenciesMs: number[] = []
let failures: Record<string, number> = {}
let skipped = 0
let lanes = 0
let opened = 0
let n = 0
let over = false

async function callOnce(): Promise<void> {
  n += 1
  const server = job.servers[n % job.servers.length] ?? ''
  const order = { n, fault: 'ok', strikeMs: 0, deadlineMs: WITHIN_MS }
  const call: PlannedCall = { server, tool: 'look', order, faulty: false, startMs: 0 }
  const lane = idle() ?? (lanes < job.linesMax ? await open() : undefined)
  if (!lane) {
    skipped += 1
    return
  }
  const { ms, outcome, what } = await callOverHttp(lane.line, caller, call, lane.session)
  if (lane.line.open) free.push(lane)
  else lanes -= 1
  latenciesMs.push(ms)
  if (outcome !== 'result') fail(`${server}: ${outcome} ${what}`)
}

function fail(what: string): void {
  failures[what] = (failures[what] ?? 0) + 1
}

/** The gateway closes lines that were idle for long. */
function idle(): Lane | undefined {
  for (let lane = free.pop(); lane; lane = free.pop()) {
    if (lane.line.open) return lane
    lanes -= 1
  }
  return undefined
}

async function open(): Promise<Lane> {
  lanes += 1
  opened += 1
  try {
    const line = await HttpLine.open(caller.url)
    const legacy = job.sessions && opened % 2 === 0
    return { line, session: legacy ? await openHttpSession(line, caller, 'legacy') : undefined }
  } catch (thrown) {
    lanes -= 1
    throw thrown
  }
}

function failed(thrown: unknown): void {
  fail(String(thrown))
}

async function callOn(): Promise<void> {
  while (!over) await callOnce().catch(failed)
}

const beganMs = performance.now()
let due = 0
function catchUp(perSecond: number): void {
  const wanted = ((performance.now() - beganMs) * perSecond) / 1_000
  for (; due < wanted; due += 1) callOnce().catch(failed)
}

const { perSecond } = job
const timer = setInterval(() => perSecond !== 'max' && catchUp(perSecond), TICK_MS)
if (perSecond === 'max') for (let at = 0; at < job.linesMax; at += 1) void callOn()

parentPort?.on('message', (word: 'take' | 'end') => {
  const window: SteadyWindow = { latenciesMs, failures, skipped }
  parentPort?.postMessage(window)
  latenciesMs = []
  failures = {}
  skipped = 0
  if (word !== 'end') return
  over = true
  clearInterval(timer)
  for (const { line } of free) line.close()
  parentPort?.close()
})
