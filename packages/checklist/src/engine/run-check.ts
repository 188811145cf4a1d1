import { randomUUID } from 'node:crypto'
import {
  type Evidence,
  REPORT_LIMITS,
  type Regression,
  type Report,
  type ReportItem,
  STATES,
  type State,
  type Summary,
} from '@sallyport/contract/checklist'
import type { Answer } from '../answers/answer.ts'
import type { Item } from '../catalogue/item.ts'
import type { Deployment } from '../deployment.ts'
import { calendarOf } from '../drills/calendar.ts'
import { AnswerRun } from './answer-run.ts'
import { knowSecrets } from './know-secrets.ts'
import { type Answered, together, withAttestation } from './answered.ts'

const AT_ONCE = 8

/** What a run is asked for. */
export interface CheckRequest {
  readonly items: readonly Item[]
  /** By their ids; every id that an item names is in it. */
  readonly answers: ReadonlyMap<string, Answer>
  /** What the run was confined to, for the report. */
  readonly only?: readonly string[]
  /** Of the command. */
  readonly version: string
  /** Told after each item. */
  onItem?(item: ReportItem, done: number): void
}

/**
 * Judges a deployment. What cannot be looked at is unproved; only a signal ends the run early.
 *
 * @throws the signal's own reason; {AppError} what reading the book throws
 */
export async function runCheck(
  deployment: Deployment,
  request: CheckRequest,
  signal: AbortSignal,
): Promise<Report> {
  const startedAt = instant(deployment)
  const attestations = (await deployment.book?.attestations()) ?? []
  const before = await deployment.book?.report()
  const redactor = await knowSecrets(deployment, signal)
  const { answers } = request
  const run = new AnswerRun({ deployment, answers, attestations, redactor })
  const judge = async (item: Item): Promise<ReportItem> => {
    const found = together(await Promise.all(item.answers.map((id) => run.find(id, signal))))
    const own = attestations.find((attestation) => attestation.item === item.id)
    const nowMs = deployment.clock.nowMs()
    const all = own === undefined ? found : withAttestation(found, own, nowMs)
    return toReportItem(item, all, new Date(nowMs).toISOString())
  }
  const items = await judgeAll(request, judge, signal)
  return {
    format: 1,
    id: randomUUID(),
    version: request.version,
    environment: deployment.environment,
    profile: deployment.profile,
    startedAt,
    endedAt: instant(deployment),
    ...(request.only !== undefined && { only: [...request.only] }),
    summary: summarise(items),
    items,
    regressions: regressionsOf(before, items),
    drills: await calendarOf(deployment),
    signOffs: [...((await deployment.book?.signOffs()) ?? [])],
  }
}

/** Some at once, and their results in the order of the items. */
async function judgeAll(
  { items, onItem }: CheckRequest,
  judge: (item: Item) => Promise<ReportItem>,
  signal: AbortSignal,
): Promise<ReportItem[]> {
  const results = new Map<Item, ReportItem>()
  const waiting = items.values()
  const work = async () => {
    for (const item of waiting) {
      signal.throwIfAborted()
      const result = await judge(item)
      results.set(item, result)
      onItem?.(result, results.size)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return items.flatMap((item) => results.get(item) ?? [])
}

function regressionsOf(before: Report | undefined, items: readonly ReportItem[]): Regression[] {
  const was = new Map(before?.items.map(({ id, state }) => [id, state]))
  return items.flatMap(({ id, state }) => {
    const from = was.get(id)
    return from !== undefined && isGood(from) && !isGood(state) ? [{ id, from, to: state }] : []
  })
}

function instant({ clock }: Deployment): string {
  return new Date(clock.nowMs()).toISOString()
}

/** Whether a state lets a deployment pass. */
export function isGood(state: State): boolean {
  return state === 'proved' || state === 'attested' || state === 'not_applicable'
}

/** How many items are in each state. */
export function summarise(items: readonly Pick<ReportItem, 'state'>[]): Summary {
  const count = (state: State) => items.filter((item) => item.state === state).length
  return Object.fromEntries(STATES.map((state) => [state, count(state)])) as Summary // one of each
}

function toReportItem(item: Item, found: Answered, at: string): ReportItem {
  const { id, seed, section, title, phase, cadence, role, note } = item
  const { state, remedy, awaits } = found
  const noted: readonly Evidence[] = note === undefined ? [] : [{ kind: 'reason', text: note, at }]
  // A report holds no more than so many, and the note is what can best be done without.
  const evidence = [...found.evidence, ...noted].slice(0, REPORT_LIMITS.evidence)
  return {
    ...{ id, seed, section, title, phase, cadence, role, state },
    answers: [...item.answers],
    evidence,
    remedy,
    ...(awaits !== undefined && { awaits }),
    at,
  }
}
