import type { ChecklistBook, DrillRun } from '@sallyport/contract/checklist'
import { ManualClock } from '@sallyport/kit/clock'
import { expect, test } from 'vitest'
import { deploymentOf, look } from '../../test/fixtures/deployment.ts'
import { missingCall } from '../drills/calls/chosen-call.ts'
import { DRILLS as NAMES } from '../drills/drill.ts'
import { judgeDrill } from '../engine/judge-drill.ts'
import { DRILLS } from './drills.ts'

const NOW_MS = 1_700_000_000_000
const DAY_MS = 86_400_000

function runOf(drill: string, daysAgo = 1, ok = true): DrillRun {
  const at = new Date(NOW_MS - daysAgo * DAY_MS).toISOString()
  const steps = [ok ? 'all was well' : 'FAILED: it was not']
  const figures = [{ name: 'took', value: 5, unit: 'ms' as const }]
  return { drill, ok, steps, figures, startedAt: at, endedAt: at }
}

/** A deployment whose book knows these runs. */
function drilled(runs: readonly DrillRun[]) {
  // Nothing but its runs is asked for.
  const book = { drillRuns: async () => runs } as Partial<ChecklistBook> as ChecklistBook
  const checklist = { drills: { every: '30d' } }
  return deploymentOf('/srv', { checklist }, { book, clock: new ManualClock(NOW_MS) })
}

const calendar = DRILLS['drill/calendar']

test('a calendar in which every drill was run in time is proved [check/drill/calendar]', async () => {
  const found = await look(calendar, drilled(NAMES.map((name) => runOf(name, 29))))
  expect(found.state).toBe('proved')
  expect(found.evidence[0]?.text).toContain('failover by 2023-11-15')
})

test('a drill that was never run, failed or is too old is overdue [check/drill/calendar]', async () => {
  const [never, failing, old, ...others] = NAMES
  const runs = [runOf(failing, 1, false), runOf(old, 31), ...others.map((name) => runOf(name))]
  const { state, evidence } = await look(calendar, drilled(runs))
  expect(state).toBe('failed')
  expect(evidence.map(({ text }) => text)).toEqual([
    `the drill ${never} is overdue: it was never run`,
    expect.stringMatching(new RegExp(`^the drill ${failing} is overdue: .*, and it failed$`)),
    expect.stringMatching(
      new RegExp(`^the drill ${old} is overdue: its last run was at 2023-10-14`),
    ),
  ])
})

test('a drill that is overdue and did not fail leaves the calendar unproved', async () => {
  const [never, old, ...others] = NAMES
  const runs = [runOf(old, 31), ...others.map((name) => runOf(name))]
  const { state, evidence } = await look(calendar, drilled(runs))
  expect([state, evidence.length]).toEqual(['unproved', 2])
  expect(evidence[0]?.text).toContain(never)
})

test('where nothing is critical no failover is asked for [check/drill/calendar]', async () => {
  const runs = NAMES.filter((name) => name !== 'failover').map((name) => runOf(name))
  const { book, clock } = drilled(runs)
  const checklist = { objectives: { critical: [] } }
  const deployment = deploymentOf('/srv', { checklist }, { ...(book && { book }), clock })
  expect((await look(calendar, deployment)).state).toBe('proved')
  expect(DRILLS['drill/failover'].exempt?.(deployment)).toContain('none is critical')
  expect(DRILLS['drill/failover'].exempt?.(drilled(runs))).toBeUndefined()
  expect(DRILLS['drill/stop'].exempt?.(deployment)).toBeUndefined()
})

test('without a store nobody knows of drills [check/drill/calendar]', async () => {
  expect(await look(calendar, deploymentOf('/srv'))).toMatchObject({ state: 'unproved' })
})

test.each(NAMES)('%s is judged by its last run', async (name) => {
  expect(DRILLS[`drill/${name}`]).toMatchObject({ kind: 'drill', drill: name })
  const judged = (runs: readonly DrillRun[]) => judgeDrill(drilled(runs), name)
  expect(await judged([])).toMatchObject({ state: 'unproved' })
  expect(await judged([runOf(name, 31)])).toMatchObject({ state: 'unproved' })
  expect(await judged([runOf(name, 1, false)])).toMatchObject({ state: 'failed' })
  const { state, evidence } = await judged([runOf(name)])
  expect([state, evidence[0]?.text]).toEqual(['proved', expect.stringContaining('took 5 ms')])
})

test('a drill that left servers out is good for none of them', async () => {
  const { text } = missingCall(['search', 'files'])
  const run = { ...runOf('recover'), steps: ['answers came back', text] }
  const found = await judgeDrill(drilled([run]), 'recover')
  expect(found).toMatchObject({ state: 'unproved', evidence: [{ text }, {}, {}] })
  expect(found.remedy).toContain('checklist.drills.calls')
})

test('a stream through a proxy is drilled where one may stand, and not on this machine alone [check/drill/calendar]', async () => {
  const { exempt } = DRILLS['drill/stream']
  const alone = drilled([])
  expect(exempt?.(alone)).toContain('nobody comes through a proxy')
  expect((await look(calendar, alone)).evidence).toHaveLength(NAMES.length - 1)
  expect(exempt?.({ ...alone, profile: 'compose' })).toBeUndefined()
  expect(exempt?.(deploymentOf('/srv', { publicUrl: 'https://mcp.example.com' }))).toBeUndefined()
})
