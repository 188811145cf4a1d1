import {
  type Attestation,
  type Evidence,
  type Part,
  REPORT_LIMITS,
  type State,
} from '@sallyport/contract/checklist'
import { printable } from '@sallyport/kit/log'
import { attestationText } from './attestation-text.ts'

/** What is said of an answer that a person is asked, until somebody attests it. */
export const NOBODY = 'nobody has attested it'

/** What became of an answer, or of all answers of an item, in one run. */
export interface Answered {
  readonly state: State
  readonly evidence: readonly Evidence[]
  /** Null where nothing is to be mended. */
  readonly remedy: string | null
  /** The part of the product that is to answer, where nothing else keeps it open. */
  readonly awaits?: Part
}

/**
 * The same with what a person stands for. It counts only where no program could tell: nobody talks away what
 * was seen to fail.
 */
export function withAttestation(
  found: Answered,
  attestation: Attestation,
  nowMs: number,
): Answered {
  if (found.state !== 'unproved') return found
  const over = Date.parse(attestation.expiresAt) <= nowMs
  const text = attestationText(attestation, over)
  const word: Evidence = {
    kind: 'attestation',
    // A note may have lines; evidence is one.
    text: printable(text, REPORT_LIMITS.textChars),
    at: new Date(nowMs).toISOString(),
  }
  // That nobody had stood for it is over.
  const seen = found.evidence.filter(({ text: said }) => said !== NOBODY)
  const evidence = [word, ...seen].slice(0, REPORT_LIMITS.evidence)
  if (!over) return { state: attestation.kind, evidence, remedy: null }
  return { ...found, evidence, remedy: 'attest it again with `sallyport attest`' }
}

/** All answers of an item as one: the worst counts, and those that do not apply are left out. */
export function together(found: readonly Answered[]): Answered {
  const state = worstOf(found.map((one) => one.state))
  const remedies = found.filter((one) => one.state === state).map(({ remedy }) => remedy)
  const awaits = awaitedOf(found.filter((one) => one.state === state && state === 'unproved'))
  return {
    state,
    evidence: evidenceOf(found),
    remedy: remedies.find((remedy) => remedy !== null) ?? null,
    ...(awaits !== undefined && { awaits }),
  }
}

/** The part that a later version brings, where nothing else is missing. */
function awaitedOf(open: readonly Answered[]): Part | undefined {
  return open.every((one) => one.awaits !== undefined) ? open[0]?.awaits : undefined
}

const WORST_FIRST = ['failed', 'unproved', 'attested', 'proved', 'not_applicable'] as const

function worstOf(states: readonly State[]): State {
  return WORST_FIRST.find((state) => states.includes(state)) ?? 'not_applicable'
}

/** What makes the item as it is comes first; what several answers saw is said once. */
function evidenceOf(found: readonly Answered[]): Evidence[] {
  const all = WORST_FIRST.flatMap((state) => found.filter((one) => one.state === state)).flatMap(
    ({ evidence }) => [...evidence],
  )
  const said = new Map(all.map((one) => [`${one.kind} ${one.text}`, one]))
  return [...said.values()].slice(0, REPORT_LIMITS.evidence)
}
