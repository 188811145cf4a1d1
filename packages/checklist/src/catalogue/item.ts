import type { Cadence, Phase, Seed, SignOffRole } from '@sallyport/contract/checklist'

/** One box or rule of a seed, and what answers it. */
export interface Item {
  /** `hangar/security/tls`: seed, section, box. */
  readonly id: string
  readonly seed: Seed
  /** Line of the seed; of `discord` and `exposure`, whose lines do not tell, the number of the box or rule. */
  readonly place: number
  readonly section: string
  /** The gist of the box in our words, without full stop. */
  readonly title: string
  readonly phase: Phase
  readonly cadence: Cadence
  readonly role: SignOffRole
  /** Ids of answers, at least one. All must hold; those that do not apply are left out. */
  readonly answers: readonly string[]
  /** What the product has where the seed says that something is missing, in the form of evidence. */
  readonly note?: string
}

/** When a box is due and who signs for it; before going live, and with every change, unless it says otherwise. */
export interface Terms {
  readonly phase?: Phase
  readonly cadence?: Cadence
  readonly role?: SignOffRole
}

/** One box within its section. */
export interface Box extends Terms {
  readonly place: number
  readonly slug: string
  readonly title: string
  readonly answers: readonly string[]
  readonly note?: string
}

/** A box by its place and its slug. `terms` counts where it differs from its section's. */
export function box(
  [place, slug]: readonly [number, string],
  title: string,
  answers: readonly string[],
  terms: Terms & { readonly note?: string } = {},
): Box {
  return { place, slug, title, answers, ...terms }
}

/** The boxes under one heading of a seed. */
export function section(
  seed: Seed,
  heading: string,
  terms: Terms & { readonly role: SignOffRole },
  boxes: readonly Box[],
): Item[] {
  const folder = heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  return boxes.map(({ slug, ...own }) => ({
    id: `${seed}/${folder}/${slug}`,
    seed,
    section: heading,
    phase: 'before',
    cadence: 'change',
    ...terms,
    ...own,
  }))
}
