import type { KnownChannel } from '../directory/channel-finder.ts'
import type { WriteRule } from '../settings/settings.ts'
import { type ChannelRef, isChannelId, isUserId, nameOf } from './channel-ref.ts'

/** What the rule says of a place; `unsure`: that takes what only Slack knows of it. */
export type Verdict = 'allowed' | 'refused' | 'unsure'

/** Where writes are allowed, by what the operator listed: ids of channels, names, and ids of people. */
export class WritePlaces {
  readonly #kind: WriteRule['kind']
  readonly #listed: ReadonlySet<string>
  readonly #has: {
    readonly channels: boolean
    readonly dms: boolean
    readonly users: boolean
    readonly names: boolean
  }

  constructor(rule: WriteRule) {
    const given = rule.kind === 'none' ? [] : rule.channels
    const listed = given.map((one) => (isChannelId(one) || isUserId(one) ? one : nameOf(one)))
    const ids = listed.filter(isChannelId)
    this.#kind = rule.kind
    this.#listed = new Set(listed)
    this.#has = {
      channels: ids.some((id) => !isDm(id)),
      dms: ids.some(isDm),
      users: listed.some(isUserId),
      names: listed.some((one) => !isChannelId(one) && !isUserId(one)),
    }
  }

  /** Whether writes are allowed anywhere. */
  get open(): boolean {
    return this.#kind !== 'none'
  }

  /**
   * Whether what belongs to no channel may be written: only where no list, of what is allowed or of what is denied,
   * says where writes end. A canvas may be that of a channel that is denied.
   */
  get workspaces(): boolean {
    return this.#kind === 'except' && this.#listed.size === 0
  }

  /** Judges by what the caller gave alone. */
  judge(ref: ChannelRef): Verdict {
    if (this.#kind === 'none') return 'refused'
    if (this.#listed.has(ref.kind === 'name' ? ref.name : ref.id)) return this.#verdict(true)
    return this.#mayBeListedOtherwise(ref) ? 'unsure' : this.#verdict(false)
  }

  /** Judges by all that is known of the place. */
  allows({ id, name, user }: KnownChannel): boolean {
    const names = [id, name && nameOf(name), user].filter((one) => one !== null)
    return this.#verdict(names.some((one) => this.#listed.has(one))) === 'allowed'
  }

  #verdict(isListed: boolean): Verdict {
    switch (this.#kind) {
      case 'none':
        return 'refused'
      case 'only':
        return isListed ? 'allowed' : 'refused'
      case 'except':
        return isListed ? 'refused' : 'allowed'
      default:
        return this.#kind satisfies never
    }
  }

  #mayBeListedOtherwise(ref: ChannelRef): boolean {
    const { channels, dms, users, names } = this.#has
    // Past a list of what is denied nothing goes that only looks like an id: Slack may read it as a name.
    const exact = this.#kind === 'only'
    switch (ref.kind) {
      case 'id':
        return isDm(ref.id) ? users || (dms && !exact) : names || (channels && !exact)
      case 'user':
        return dms
      case 'name':
        return channels
      default:
        return ref satisfies never
    }
  }
}

function isDm(id: string): boolean {
  return id.startsWith('D')
}
