import type { CanaryConfig } from '@sallyport/contract/config'
import type { Principal } from '@sallyport/kit/principal'

const SLOTS = 10_000

/** Who of the callers of a group gets its canary member. */
export class Canary {
  readonly member: string
  readonly #group: string
  readonly #slots: number
  readonly #pinned: ReadonlySet<string>

  constructor(group: string, { member, percent, principals }: CanaryConfig) {
    this.member = member
    this.#group = group
    this.#slots = (percent * SLOTS) / 100
    this.#pinned = new Set(principals)
  }

  /** The same each time for one principal, in every process; a larger percentage takes nobody away. */
  takes({ id, name }: Principal): boolean {
    if (this.#pinned.has(id) || this.#pinned.has(name)) return true
    return this.#slots > 0 && hash(`${this.#group}\n${id}`) % SLOTS < this.#slots
  }
}

/** FNV-1a over UTF-16 units with the final mix of MurmurHash3, so that near names fall far apart. 32 bits, unsigned. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
