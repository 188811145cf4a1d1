import { AppError } from '../errors.ts'

/** Of names, principals and scopes, characters. */
export const TEXT_CHARS_MAX = 1_000
/** Of what an operator says, characters. */
export const REASON_CHARS_MAX = 1_000
/** Of one configuration, sealed, bytes. */
export const GENERATION_BYTES_MAX = 4 * 1024 * 1024

/**
 * Refuses a text that is too long to be kept.
 *
 * @param what of what it is, to begin the sentence with
 * @throws {AppError} `request_invalid`
 */
export function assertShort(what: string, text: string | Buffer, max: number): void {
  if (text.length <= max) return
  const unit = typeof text === 'string' ? 'characters' : 'bytes'
  throw new AppError('request_invalid', `${what} has ${text.length} ${unit}; the most is ${max}`)
}
