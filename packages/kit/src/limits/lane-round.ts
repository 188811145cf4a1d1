import type { Principal } from '../principal.ts'
import type { Lane } from './lane.ts'

/** As whom a principal takes turns with others. No principal's id holds a space. */
export function partyOf({ id, tenant }: Pick<Principal, 'id' | 'tenant'>): string {
  return tenant === null ? id : `tenant ${tenant}`
}

/** The lanes of one party, next turn first. */
type Party = Set<Lane>

/**
 * Whose turn is next: it goes round between parties, and within a party between its lanes. A party is a tenant,
 * or a principal that has none.
 */
export class LaneRound {
  readonly #parties = new Map<string, Party>()

  get isEmpty(): boolean {
    return this.#parties.size === 0
  }

  /** The lane whose turn it is. */
  get next(): Lane | undefined {
    const [party] = this.#parties.values()
    const [lane] = party ?? []
    return lane
  }

  /** Takes a lane in, behind the others of its party; nothing when it is in already. */
  add(lane: Lane): void {
    const party = this.#parties.get(lane.party)
    if (party === undefined) this.#parties.set(lane.party, new Set([lane]))
    else party.add(lane)
  }

  delete(lane: Lane): void {
    const party = this.#parties.get(lane.party)
    if (party?.delete(lane) === true && party.size === 0) this.#parties.delete(lane.party)
  }

  /** It had its turn: it comes last in its party, and its party last of all. */
  passOn(lane: Lane): void {
    const party = this.#parties.get(lane.party)
    if (party?.delete(lane) !== true) return
    party.add(lane)
    this.#parties.delete(lane.party)
    this.#parties.set(lane.party, party)
  }
}

/**
 * The lane that makes room in a full queue for one more call: the longest of the longest party, or else of the
 * newcomer's own. Undefined where that would only swap the wrong.
 *
 * @param length calls that the newcomer has in its own lane
 */
export function laneToShorten(
  lanes: Iterable<Lane>,
  { party, length }: { readonly party: string; readonly length: number },
): Lane | undefined {
  const sizes = new Map<string, number>()
  const all = [...lanes]
  for (const lane of all) sizes.set(lane.party, (sizes.get(lane.party) ?? 0) + lane.size)
  const own = sizes.get(party) ?? 0
  let most: { readonly party: string; readonly size: number } | undefined
  for (const [name, size] of sizes) if (size > (most?.size ?? own + 1)) most = { party: name, size }
  const from = most?.party ?? party
  let longest: Lane | undefined
  for (const lane of all) {
    if (lane.party !== from) continue
    if (lane.size > (longest?.size ?? (most ? 0 : length + 1))) longest = lane
  }
  return longest
}
