/** A name of a scope; of a group with its members. */
interface Named {
  readonly server: string
  readonly members?: readonly string[] | undefined
}

/**
 * Which names of one scope stand for the same servers: a group and those of its members that the scope shows
 * beside it. What they share is no collision.
 */
export class Kin {
  /** The members of each group. */
  readonly #groups = new Map<string, ReadonlySet<string>>()

  constructor(names: readonly Named[]) {
    for (const { server, members } of names) {
      if (members !== undefined) this.#groups.set(server, new Set(members))
    }
  }

  /** Whether two names are one, or a group and its member. */
  are(one: string, other: string): boolean {
    return one === other || this.has(one, other) || this.has(other, one)
  }

  /** Whether a name is a group that has that member. */
  has(group: string, member: string): boolean {
    return this.#groups.get(group)?.has(member) === true
  }

  /**
   * Who answers for all that have something: the group among them, which has failover; undefined where they
   * are not all kin of one.
   */
  leadOf(owners: readonly string[]): string | undefined {
    if (owners.length === 1) return owners[0]
    if (this.#groups.size === 0) return undefined
    const centre = owners.find((one) => owners.every((other) => this.are(one, other)))
    return centre && (owners.find((one) => this.#groups.has(one)) ?? centre)
  }
}
