import { setTimeout as sleep } from 'node:timers/promises'
import { callOf, failingCall, missingCall, serversOf } from '../calls/chosen-call.ts'
import { Traffic } from '../calls/traffic.ts'
import type { GatewayCopy } from '../copy/gateway-copy.ts'
import { onCopy } from '../copy/open-copy.ts'
import type { DrillProgram, Missing } from '../stage.ts'
import { countsOf } from './told.ts'

const PACE = { workers: 8, pauseMs: 5 }
const LOAD_MS = 500

/** Asks the gateway to stop while it is busy: every call that is under way must be answered, and it must end well. */
export const stop: DrillProgram = (stage, report, signal) => {
  const { config, settings } = stage.deployment
  // Servers that run here first: what is done to them is done to processes of the copy.
  const servers = serversOf(config).toSorted(
    (a, b) => Number(a.kind === 'http') - Number(b.kind === 'http'),
  )
  const names = [...servers.map((one) => one.name), ...Object.keys(config.groups)]
  const name = names.find((one) => callOf(stage.deployment, one) !== undefined)
  const call = name === undefined ? undefined : callOf(stage.deployment, name)
  if (name === undefined || call === undefined) return Promise.resolve(missingCall(names))
  const use = async (copy: GatewayCopy): Promise<Missing | undefined> => {
    using caller = copy.caller('caller', `/servers/${name}/mcp`)
    const before = await caller.askUntilGood(call.asked, signal)
    if (!before.ok) return failingCall(name, call, before)
    await using traffic = new Traffic(caller, call.asked, PACE, signal)
    await sleep(LOAD_MS, undefined, { signal })
    const askedMs = performance.now()
    const code = await copy.stop(signal)
    const tookMs = performance.now() - askedMs
    const ended = await traffic.stop()
    const underWay = ended.filter(
      ({ startedMs, endedMs }) => startedMs < askedMs && endedMs > askedMs,
    )
    const lost = underWay.filter(({ ok }) => !ok)
    report.step(
      `SIGTERM came while ${underWay.length} calls of ${call.tool} to ${name} were under way`,
    )
    if (lost.length > 0) {
      const remedy = 'raise `limits.drainTimeout`, or make the calls shorter'
      report.fault(
        `${lost.length} of ${underWay.length} calls under way were lost: ${countsOf(lost)}; ${remedy}`,
      )
    }
    if (code === 0) report.step(`it ended with code 0 after ${Math.round(tookMs)} ms`)
    else report.fault(`it ended with ${code ?? 'a signal'}`)
    report.time('stop', tookMs, settings.objectives.rtoMs)
    report.figure('under way', underWay.length, 'calls')
    report.figure('lost', lost.length, 'calls')
    return undefined
  }
  return onCopy(stage, {}, use, signal)
}
