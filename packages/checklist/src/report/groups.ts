import {
  type Part,
  PARTS,
  type Report,
  type ReportItem,
  SEEDS,
  type Seed,
  type Summary,
} from '@sallyport/contract/checklist'
import { summarise } from '../engine/run-check.ts'

/** Items that are as they are for one and the same cause. */
export interface SameCause {
  readonly items: readonly [ReportItem, ...ReportItem[]]
}

/** The items of a report by what is to be done about them. */
export interface Groups {
  readonly failed: readonly SameCause[]
  /** Nobody knows, though something could be done about it. */
  readonly unproved: readonly SameCause[]
  /** A person is asked. */
  readonly toAttest: readonly ReportItem[]
  /** Parts of the product that are to come, and what waits for them. */
  readonly awaiting: readonly { readonly part: Part; readonly items: readonly ReportItem[] }[]
}

/** Sorts the items that do not pass. */
export function groupsOf({ items }: Pick<Report, 'items'>): Groups {
  const failed = items.filter(({ state }) => state === 'failed')
  const open = items.filter(({ state }) => state === 'unproved')
  const awaiting = open.filter(({ awaits }) => awaits !== undefined)
  const ours = open.filter(({ awaits }) => awaits === undefined)
  return {
    failed: byCause(failed),
    unproved: byCause(ours.filter((item) => !isAsked(item))),
    toAttest: ours.filter(isAsked),
    awaiting: PARTS.map((part) => ({
      part,
      items: awaiting.filter(({ awaits }) => awaits === part),
    })).filter(({ items: some }) => some.length > 0),
  }
}

/** What is asked of a person once, and the items that wait for it. */
export interface Question {
  /** For `attest`: of the answer where nothing else answers its items, else of the item. */
  readonly id: string
  readonly items: readonly [ReportItem, ...ReportItem[]]
}

/** Items that one attestation answers together, in the order of the first of each. */
export function questionsOf(items: readonly ReportItem[]): readonly Question[] {
  const questions = new Map<string, [ReportItem, ...ReportItem[]]>()
  for (const item of items) {
    const [only, ...others] = item.answers
    const id = only?.startsWith('attest/') && others.length === 0 ? only : item.id
    const same = questions.get(id)
    if (same === undefined) questions.set(id, [item])
    else same.push(item)
  }
  return [...questions].map(([id, some]) => ({ id, items: some }))
}

/** How many items of each document are in each state, in the order of the documents. */
export function countsBySeed({ items }: Pick<Report, 'items'>): {
  readonly seed: Seed
  readonly all: number
  readonly counts: Summary
}[] {
  return SEEDS.flatMap((seed) => {
    const own = items.filter((item) => item.seed === seed)
    return own.length === 0 ? [] : [{ seed, all: own.length, counts: summarise(own) }]
  })
}

/** A person is asked where nothing but a word is missing, or one has expired. */
function isAsked({ evidence }: ReportItem): boolean {
  return evidence.some(({ kind }) => kind === 'attestation')
}

function byCause(items: readonly ReportItem[]): SameCause[] {
  const causes = new Map<string, [ReportItem, ...ReportItem[]]>()
  for (const item of items) {
    const key = JSON.stringify([item.remedy, item.evidence.map(({ text }) => text)])
    const same = causes.get(key)
    if (same === undefined) causes.set(key, [item])
    else same.push(item)
  }
  return [...causes.values()].map((some) => ({ items: some }))
}
