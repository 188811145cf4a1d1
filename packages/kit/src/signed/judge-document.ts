import { verify } from 'node:crypto'
import { z } from 'zod'
import { keyIdOf, readKey } from './ed25519-key.ts'
import { type DocumentSignature, signedBytes } from './sign-document.ts'

/** What became of looking at a signature. Without a trusted key `good` says only that nothing was changed. */
export type DocumentVerdict =
  | { readonly verdict: 'good'; readonly keyId: string }
  | { readonly verdict: 'unsigned' | 'tampered' }
  /** Whole, but signed with another key than the one that is trusted. */
  | { readonly verdict: 'other_key'; readonly keyId: string }

const signature = z.strictObject({
  algorithm: z.literal('EdDSA'),
  keyId: z.string(),
  publicKey: z.string().max(256),
  value: z.string().max(256),
})

/**
 * Whether a document is as it was signed, and by whom. Pure and total.
 *
 * @param trusted SPKI of the key that must have signed, base64url, from `parsePublicKey`
 */
export function judgeDocument(document: object, trusted?: string): DocumentVerdict {
  const stated = (document as { readonly signature?: unknown }).signature // or none
  if (stated === undefined || stated === null) return { verdict: 'unsigned' }
  const parsed = signature.safeParse(stated)
  if (!parsed.success || !isWhole(document, parsed.data)) return { verdict: 'tampered' }
  const { keyId, publicKey } = parsed.data
  const other = trusted !== undefined && trusted !== publicKey
  return { verdict: other ? 'other_key' : 'good', keyId }
}

function isWhole(document: object, { keyId, publicKey, value }: DocumentSignature): boolean {
  try {
    const spki = Buffer.from(publicKey, 'base64url')
    const bytes = Buffer.from(value, 'base64url')
    // Decoding skips foreign characters; only the canonical text is ours.
    if (spki.toString('base64url') !== publicKey || bytes.toString('base64url') !== value) {
      return false
    }
    if (keyIdOf(spki) !== keyId) return false
    return verify(null, signedBytes(document), readKey(publicKey), bytes)
  } catch {
    // No key, or nothing that has a canonical text: not as anybody signed it.
    return false
  }
}
