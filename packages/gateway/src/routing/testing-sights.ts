import type { Sight, SightRule } from '@sallyport/kit/principal'

/** A sight of these rules; equal ones have equal keys. */
export function testSight(...rules: readonly SightRule[]): Sight {
  return { key: JSON.stringify(rules), rules }
}
