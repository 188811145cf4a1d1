import { waitUntil } from '../packages/cli/test/fixtures/wait-until.ts'
import { callTool, failureOf, textOf } from '../packages/cli/test/fixtures/wire.ts'
import { fdCount, orphansOf } from './census.ts'
import { blast } from './clients/blast.ts'
import type { CallReport, PlannedCall } from './clients/call.ts'
import { p99, type SteadyLoad, toldFailures } from './clients/steady-load.ts'
import { faultsOf, OK } from './hostile/faults.ts'
import type { Era, Form } from './hostile/wire.ts'
import { residentBytes } from '../packages/cli/test/fixtures/processes.ts'
import { QUESTION_MS, serverName, type World } from './world.ts'

/** One fault over one transport. */
export interface Cell {
  readonly form: Form
  readonly era: Era
  readonly fault: string
}

/** How hard it is tried. */
export interface Effort {
  readonly calls: number
  /** Time over which the calls arrive, and after which the fault strikes, milliseconds. */
  readonly rampMs: number
  /** What a shared machine may add to a deadline, milliseconds. */
  readonly marginMs: number
}

/** What one cell did to the gateway. */
export interface CellReport {
  readonly cell: Cell
  readonly results: number
  readonly errors: Readonly<Record<string, number>>
  /** The longest that any call took, milliseconds. */
  readonly slowestMs: number
  /** Time until its server served again, milliseconds. */
  readonly recoveredMs: number
  readonly quietP99Ms: number
  readonly quietCalls: number
  readonly fds: number
  readonly rss: number
  /** What should not have been, a sentence each. */
  readonly problems: readonly string[]
}

const RECOVERY_MS_MAX = 60_000
const ORPHAN_MS_MAX = 15_000
const PROBLEMS_MAX = 5
const AFTER_STRIKE_MS = 150

/** Hurts a server in one way while calls are in flight, and looks at what became of everybody. */
export async function runCell(
  world: World,
  cell: Cell,
  effort: Effort,
  quiet?: SteadyLoad,
): Promise<CellReport> {
  const calls = planCalls(world, cell, effort)
  await quiet?.take()
  const withinMs = world.deadlineMs + QUESTION_MS + effort.marginMs + 5_000
  const reports = await blast({ ...world, url: world.gateway.url }, calls, withinMs)
  const window = await quiet?.take()
  const problems = [
    ...judgeCalls(world, cell, effort, reports),
    ...toldFailures(window?.failures ?? {}),
  ]
  const beganMs = performance.now()
  problems.push(...(await recovery(world, cell)))
  const recoveredMs = performance.now() - beganMs
  problems.push(...(await leftBehind(world)))
  const { pid } = world.gateway
  const quietMs = window?.latenciesMs ?? []
  return {
    ...{ cell, problems, recoveredMs, errors: countCodes(reports) },
    results: reports.filter(({ outcome }) => outcome === 'result').length,
    slowestMs: Math.max(...reports.map(({ ms }) => ms)),
    ...{ quietP99Ms: p99(quietMs), quietCalls: quietMs.length },
    ...{ fds: await fdCount(pid), rss: await residentBytes(pid) },
  }
}

function planCalls({ deadlineMs }: World, cell: Cell, effort: Effort): PlannedCall[] {
  const { per1000 } = faultOf(cell)
  const faulty = Math.max(1, Math.round((per1000 * effort.calls) / 1_000))
  const every = effort.calls / faulty
  return Array.from({ length: effort.calls }, (_, n) => {
    const isFaulty = n % every < 1
    const startMs = (n / effort.calls) * effort.rampMs
    const strikeMs = Math.round(effort.rampMs * 1.2 - startMs) + (isFaulty ? 0 : AFTER_STRIKE_MS)
    const order = { n, fault: isFaulty ? cell.fault : 'ok', strikeMs, deadlineMs }
    const tool = n % 2 === 0 ? 'do' : 'look'
    return { server: serverName(cell.form, cell.era), tool, order, faulty: isFaulty, startMs }
  })
}

function faultOf({ form, fault }: Cell) {
  return faultsOf(form).get(fault) ?? OK
}

function judgeCalls(
  { deadlineMs }: World,
  cell: Cell,
  { marginMs }: Effort,
  reports: readonly CallReport[],
): string[] {
  const asks = cell.fault.startsWith('questions')
  const boundMs = deadlineMs + marginMs + (asks ? QUESTION_MS : 0)
  const late = reports.filter(({ ms }) => ms > boundMs)
  const strange = reports.filter(({ outcome }) => outcome === 'strange')
  const { gets } = faultOf(cell)
  const unlike = reports.filter(
    ({ call, outcome }) => call.faulty && gets !== 'either' && outcome !== gets,
  )
  return [
    ...told('answered late', late, ({ ms }) => `${Math.round(ms)} ms`),
    ...told('answered strangely', strange, ({ what }) => what),
    ...told(`did not get ${gets}`, unlike, ({ outcome, what }) => `${outcome} ${what}`),
  ]
}

function told(
  what: string,
  reports: readonly CallReport[],
  say: (report: CallReport) => string,
): string[] {
  if (reports.length === 0) return []
  const words = reports.map((one) => `${one.client} ${one.call.tool}: ${say(one)}`)
  const some = [...new Set(words)].slice(0, PROBLEMS_MAX).join(' | ')
  return [`${reports.length} calls ${what}: ${some}`]
}

/** A fault that is over is over: without anybody's help the server serves again, to every principal. */
async function recovery({ gateway, tokens }: World, { form, era }: Cell): Promise<string[]> {
  const name = `${serverName(form, era)}__do`
  const problems: string[] = []
  for (const token of tokens) {
    let last = ''
    const again = async (): Promise<boolean> => {
      const args = { n: 7, fault: 'ok', strikeMs: 0 }
      const answer = await callTool({ url: gateway.url, token }, name, args)
      last = failureOf(answer)?.code ?? answer.text
      return textOf(answer) === 'ok 7'
    }
    try {
      await waitUntil('recovery', again, RECOVERY_MS_MAX)
    } catch {
      problems.push(`does not serve again within ${RECOVERY_MS_MAX} ms: ${last.slice(0, 200)}`)
    }
  }
  return problems
}

async function leftBehind({ gateway }: World): Promise<string[]> {
  try {
    await waitUntil(
      'orphans to end',
      async () => (await orphansOf(gateway)).length === 0,
      ORPHAN_MS_MAX,
    )
    return []
  } catch {
    const left = await orphansOf(gateway)
    return left.map(
      ({ pid, parent, command, leakedBy }) =>
        `left behind: ${pid} (parent ${parent}, of ${leakedBy ?? 'the gateway'}) ${command.slice(0, 120)}`,
    )
  }
}

function countCodes(reports: readonly CallReport[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome, what } of reports) {
    if (outcome === 'result') continue
    const key = outcome === 'error' ? what : 'strange'
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
