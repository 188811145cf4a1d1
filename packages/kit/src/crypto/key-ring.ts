import { randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import { derive, type DerivedKeys, KEY_BYTES, type PurposeKeys } from './derived-keys.ts'

/** A key that data are sealed with. */
export interface RingKey {
  /** Eight hexadecimal digits; no secret. */
  readonly id: string
  readonly key: Buffer
  /** Wall clock, milliseconds since 1970. */
  readonly madeAtMs: number
  /** When another one took its place; null for the one that seals, and for one that never did yet. */
  readonly retiredAtMs: number | null
}

/** What a ring holds. */
export interface RingContent {
  /** What is derived from it stays the same for the life of the store. */
  readonly identity: Buffer
  /** The first seals, all open. */
  readonly keys: readonly [RingKey, ...RingKey[]]
}

/**
 * The keys that a store's data are sealed with. They lie in the store, sealed with the master key, so that
 * another master key means sealing one row again and nothing else.
 *
 * Source: NIST SP 800-57 part 1, §5.3 (key-encrypting keys and data keys).
 */
export class KeyRing implements DerivedKeys {
  #content: RingContent
  #version = 1

  private constructor(content: RingContent) {
    this.#content = content
  }

  /** A new ring with keys of its own. */
  static create(nowMs: number): KeyRing {
    return new KeyRing({ identity: randomBytes(KEY_BYTES), keys: [newRingKey(nowMs)] })
  }

  static of(content: RingContent): KeyRing {
    return new KeyRing(content)
  }

  /** @throws {AppError} `master_key_wrong` for what `serialise` did not make */
  static parse(bytes: Buffer): KeyRing {
    return new KeyRing(parseContent(bytes))
  }

  get version(): number {
    return this.#version
  }

  get content(): RingContent {
    return this.#content
  }

  /** A 32-byte key for one purpose: the same as long as the store lives. For what is compared, never opened. */
  deriveKey(purpose: string): Buffer {
    return derive(this.#content.identity, purpose)
  }

  /** The keys of a purpose, the one that seals first. */
  deriveKeys(purpose: string): PurposeKeys {
    const [current, ...others] = this.#content.keys
    return [derive(current.key, purpose), ...others.map(({ key }) => derive(key, purpose))]
  }

  /** Takes over what was read from the store; whoever derived keys derives them again. */
  replace(content: RingContent): void {
    this.#content = content
    this.#version += 1
  }

  /** The ring as bytes, secret. */
  serialise(): Buffer {
    const { identity, keys } = this.#content
    const written = keys.map((each) => ({ ...each, key: each.key.toString('hex') }))
    return Buffer.from(JSON.stringify({ identity: identity.toString('hex'), keys: written }))
  }
}

/** A key to be added to a ring. */
export function newRingKey(nowMs: number): RingKey {
  return {
    id: randomBytes(4).toString('hex'),
    key: randomBytes(KEY_BYTES),
    madeAtMs: nowMs,
    retiredAtMs: null,
  }
}

/** The ring with a key that opens and does not seal yet. */
export function withKey(content: RingContent, key: RingKey): RingContent {
  return { ...content, keys: [...content.keys, key] }
}

/** The ring with that one of its keys first; the one that was first is retired. */
export function withFirst({ identity, keys }: RingContent, id: string, nowMs: number): RingContent {
  const [former, ...rest] = keys
  const first = rest.find((key) => key.id === id)
  if (first === undefined) return { identity, keys }
  const others = rest.filter((key) => key !== first)
  return { identity, keys: [first, { ...former, retiredAtMs: nowMs }, ...others] }
}

/** The ring without the keys that were retired before then. */
export function withoutRetired({ identity, keys }: RingContent, beforeMs: number): RingContent {
  const [first, ...rest] = keys
  const kept = rest.filter(({ retiredAtMs }) => retiredAtMs === null || retiredAtMs >= beforeMs)
  return { identity, keys: [first, ...kept] }
}

function parseContent(bytes: Buffer): RingContent {
  const parsed = JSON.parse(bytes.toString('utf8')) as Written // sealed by us, so written by us
  const [first, ...others] = parsed.keys.map(({ key, ...rest }) => {
    return { ...rest, key: Buffer.from(key, 'hex') }
  })
  if (first === undefined) throw new AppError('master_key_wrong', 'the key ring is empty')
  return { identity: Buffer.from(parsed.identity, 'hex'), keys: [first, ...others] }
}

interface Written {
  readonly identity: string
  readonly keys: readonly (Omit<RingKey, 'key'> & { readonly key: string })[]
}
