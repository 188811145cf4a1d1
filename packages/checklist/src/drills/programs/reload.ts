import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { configStatus } from '@sallyport/contract/admin'
import { callOf, failingCall, missingCall, serversOf } from '../calls/chosen-call.ts'
import type { McpCaller } from '../calls/mcp-caller.ts'
import { Traffic } from '../calls/traffic.ts'
import { type Tree, treeOf } from '../copy/copy-source.ts'
import type { GatewayCopy } from '../copy/gateway-copy.ts'
import { onCopy } from '../copy/open-copy.ts'
import type { DrillReport } from '../drill-report.ts'
import type { DrillProgram, Missing } from '../stage.ts'
import { countsOf } from './told.ts'

const PACE = { workers: 3, pauseMs: 50 }
const GOOD_MS = 5_000
const APPLIED_MS = 20_000
const LOOK_MS = 100
const LIST = { method: 'tools/list' }

/** Changes the file while calls go on: the change applies, a file that is broken changes nothing, no call fails. */
export const reload: DrillProgram = (stage, report, signal) => {
  const names = serversOf(stage.deployment.config)
    // One that runs here is started anew by a change of its variables.
    .toSorted((a, b) => Number(a.kind === 'http') - Number(b.kind === 'http'))
    .map(({ name }) => name)
  const name = names.find((one) => callOf(stage.deployment, one) !== undefined)
  const call = name === undefined ? undefined : callOf(stage.deployment, name)
  if (name === undefined || call === undefined) return Promise.resolve(missingCall(names))
  const use = async (copy: GatewayCopy): Promise<Missing | undefined> => {
    using caller = copy.caller('caller', `/servers/${name}/mcp`)
    const before = await caller.askUntilGood(call.asked, signal)
    if (!before.ok) return failingCall(name, call, before)
    await using traffic = new Traffic(caller, call.asked, PACE, signal)
    await traffic.untilGood(GOOD_MS, signal)
    const endpoint = `drill-${randomBytes(4).toString('hex')}`
    using looker = copy.caller('caller', `/mcp/${endpoint}`)
    await change({ copy, report, looker }, changed(copy.tree, name, endpoint), signal)
    const isBack = await traffic.untilGood(GOOD_MS, signal)
    await breakFile({ copy, report, looker }, signal)
    if (isBack) await traffic.untilGood(GOOD_MS, signal)
    const ended = await traffic.stop()
    const failed = ended.filter(({ ok }) => !ok)
    const text = `${failed.length} of ${ended.length} calls of ${call.tool} to ${name} failed meanwhile`
    if (failed.length > 0) report.fault(`${text}: ${countsOf(failed)}`)
    else report.step(text)
    report.figure('failed', failed.length, 'calls')
    return undefined
  }
  return onCopy(stage, {}, use, signal)
}

/** With an endpoint more, and with a server that runs here changed so that it is started anew. */
function changed(tree: Tree, name: string, endpoint: string): Tree {
  const servers = treeOf(tree['mcpServers'])
  const server = treeOf(servers[name])
  const own = { ...treeOf(server['env']), SALLYPORT_DRILL: '1' }
  const other = 'command' in server ? { ...server, env: own } : server
  return {
    ...tree,
    mcpServers: { ...servers, [name]: other },
    endpoints: { [endpoint]: { servers: [name] } },
  }
}

interface Scene {
  readonly copy: GatewayCopy
  readonly report: DrillReport
  /** Asks the endpoint that is new. */
  readonly looker: McpCaller
}

async function change(
  { copy, report, looker }: Scene,
  tree: Tree,
  signal: AbortSignal,
): Promise<void> {
  const before = await looker.ask(LIST, signal)
  if (before.ok) report.fault('an endpoint answered before it was in the file')
  const writtenMs = performance.now()
  await copy.write(tree)
  while (performance.now() - writtenMs < APPLIED_MS) {
    const { ok } = await looker.ask(LIST, signal)
    if (ok) {
      const tookMs = performance.now() - writtenMs
      report.step(
        `a changed file was in force after ${Math.round(tookMs)} ms: an endpoint more, and a server that is started anew`,
      )
      report.figure('applied', tookMs, 'ms')
      return
    }
    await sleep(LOOK_MS, undefined, { signal })
  }
  report.fault(`a changed file was not in force after ${APPLIED_MS / 1_000} s`)
}

async function breakFile({ copy, report, looker }: Scene, signal: AbortSignal): Promise<void> {
  const writtenMs = performance.now()
  await copy.write(undefined)
  while (performance.now() - writtenMs < APPLIED_MS) {
    const { last } = await copy.read(configStatus, '/api/v1/config', signal)
    if (last?.ok === false) {
      const { ok } = await looker.ask(LIST, signal)
      if (ok) report.step('a file that is broken was refused, and changed nothing')
      else report.fault('a file that is broken changed what runs')
      return
    }
    await sleep(LOOK_MS, undefined, { signal })
  }
  report.fault(`a file that is broken was not told within ${APPLIED_MS / 1_000} s`)
}
