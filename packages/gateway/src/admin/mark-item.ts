import type { Mark } from '@sallyport/contract/admin'
import type { MarkRecord } from '@sallyport/kit/store'
import { toInstant } from './instant.ts'

/** A mark as shown. */
export function toMarkItem({ kind, reason, by, atMs }: MarkRecord): Mark {
  return { kind, reason, by, at: toInstant(atMs) }
}
