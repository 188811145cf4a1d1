import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Secret } from '@sallyport/kit/secret'
import { type Answer, send } from '../calls/send.ts'
import { retryAfterOf } from '../copy/gateway-copy.ts'
import { onCopy } from '../copy/open-copy.ts'
import type { DrillReport } from '../drill-report.ts'
import { DrillKeys, type KeyTarget } from '../key-target.ts'
import type { DrillProgram } from '../stage.ts'

const FLOOD_MS_MAX = 15_000
const REQUESTS_MAX = 30_000
const WORKERS = 32
/** Requests that are sent on after the first was refused: each must be told when to come back. */
const AFTER_MAX = 50
const CALM_MS = 200
const RETRY_SECONDS_MAX = 10
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }

/** Sends more than a caller may: it must be told to wait with 429, and no other caller may notice. */
export const flood: DrillProgram = async (stage, report, signal) => {
  const { rate, burst } = rateOf(stage.deployment.config.limits.perPrincipal)
  const allowed = `${rate}/s after a burst of ${burst}`
  const use = async (target: KeyTarget): Promise<undefined> =>
    floodOne(target, { report, allowed }, signal)
  return stage.live === undefined
    ? onCopy(stage, { keepsLimits: true }, use, signal)
    : use(stage.live)
}

function rateOf(limits: { readonly rate: number; readonly burst: number }): typeof limits {
  return limits
}

async function floodOne(
  target: KeyTarget,
  { report, allowed }: { readonly report: DrillReport; readonly allowed: string },
  signal: AbortSignal,
): Promise<undefined> {
  await using keys = new DrillKeys(target)
  const [greedy, calm] = [await keys.make('caller', signal), await keys.make('caller', signal)]
  const url = `${target.dataUrl}/mcp`
  const over = new AbortController()
  const calmly = pingCalmly(url, calm.key, AbortSignal.any([signal, over.signal]))
  const { sent, refused, tookMs } = await pingGreedily(url, greedy.key, signal)
  over.abort()
  const others = await calmly
  report.figure('sent', sent, 'calls')
  report.figure('rate', sent / (tookMs / 1_000), 'calls/s')
  if (refused.length === 0) {
    report.fault(
      `${sent} requests of one caller in ${Math.round(tookMs)} ms were let through, and \`limits.perPrincipal\` allows ${allowed}: lower \`rate\` and \`burst\` to what one caller needs`,
    )
  } else {
    judgeRefused(refused, { sent, report })
  }
  const noticed = others.filter((status) => status !== 200).length
  const text = `${noticed} of ${others.length} requests of another caller were refused meanwhile`
  if (noticed > 0) report.fault(`${text}: raise \`limits.bufferedBytes\` or \`limits.connections\``)
  else report.step(text)
  await comeBack({ url, key: greedy.key, refused, report }, signal)
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

async function pingGreedily(
  url: string,
  key: Secret,
  signal: AbortSignal,
): Promise<{ sent: number; refused: Answer[]; tookMs: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: WORKERS })
  const startedMs = performance.now()
  const refused: Answer[] = []
  let sent = 0
  const isOver = (): boolean =>
    refused.length >= AFTER_MAX ||
    sent >= REQUESTS_MAX ||
    performance.now() - startedMs > FLOOD_MS_MAX
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
    agent.destroy()
  }
  return { sent, refused, tookMs: performance.now() - startedMs }
}

async function pingCalmly(url: string, key: Secret, over: AbortSignal): Promise<number[]> {
  const statuses: number[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    while (!over.aborted) {
      const { status } = await ping({ url, key, agent }, AbortSignal.timeout(FLOOD_MS_MAX))
      statuses.push(status)
      await sleep(CALM_MS, undefined, { signal: over })
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
