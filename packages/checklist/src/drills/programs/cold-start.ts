import type { ServerConfig } from '@sallyport/contract/config'
import { type ChosenCall, callOf, missingCall, serversOf } from '../calls/chosen-call.ts'
import type { GatewayCopy } from '../copy/gateway-copy.ts'
import { onCopy } from '../copy/open-copy.ts'
import type { DrillProgram } from '../stage.ts'

const SERVERS_MAX = 20

/** Makes the first call to each server, which starts it, and a second one: how long each of them takes. */
export const coldStart: DrillProgram = (stage, report, signal) => {
  const { config, settings } = stage.deployment
  const servers = serversOf(config).slice(0, SERVERS_MAX)
  const known = servers.flatMap((server) => pairOf(server, callOf(stage.deployment, server.name)))
  const unknown = servers.filter(({ name }) => !known.some(([one]) => one.name === name))
  if (known.length === 0) return Promise.resolve(missingCall(unknown.map(({ name }) => name)))
  const use = async (copy: GatewayCopy): Promise<undefined> => {
    for (const [{ name }, call] of known) {
      using caller = copy.caller('caller', `/servers/${name}/mcp`)
      const cold = await caller.ask(call.asked, signal)
      if (!cold.ok) {
        report.fault(`the first call to ${name} failed with ${cold.code}: ${cold.message}`)
        continue
      }
      const warm = await caller.ask(call.asked, signal)
      const [coldMs, warmMs] = [cold, warm].map((one) => Math.round(one.endedMs - one.startedMs))
      report.step(
        `the first call of ${call.tool} to ${name} took ${coldMs} ms, the second ${warmMs} ms`,
      )
      report.time(`cold ${name}`, cold.endedMs - cold.startedMs, settings.objectives.rtoMs)
      report.figure(`warm ${name}`, warm.endedMs - warm.startedMs, 'ms')
    }
    if (unknown.length > 0) report.step(missingCall(unknown.map(({ name }) => name)).text)
  }
  return onCopy(stage, { prestarts: false }, use, signal)
}

function pairOf(
  server: ServerConfig,
  call: ChosenCall | undefined,
): [server: ServerConfig, call: ChosenCall][] {
  return call === undefined ? [] : [[server, call]]
}
