import type {
  Evidence,
  EvidenceKind,
  Part,
  SignOffRole,
  State,
} from '@sallyport/contract/checklist'
import type { ClaimId } from '@sallyport/contract/claims'
import type { Deployment } from '../deployment.ts'
import type { DrillId } from '../drills/drill.ts'

/** What a probe found. Only a person attests, so no probe says `attested`. */
export interface Finding {
  readonly state: Exclude<State, 'attested'>
  /** What was seen. Secrets that the deployment is known to hold are taken out before it is kept. */
  readonly evidence: readonly Seen[]
  /** How to mend just this, where that is more exact than the probe's own remedy. */
  readonly remedy?: string
}

/** One thing seen; the time is added by the run. */
export interface Seen {
  readonly kind: EvidenceKind
  /** One or two sentences, lower-case, no full stop, like the sentence of an error. */
  readonly text: string
}

/** What every answer may say. */
interface Applicable {
  /** Why it does not concern that deployment; undefined where it does. Without it, it concerns all. */
  exempt?(deployment: Deployment): string | undefined
}

/** Looks at a deployment and changes nothing. */
export interface Probe extends Applicable {
  readonly kind: 'probe'
  /** What is true when it is proved, as a sentence without full stop. */
  readonly title: string
  /** How to mend it: one sentence in the imperative, naming the key, the file or the command. */
  readonly remedy: string
  /** Time it may take, milliseconds; 10,000 by default. */
  readonly deadlineMs?: number
  /**
   * Never proves what it could not see: a missing tool, file or address is `unproved` with what is missing.
   *
   * @throws {unknown} whatever goes wrong: the item is then unproved, with the sentence of the error
   */
  look(deployment: Deployment, signal: AbortSignal): Promise<Finding>
}

/** Proved by the last run of a drill, while that is no older than the calendar allows. */
export interface Drilled extends Applicable {
  readonly kind: 'drill'
  readonly title: string
  readonly remedy: string
  readonly drill: DrillId
}

/** The product itself makes it impossible to get wrong; proved wherever a gateway of this version runs. */
export interface Enforced extends Applicable {
  readonly kind: 'enforced'
  /** What the product does, as a sentence without full stop. */
  readonly title: string
  /** The promises that say so, each proved by a test. At least one. */
  readonly claims: readonly ClaimId[]
}

/** What no program can see: a person stands for it. */
export interface Attested extends Applicable {
  readonly kind: 'attested'
  /** What a person is asked, as a question. */
  readonly title: string
  readonly remedy: string
}

/** Answered by a part of the product that is to come: unproved until then. */
export interface Awaiting extends Applicable {
  readonly kind: 'awaits'
  readonly title: string
  readonly part: Part
  /** What will answer it. */
  readonly by: 'probe' | 'drill' | 'enforced' | 'attested'
}

/** What answers an item. */
export type Answer = Probe | Drilled | Enforced | Attested | Awaiting

/** Answers by an id like `redis/password`. */
export type AnswerTable = Readonly<Record<`${string}/${string}`, Answer>>

/** Everything seen was as it should be. */
export function proved(...evidence: readonly Seen[]): Finding {
  return { state: 'proved', evidence }
}

/** Something was seen that is wrong. */
export function failed(evidence: readonly Seen[], remedy?: string): Finding {
  return { state: 'failed', evidence, ...(remedy !== undefined && { remedy }) }
}

/** It could not be looked at. */
export function unproved(kind: EvidenceKind, text: string, remedy?: string): Finding {
  return { state: 'unproved', evidence: [{ kind, text }], ...(remedy !== undefined && { remedy }) }
}

/** It does not concern this deployment, for that reason. */
export function notApplicable(reason: string): Finding {
  return { state: 'not_applicable', evidence: [{ kind: 'reason', text: reason }] }
}

/** Failed with every fault, else proved with what was looked at. */
export function judged(faults: readonly Seen[], seen: readonly Seen[]): Finding {
  return faults.length > 0 ? failed(faults) : proved(...seen)
}

export type { Evidence, SignOffRole }
