import { hkdfSync } from 'node:crypto'

export const KEY_BYTES = 32

/** The keys of one purpose: the first seals, all open. */
export type PurposeKeys = readonly [Buffer, ...Buffer[]]

/** Where keys for a purpose come from. */
export interface DerivedKeys {
  /** Another number whenever other keys are derived. */
  readonly version: number
  /** 32 bytes that belong to this purpose alone. */
  deriveKey(purpose: string): Buffer
  /** The same for sealing, where several keys may open. */
  deriveKeys(purpose: string): PurposeKeys
}

/** Source: RFC 5869 (HKDF), without salt, the purpose as info. */
export function derive(root: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', root, '', `sallyport/1/${purpose}`, KEY_BYTES))
}
