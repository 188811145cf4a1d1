/**
 * Calls the quiet servers at a steady pace from a thread of its own, so that what it measures is the gateway
 * and not its neighbours in the harness.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { PlannedCall } from './call.ts'
import { callOverHttp } from './http-client.ts'
import { HttpLine } from './http-line.ts'

/** What the thread is started with. */
export interface QuietJob {
  readonly url: string
  readonly token: string
  readonly servers: readonly string[]
  readonly everyMs: number
}

/** What it found since it was asked last. */
export interface QuietWindow {
  readonly latenciesMs: readonly number[]
  /** Calls that did not get their result. */
  readonly failures: readonly string[]
}

const WITHIN_MS = 20_000
const LINES_MAX = 64

const { url, token, servers, everyMs } = workerData as QuietJob // given by `QuietLoad`
const caller = { url: new URL(url), token, withinMs: WITHIN_MS }
const free: HttpLine[] = []
let latenciesMs: number[] = []
let failures: string[] = []
let lines = 0
let n = 0

async function callOnce(): Promise<void> {
  n += 1
  const server = servers[n % servers.length] ?? ''
  const order = { n, fault: 'ok', strikeMs: 0, deadlineMs: WITHIN_MS }
  const call: PlannedCall = { server, tool: 'look', order, faulty: false, startMs: 0 }
  const line = idle() ?? (lines < LINES_MAX ? await open() : undefined)
  if (!line) return void failures.push('every line waits')
  const { ms, outcome, what } = await callOverHttp(line, caller, call)
  if (line.open) free.push(line)
  else lines -= 1
  latenciesMs.push(ms)
  if (outcome !== 'result') failures.push(`${server}: ${outcome} ${what}`)
}

/** The gateway closes lines that were idle for long. */
function idle(): HttpLine | undefined {
  for (let line = free.pop(); line; line = free.pop()) {
    if (line.open) return line
    lines -= 1
  }
  return undefined
}

async function open(): Promise<HttpLine> {
  lines += 1
  return HttpLine.open(caller.url)
}

const timer = setInterval(() => {
  callOnce().catch((thrown: unknown) => {
    lines -= 1
    failures.push(String(thrown))
  })
}, everyMs)

parentPort?.on('message', (word: 'take' | 'end') => {
  const window: QuietWindow = { latenciesMs, failures }
  parentPort?.postMessage(window)
  latenciesMs = []
  failures = []
  if (word !== 'end') return
  clearInterval(timer)
  for (const line of free) line.close()
  parentPort?.close()
})
