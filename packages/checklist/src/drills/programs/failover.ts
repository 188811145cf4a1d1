import { setTimeout as sleep } from 'node:timers/promises'
import type { GroupConfig, GroupMember } from '@sallyport/contract/config'
import {
  type ChosenCall,
  callOf,
  failingCall,
  mayRepeat,
  missingCall,
} from '../calls/chosen-call.ts'
import type { Ended } from '../calls/mcp-caller.ts'
import { Traffic } from '../calls/traffic.ts'
import { treeOf } from '../copy/copy-source.ts'
import type { GatewayCopy } from '../copy/gateway-copy.ts'
import { onCopy } from '../copy/open-copy.ts'
import type { DrillReport } from '../drill-report.ts'
import type { DrillProgram, Missing, Stage } from '../stage.ts'
import { countsOf } from './told.ts'

const PACE = { workers: 4, pauseMs: 50 }
const GOOD_MS = 10_000
const AWAY_MS = 1_500
const KILL_AGAIN_MS = 50
const GROUPS_MAX = 10
/** Nothing listens on it: the port is reserved. Source: IANA, Service Name and Port Number Registry. */
const CLOSED = 'http://127.0.0.1:1/mcp'

/** Takes the first member of each group away while calls go to it: the others must take them over. */
export const failover: DrillProgram = (stage, report, signal) => {
  const { groups } = stage.deployment.config
  const names = subjectsOf(stage)
  if (names.length === 0) {
    const isSaid = stage.deployment.settings.objectives.critical !== undefined
    return Promise.resolve({
      text: isSaid ? '`checklist.objectives.critical` names nothing' : 'there is no group',
      remedy: 'make a group of the servers that must not fail, under `groups`, and name it there',
    })
  }
  const grouped = names.flatMap((name) => groups[name] ?? []).slice(0, GROUPS_MAX)
  const unnamed = grouped.filter(({ name }) => callOf(stage.deployment, name) === undefined)
  if (unnamed.length > 0) return Promise.resolve(missingCall(unnamed.map(({ name }) => name)))
  for (const name of names.filter((one) => groups[one] === undefined)) {
    report.fault(`${name} is one server, and nothing takes its calls: make it a group of two`)
  }
  for (const { name, members } of grouped.filter((one) => one.members.length < 2)) {
    const only = members[0]?.server ?? 'nothing'
    report.fault(`${name} has one member, ${only}: add another one to \`members\``)
  }
  const tried = grouped.filter(({ members }) => members.length > 1)
  if (tried.length === 0) return Promise.resolve(undefined)
  const use = async (copy: GatewayCopy): Promise<Missing | undefined> => {
    for (const group of tried) {
      const missing = await loseFirst({ stage, copy, report }, group, signal)
      if (missing !== undefined) return missing
    }
    return undefined
  }
  return onCopy(stage, {}, use, signal)
}

/** What is declared critical; where nothing is said of it, every group. */
function subjectsOf({ deployment }: Stage): string[] {
  return [...(deployment.settings.objectives.critical ?? Object.keys(deployment.config.groups))]
}

interface Scene {
  readonly stage: Stage
  readonly copy: GatewayCopy
  readonly report: DrillReport
}

async function loseFirst(
  scene: Scene,
  group: GroupConfig,
  signal: AbortSignal,
): Promise<Missing | undefined> {
  const { stage, copy } = scene
  const call = callOf(stage.deployment, group.name)
  const [first] = group.members.toSorted((a, b) => a.priority - b.priority)
  if (call === undefined || first === undefined) return missingCall([group.name])
  using caller = copy.caller('caller', `/servers/${group.name}/mcp`)
  const before = await caller.askUntilGood(call.asked, signal)
  if (!before.ok) return failingCall(group.name, call, before)
  await using traffic = new Traffic(caller, call.asked, PACE, signal)
  await traffic.untilGood(GOOD_MS, signal)
  const how = await takeAway(scene, first, signal)
  // What begins from now on can only be answered by another member.
  const lostMs = performance.now()
  await waitAway(scene, { first, how }, signal)
  const ended = await traffic.stop()
  await bringBack(scene, { first, how }, signal)
  judge(scene, { group, first, call, lostMs, how }, ended)
  return undefined
}

type How = 'killed' | 'cut' | 'closed'

/** As its kind allows: its processes are killed, its connections cut, or its address is one where nobody listens. */
async function takeAway(
  { stage, copy }: Scene,
  { server }: GroupMember,
  signal: AbortSignal,
): Promise<How> {
  if (stage.deployment.config.servers[server]?.kind === 'stdio') {
    await copy.kill([server], signal)
    return 'killed'
  }
  const relay = copy.relay(server)
  if (relay !== undefined) {
    relay.cut()
    return 'cut'
  }
  const servers = treeOf(copy.tree['mcpServers'])
  const closed = { ...treeOf(servers[server]), url: CLOSED, proxy: 'none' }
  await copy.write({ ...copy.tree, mcpServers: { ...servers, [server]: closed } })
  await copy.change('/api/v1/config/reload', undefined, signal)
  return 'closed'
}

/** A process that is killed starts again by itself; it is killed again until the time is over. */
async function waitAway(
  { copy }: Scene,
  { first, how }: { readonly first: GroupMember; readonly how: How },
  signal: AbortSignal,
): Promise<void> {
  const untilMs = performance.now() + AWAY_MS
  while (performance.now() < untilMs) {
    await sleep(KILL_AGAIN_MS, undefined, { signal })
    if (how === 'killed') await copy.kill([first.server], signal)
  }
}

async function bringBack(
  { copy }: Scene,
  { first, how }: { readonly first: GroupMember; readonly how: How },
  signal: AbortSignal,
): Promise<void> {
  if (how === 'cut') copy.relay(first.server)?.restore()
  if (how !== 'closed') return
  await copy.write(copy.tree)
  await copy.change('/api/v1/config/reload', undefined, signal)
}

const HOW = {
  killed: 'its processes were killed',
  cut: 'its connections were cut',
  closed: 'its address was changed to a closed port',
} as const satisfies Record<How, string>

interface Loss {
  readonly group: GroupConfig
  readonly first: GroupMember
  readonly call: ChosenCall
  readonly lostMs: number
  readonly how: How
}

function judge({ stage, report }: Scene, loss: Loss, ended: readonly Ended[]): void {
  const { group, first, call, lostMs, how } = loss
  const { config, settings } = stage.deployment
  const { name, members } = group
  report.step(`${first.server} of ${name} was lost under calls of ${call.tool}: ${HOW[how]}`)
  const servers = members.flatMap(({ server }) => config.servers[server] ?? [])
  const repeats = mayRepeat(servers, call.tool)
  const failed = ended.filter(({ ok }) => !ok)
  const known = repeats ? failed : failed.filter(({ outcome }) => outcome !== 'unknown')
  const unknown = failed.length - known.length
  if (unknown > 0) {
    const remedy = 'pin it `readOnly` or `idempotent` at every member where that is true'
    report.step(
      `${unknown} calls under way ended with an unknown outcome, because ${call.tool} may not be made twice: ${remedy}`,
    )
  }
  if (known.length > 0) {
    report.fault(`${known.length} of ${ended.length} calls to ${name} failed: ${countsOf(known)}`)
  }
  const next = ended.find(({ ok, startedMs }) => ok && startedMs >= lostMs)
  if (next === undefined) {
    report.fault(`no other member of ${name} answered a call while ${first.server} was away`)
    return
  }
  const tookMs = next.endedMs - lostMs
  report.step(
    `another member answered after ${Math.round(tookMs)} ms, and ${ended.length - failed.length} of ${ended.length} calls succeeded`,
  )
  report.time(`failover ${name}`, tookMs, settings.objectives.rtoMs)
  report.figure(`failed ${name}`, known.length, 'calls')
}
