import type { Cadence, Phase, Seed, SignOffRole } from '@sallyport/contract/checklist'

/** One box or rule of a seed, and what answers it. */
export interface Item {
  /** `hangar/security/tls`: seed, section, box. */
  readonly id: string
  readonly seed: Seed
  /** Line of the seed, or the number of the box where lines do not tell. */
  readonly place: number
  readonly section: string
  /** The gist of the box in our words, as a sentence without full stop. */
  readonly title: string
  readonly phase: Phase
  readonly cadence: Cadence
  readonly role: SignOffRole
  /** All must hold. Those that do not apply are left out; where none applies, neither does the item. */
  readonly answers: readonly [string, ...string[]]
  /** What the product has where the seed says that something is missing. */
  readonly note?: string
}
