import { readText } from '../read-text.ts'
import type { KeyFile } from './site.ts'

/** What can be said of a certificate or key by its file. */
export type KeyFileState = 'there' | 'absent' | 'empty' | 'not_mounted' | 'unseen'

/** Looks whether a file of a proxy is there, and is what it should be; a key is read and forgotten. */
export async function keyFileState(
  { what, place }: KeyFile,
  signal: AbortSignal,
): Promise<KeyFileState> {
  if (place.kind === 'nowhere') return 'not_mounted'
  if (place.kind === 'elsewhere') return 'unseen'
  const { text, missing } = await readText(place.path, signal)
  if (text !== undefined) return PEM[what].test(text) ? 'there' : 'empty'
  // Keys are for their owner: that it may not be read says that it is there.
  return missing === 'forbidden' ? 'there' : 'absent'
}

const PEM = {
  certificate: /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/,
  key: /-----BEGIN (?:\w+ )*PRIVATE KEY-----/,
} as const
