import { setTimeout as sleep } from 'node:timers/promises'
import type { Secret } from '@sallyport/kit/secret'
import { McpCaller } from '../calls/mcp-caller.ts'
import { Traffic } from '../calls/traffic.ts'
import { onCopy } from '../copy/open-copy.ts'
import { callOf, serversOf } from '../calls/chosen-call.ts'
import type { DrillReport } from '../drill-report.ts'
import { DrillKeys, type KeyTarget } from '../key-target.ts'
import type { DrillProgram, Stage } from '../stage.ts'
import { countsOf } from './told.ts'

const WORKERS = 2
const PAUSE_MS = 100
const OVERLAP_MS = 1_500
/** A key that has ended is refused everywhere within this time, milliseconds. */
const ENDED_MS = 2_000
const LIST = { method: 'tools/list' }

/** Gives a key another secret and takes it away while calls go on: old ones hold as long as promised, and no longer. */
export const keys: DrillProgram = async (stage, report, signal) => {
  const use = async (target: KeyTarget): Promise<undefined> =>
    turnKeys(target, { stage, report }, signal)
  return stage.live === undefined ? onCopy(stage, {}, use, signal) : use(stage.live)
}

interface Scene {
  readonly stage: Stage
  readonly report: DrillReport
}

async function turnKeys(
  target: KeyTarget,
  { stage, report }: Scene,
  signal: AbortSignal,
): Promise<undefined> {
  const { path, asked } = subjectOf(stage)
  const url = `${target.dataUrl}${path}`
  await using own = new DrillKeys(target)
  const [steady, turned] = [await own.make('caller', signal), await own.make('caller', signal)]
  using caller = new McpCaller(url, steady.key)
  const pauseMs = pauseOf(stage)
  await using traffic = new Traffic(caller, asked, { workers: WORKERS, pauseMs }, signal)
  const expect = async (key: Secret, status: number, what: string): Promise<void> => {
    const found = await statusOf(target, key, signal)
    if (found === status) report.step(`${what} got ${found}`)
    else report.fault(`${what} got ${found} in place of ${status}`)
  }
  await expect(turned.key, 200, 'a key before it was rotated')
  const rotatedMs = performance.now()
  const next = await target.rotateKey(turned.id, OVERLAP_MS, signal)
  await expect(turned.key, 200, 'the old secret within its overlap')
  await expect(next, 200, 'the new secret')
  await sleep(Math.max(0, rotatedMs + OVERLAP_MS + 50 - performance.now()), undefined, { signal })
  await untilRefused(target, turned.key, signal)
  await expect(turned.key, 401, 'the old secret after its overlap')
  await expect(next, 200, 'the new secret after that')
  const revokedMs = performance.now()
  await own.revoke(turned.id, signal)
  await untilRefused(target, next, signal)
  report.figure('revocation', performance.now() - revokedMs, 'ms')
  await expect(next, 401, 'a key that was revoked')
  const ended = await traffic.stop()
  const failed = ended.filter(({ ok }) => !ok)
  const text = `${failed.length} of ${ended.length} requests of another key failed meanwhile`
  if (failed.length > 0) report.fault(`${text}: ${countsOf(failed)}`)
  else report.step(text)
}

/** A copy has no limits for it; where they hold it stays within them. */
function pauseOf({ live, deployment }: Stage): number {
  const { rate } = deployment.config.limits.perPrincipal
  return live === undefined ? PAUSE_MS : Math.max(PAUSE_MS, (2_000 * WORKERS) / rate)
}

/** A harmless call where one is known; a list is enough, since this is about keys. */
function subjectOf({ deployment, live }: Stage): { path: string; asked: typeof LIST } {
  const names = serversOf(deployment.config).map(({ name }) => name)
  const name = names.find((one) => callOf(deployment, one) !== undefined)
  const call = name === undefined ? undefined : callOf(deployment, name)
  if (call === undefined || live !== undefined) return { path: '/mcp', asked: LIST }
  return { path: `/servers/${name}/mcp`, asked: call.asked }
}

async function untilRefused(target: KeyTarget, key: Secret, signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + ENDED_MS
  while (performance.now() < untilMs) {
    if ((await statusOf(target, key, signal)) !== 200) return
    await sleep(50, undefined, { signal })
  }
}

async function statusOf({ dataUrl }: KeyTarget, key: Secret, signal: AbortSignal): Promise<number> {
  using caller = new McpCaller(`${dataUrl}/mcp`, key)
  const { status } = await caller.ask(LIST, signal)
  return status
}
