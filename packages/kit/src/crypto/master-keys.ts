import { AppError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import { derive, type DerivedKeys, KEY_BYTES, type PurposeKeys } from './derived-keys.ts'

const REMEDY = 'make one with "openssl rand -hex 32"'

/**
 * The master key, or two while it is rotated: the first is the current one, the second only opens what was
 * sealed before. Nothing is ever sealed with a master key itself, only with keys derived for a purpose.
 */
export class MasterKeys implements DerivedKeys {
  #keys: PurposeKeys
  #version = 1

  private constructor(keys: PurposeKeys) {
    this.#keys = keys
  }

  /**
   * Reads one or two master keys: 32 bytes each, as 64 hexadecimal digits, base64 or base64url.
   *
   * @throws {AppError} `config_invalid`
   */
  static parse(values: readonly Secret[]): MasterKeys {
    const [current, ...previous] = values.map(parseMasterKey)
    if (current === undefined || previous.length > 1) {
      throw new AppError(
        'config_invalid',
        `masterKey must be one value, or two while it is rotated, not ${values.length}`,
      )
    }
    return new MasterKeys([current, ...previous])
  }

  get version(): number {
    return this.#version
  }

  /** How many there are: one, or two while it is rotated. */
  get count(): number {
    return this.#keys.length
  }

  /** Takes over other master keys, while everything runs. */
  replace(keys: MasterKeys): void {
    this.#keys = keys.#keys
    this.#version += 1
  }

  /** A 32-byte key for one purpose, from the current master key. The same every time. */
  deriveKey(purpose: string): Buffer {
    return derive(this.#keys[0], purpose)
  }

  /** The keys of a purpose from every master key, the current one first. */
  deriveKeys(purpose: string): PurposeKeys {
    const [current, ...previous] = this.#keys
    return [derive(current, purpose), ...previous.map((key) => derive(key, purpose))]
  }
}

function parseMasterKey(secret: Secret): Buffer {
  const text = secret.reveal().trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  // 32 bytes are 43 characters, with or without one padding character.
  if (/^(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9+/]{43})=?$/.test(text)) {
    const key = Buffer.from(text, 'base64')
    if (key.length === KEY_BYTES) return key
  }
  throw new AppError(
    'config_invalid',
    `masterKey must be 32 bytes, as 64 hexadecimal digits or 44 base64 characters, not ${text.length} characters; ${REMEDY}`,
  )
}
