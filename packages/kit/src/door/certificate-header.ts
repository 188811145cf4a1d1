import { AppError } from '../errors.ts'

/** Where a proxy says what it found in a client's certificate. Names in lower case. */
export interface CertificateHeaders {
  /** Holds the subject; empty where the client has no certificate. */
  readonly header: string
  /** Must say `SUCCESS` where there is a subject. */
  readonly verifiedHeader?: string | undefined
}

const VERIFIED = 'SUCCESS'

/**
 * The subject of the client's certificate, or undefined when there is none.
 *
 * @param isTrusted whether the peer is a proxy that is believed
 * @throws {AppError} `credential_invalid` when the header comes from anybody else, twice, or unverified
 */
export function readSubject(
  rawHeaders: readonly string[],
  { header, verifiedHeader }: CertificateHeaders,
  isTrusted: boolean,
): string | undefined {
  const subjects = valuesOf(rawHeaders, header)
  const verdicts = verifiedHeader === undefined ? [] : valuesOf(rawHeaders, verifiedHeader)
  if (subjects.length + verdicts.length === 0) return undefined
  if (!isTrusted) {
    throw invalid(`${header} is believed from trustedProxies alone: leave it out`)
  }
  // The proxy adds its own line to one of the client: which is whose nobody knows.
  if (subjects.length > 1 || verdicts.length > 1) throw invalid(`there is more than one ${header}`)
  const subject = subjects[0]?.trim() ?? ''
  if (subject === '') return undefined
  if (verifiedHeader !== undefined && verdicts[0]?.trim() !== VERIFIED) {
    throw invalid('the proxy did not verify the client certificate')
  }
  return subject
}

function valuesOf(rawHeaders: readonly string[], wanted: string): readonly string[] {
  const found: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length !== wanted.length || name.toLowerCase() !== wanted) continue
    found.push(rawHeaders[index + 1] ?? '')
  }
  return found
}

function invalid(message: string): AppError {
  return new AppError('credential_invalid', message)
}
