import { setTimeout as sleep } from 'node:timers/promises'
import { type ChosenCall, callOf, missingCall, serversOf } from '../calls/chosen-call.ts'
import type { Ended, McpCaller } from '../calls/mcp-caller.ts'
import type { GatewayCopy } from '../copy/gateway-copy.ts'
import { onCopy } from '../copy/open-copy.ts'
import type { DrillProgram } from '../stage.ts'

const SERVERS_MAX = 20
/** A server that has not come back after this time does not come back, milliseconds. */
const BACK_MS = 30_000
const AWAY_MS = 300
const AGAIN_MS = 100

interface Subject {
  readonly name: string
  readonly call: ChosenCall
}

/** Ends all servers at once as a crash does: every one must answer again, by itself. */
export const recover: DrillProgram = (stage, report, signal) => {
  const { config, settings } = stage.deployment
  const names = serversOf(config).map(({ name }) => name)
  const subjects = names.flatMap((name): Subject[] => {
    const call = callOf(stage.deployment, name)
    return call === undefined ? [] : [{ name, call }]
  })
  const unknown = names.filter((name) => !subjects.some((one) => one.name === name))
  if (subjects.length === 0) return Promise.resolve(missingCall(names))
  const use = async (copy: GatewayCopy): Promise<undefined> => {
    const chosen = subjects.slice(0, SERVERS_MAX)
    for (const { name, call } of chosen) {
      using caller = copy.caller('caller', `/servers/${name}/mcp`)
      const { ok, code, message } = await caller.ask(call.asked, signal)
      if (!ok) report.fault(`${name} did not answer before it was ended, with ${code}: ${message}`)
    }
    const lostMs = performance.now()
    const killed = await endAll(copy, names, signal)
    report.step(
      `${killed.processes} processes were killed, ${killed.remotes} remote servers cut off`,
    )
    const backMs = Math.min(BACK_MS, 2 * (settings.objectives.rtoMs ?? BACK_MS) + 1_000)
    const untilMs = lostMs + backMs
    await Promise.all(
      chosen.map(async ({ name, call }) => {
        using caller = copy.caller('caller', `/servers/${name}/mcp`)
        const last = await untilGood(caller, { call, untilMs }, signal)
        const tookMs = last.endedMs - lostMs
        if (!last.ok) {
          report.fault(
            `${name} did not come back within ${Math.round(backMs / 1_000)} s, with ${last.code}: ${last.message}`,
          )
          return
        }
        report.step(`${name} answered again after ${Math.round(tookMs)} ms`)
        report.time(`recovery ${name}`, tookMs, settings.objectives.rtoMs)
      }),
    )
    report.figure('killed', killed.processes, 'processes')
    if (unknown.length > 0) report.step(missingCall(unknown).text)
  }
  return onCopy(stage, {}, use, signal)
}

async function endAll(
  copy: GatewayCopy,
  names: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly processes: number; readonly remotes: number }> {
  const relays = names.flatMap((name) => copy.relay(name) ?? [])
  for (const relay of relays) relay.cut()
  const processes = await copy.kill(names, signal)
  await sleep(AWAY_MS, undefined, { signal })
  for (const relay of relays) relay.restore()
  return { processes, remotes: relays.length }
}

async function untilGood(
  caller: McpCaller,
  { call, untilMs }: { readonly call: ChosenCall; readonly untilMs: number },
  signal: AbortSignal,
): Promise<Ended> {
  for (;;) {
    const ended = await caller.ask(call.asked, signal)
    if (ended.ok || performance.now() >= untilMs) return ended
    await sleep(AGAIN_MS, undefined, { signal })
  }
}
