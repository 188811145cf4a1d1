import type { Renewal } from '@sallyport/kit/door'

/**
 * Whether what listens for a principal ends, now that it is as it is: where it may do less, or may have been
 * opened with a text that is no longer good. Its sessions and calls go on.
 */
export function endsStreams({ before, after, lostText }: Renewal): boolean {
  return lostText || [...before.permissions].some((one) => !after.permissions.has(one))
}
