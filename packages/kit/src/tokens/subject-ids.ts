import { createMac } from '../crypto/index.ts'

const DIGEST_CHARS = 22

/**
 * Gives subjects of identity providers ids that say nothing about who they are: 128 bits of an HMAC, which
 * nobody can compute who does not have the pepper.
 *
 * @param pepper 32 bytes, the same for the life of a store
 */
export function createSubjectIds(pepper: Buffer): (issuer: string, subject: string) => string {
  const mac = createMac(pepper)
  return (issuer, subject) =>
    // Neither can hold a NUL and so be taken for two others: an issuer is a URL.
    mac(Buffer.from(`${issuer}\0${subject}`))
      .toString('base64url')
      .slice(0, DIGEST_CHARS)
}
