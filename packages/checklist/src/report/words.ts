import type {
  Cadence,
  Part,
  Phase,
  Profile,
  Report,
  Seed,
  SignOffRole,
  State,
} from '@sallyport/contract/checklist'

/** How a state is shown, so that it can be told without colour. */
export const STATE_SHOWN: Readonly<
  Record<State, { readonly sign: string; readonly word: string }>
> = {
  failed: { sign: '✗', word: 'failed' },
  unproved: { sign: '?', word: 'unproved' },
  proved: { sign: '✓', word: 'proved' },
  attested: { sign: '✎', word: 'attested' },
  not_applicable: { sign: '–', word: 'not applicable' },
}

/** The states as a reader wants them: what is to be done first. */
export const STATES_SHOWN = ['failed', 'unproved', 'proved', 'attested', 'not_applicable'] as const

/** What the documents are called. */
export const SEED_TITLES: Readonly<Record<Seed, string>> = {
  hangar: "MCP Hangar's recipe 13",
  system: 'MCP system deployment',
  slack: 'Slack server',
  discord: 'Discord bot',
  exposure: 'Rules of exposure',
}

/** What is to come, by what it brings. */
export const PART_WORDS: Readonly<Record<Part, string>> = {
  '03b': 'containers and discovery',
  '04b': 'policies and approvals',
  '04c': 'OAuth',
  '06b': 'the deployment kit',
  '07': 'the Discord server',
  '08a': 'the Discord bot',
  '08b': 'games and music of the Discord bot',
  later: 'a later version',
}

/** When an item is first due. */
export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  before: 'before going live',
  day: 'within a day',
  week: 'within a week',
  month: 'within a month',
  quarter: 'within a quarter',
}

/** How often an item is due again. */
export const CADENCE_WORDS: Readonly<Record<Cadence, string>> = {
  change: 'with every change',
  day: 'every day',
  week: 'every week',
  month: 'every month',
  quarter: 'every quarter',
}

/** Who signs. */
export const ROLE_WORDS: Readonly<Record<SignOffRole, string>> = {
  technical: 'technical lead',
  operations: 'operations',
  security: 'security',
  product: 'product owner',
}

/** How a deployment is run. */
export const PROFILE_WORDS: Readonly<Record<Profile, string>> = {
  local: 'on this machine without containers',
  compose: 'with Compose',
  kubernetes: 'on Kubernetes',
}

/** How a run ended. */
export interface Verdict {
  /** Exit code of `check`: 0 everything is proved, attested or not applicable, 1 something fails, 3 unproved. */
  readonly code: 0 | 1 | 3
  readonly word: 'passed' | 'failed' | 'unproved'
  /** `3 of 420 items fail, 12 are unproved`. */
  readonly sentence: string
}

/** What a report comes to. A report without items passes nothing. */
export function verdictOf({ summary }: Pick<Report, 'summary'>): Verdict {
  const { failed, unproved } = summary
  const all = Object.values(summary).reduce((sum, count) => sum + count, 0)
  const of = `of ${all} ${all === 1 ? 'item' : 'items'}`
  const open = unproved === 0 ? '' : `, ${unproved} ${unproved === 1 ? 'is' : 'are'} unproved`
  if (failed > 0) {
    const sentence = `${failed} ${of} ${failed === 1 ? 'fails' : 'fail'}${open}`
    return { code: 1, word: 'failed', sentence }
  }
  if (unproved > 0 || all === 0) {
    const sentence = `nothing fails, and ${unproved} ${of} ${unproved === 1 ? 'is' : 'are'} unproved`
    return { code: 3, word: 'unproved', sentence }
  }
  const sentence = `all ${all} ${all === 1 ? 'item is' : 'items are'} proved, attested or not applicable`
  return { code: 0, word: 'passed', sentence }
}
