import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Secret } from '@sallyport/kit/secret'
import { type Answer, send } from '../calls/send.ts'
import { retryAfterOf } from '../copy/gateway-copy.ts'
import { onCopy } from '../copy/open-copy.ts'
import type { DrillReport } from '../drill-report.ts'
import { DrillKeys, type KeyTarget } from '../key-target.ts'
import type { DrillProgram, Missing } from '../stage.ts'

const FLOOD_MS_MAX = 15_000
/** How long it is tried to meet a limit before it is judged whether that can be done at this pace. */
const TRIED_MS = 6_000
/** The same for a limit that is hardly one, because it is above the usual rate. */
const HARDLY_TRIED_MS = 1_500
const USUAL_RATE_MAX = 1_000
const WORKERS = 32
/** Requests that are sent on after the first was refused: each must be told when to come back. */
const AFTER_MAX = 50
const CALM_MS = 200
const RETRY_SECONDS_MAX = 10
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }

/** Sends more than a caller may: it must be told to wait with 429, and no other caller may notice. */
export const flood: DrillProgram = async (stage, report, signal) => {
  const { rate, burst } = stage.deployment.config.limits.perPrincipal
  const use = (target: KeyTarget): Promise<Missing | undefined> =>
    floodOne(target, { report, limits: { rate, burst } }, signal)
  return stage.live === undefined
    ? onCopy(stage, { keepsLimits: true }, use, signal)
    : use(stage.live)
}

interface Limits {
  /** Requests a second. */
  readonly rate: number
  readonly burst: number
}

async function floodOne(
  target: KeyTarget,
  { report, limits }: { readonly report: DrillReport; readonly limits: Limits },
  signal: AbortSignal,
): Promise<Missing | undefined> {
  await using keys = new DrillKeys(target)
  const [greedy, calm] = [await keys.make('caller', signal), await keys.make('caller', signal)]
  const url = `${target.dataUrl}/mcp`
  const over = new AbortController()
  const door = { url, limits }
  const calmly = pingCalmly(door, calm.key, AbortSignal.any([signal, over.signal]))
  calmly.catch(() => undefined) // told below, once the flood is over
  const { sent, refused, tookMs } = await pingGreedily(door, greedy.key, signal).finally(() =>
    over.abort(),
  )
  const others = await calmly
  report.figure('sent', sent, 'calls')
  report.figure('rate', sent / (tookMs / 1_000), 'calls/s')
  if (refused.length > 0) judgeRefused(refused, { sent, report })
  else {
    const reached = Math.round(sent / (tookMs / 1_000))
    if (limits.rate <= USUAL_RATE_MAX && reached <= limits.rate) return tooSlow(reached)
    report.fault(
      `${sent} requests of one caller, ${reached}/s, were let through, and \`limits.perPrincipal\` allows ${limits.rate}/s after a burst of ${limits.burst}: lower \`rate\` and \`burst\` to what one caller needs`,
    )
  }
  const noticed = others.filter((status) => status !== 200).length
  const text = `${noticed} of ${others.length} requests of another caller were refused meanwhile`
  if (noticed > 0) report.fault(`${text}: raise \`limits.bufferedBytes\` or \`limits.connections\``)
  else report.step(text)
  await comeBack({ url, key: greedy.key, refused, report }, signal)
  return undefined
}

function tooSlow(reached: number): Missing {
  const text = `this machine sent ${reached} requests a second, fewer than one caller may`
  return { text, remedy: 'run it while the machine is less busy' }
}

function judgeRefused(
  refused: readonly Answer[],
  { sent, report }: { readonly sent: number; readonly report: DrillReport },
): void {
  report.step(
    `after ${sent - refused.length} requests the caller was refused ${refused.length} times with 429`,
  )
  const mute = refused.filter((answer) => retryAfterOf(answer) === undefined).length
  if (mute > 0) report.fault(`${mute} of ${refused.length} refusals do not say when to come back`)
  report.figure('refused', refused.length, 'calls')
}

interface Door {
  readonly url: string
  readonly limits: Limits
}

async function pingGreedily(
  { url, limits }: Door,
  key: Secret,
  signal: AbortSignal,
): Promise<{ sent: number; refused: Answer[]; tookMs: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: WORKERS })
  const startedMs = performance.now()
  const refused: Answer[] = []
  let sent = 0
  let isEnded = false
  const isOver = (): boolean => {
    if (isEnded) return true
    const passedMs = performance.now() - startedMs
    if (refused.length > 0) return refused.length >= AFTER_MAX || passedMs > FLOOD_MS_MAX
    return passedMs > FLOOD_MS_MAX || isHopeless({ sent, passedMs, limits })
  }
  const work = async (): Promise<void> => {
    while (!isOver()) {
      sent += 1
      const answer = await ping({ url, key, agent }, signal)
      if (answer.status === 429) refused.push(answer)
    }
  }
  try {
    await Promise.all(Array.from({ length: WORKERS }, work))
  } finally {
    // One that failed ends the others too: nobody is flooded when the drill is over.
    isEnded = true
    agent.destroy()
  }
  return { sent, refused, tookMs: performance.now() - startedMs }
}

interface Progress {
  readonly sent: number
  readonly passedMs: number
  readonly limits: Limits
}

/** Whether at this pace the limit is not met within the time. */
function isHopeless({ sent, passedMs, limits }: Progress): boolean {
  const isUsual = limits.rate <= USUAL_RATE_MAX
  if (passedMs < (isUsual ? TRIED_MS : HARDLY_TRIED_MS)) return false
  const beyond = sent / passedMs - limits.rate / 1_000
  return beyond <= 0 || limits.burst / beyond > FLOOD_MS_MAX
}

/** Within what a caller may, so that a refusal is the doing of another one. */
async function pingCalmly(
  { url, limits }: Door,
  key: Secret,
  over: AbortSignal,
): Promise<number[]> {
  const pauseMs = Math.max(CALM_MS, 2_000 / limits.rate)
  const statuses: number[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    while (!over.aborted) {
      const { status } = await ping({ url, key, agent }, AbortSignal.timeout(FLOOD_MS_MAX))
      statuses.push(status)
      await sleep(pauseMs, undefined, { signal: over })
    }
  } catch (thrown) {
    if (!over.aborted) throw thrown
  } finally {
    agent.destroy()
  }
  return statuses
}

interface Return {
  readonly url: string
  readonly key: Secret
  readonly refused: readonly Answer[]
  readonly report: DrillReport
}

/** Whoever waits as long as it was told is let in again. */
async function comeBack({ url, key, refused, report }: Return, signal: AbortSignal): Promise<void> {
  const seconds = refused.map(retryAfterOf).findLast((one) => one !== undefined)
  if (seconds === undefined || seconds > RETRY_SECONDS_MAX) return
  await sleep(seconds * 1_000, undefined, { signal })
  const { status } = await ping({ url, key, agent: undefined }, signal)
  const text = `after the ${seconds} s that it was told to wait the caller got ${status}`
  if (status === 200) report.step(text)
  else report.fault(text)
}

interface Pinging {
  readonly url: string
  readonly key: Secret
  readonly agent: Agent | undefined
}

/** One request that costs next to nothing. */
function ping({ url, key, agent }: Pinging, signal: AbortSignal): Promise<Answer> {
  const headers = {
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${key.reveal()}`,
  }
  return send(url, { headers, body: PING, agent }, signal)
}
