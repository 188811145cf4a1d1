import { z } from 'zod'
import { count, duration } from './units.ts'

/** Life and number of client sessions of revisions that have some. */
export const session = z
  .strictObject({
    idle: duration({
      min: '10s',
      max: '1d',
      fallback: '15m',
      description: 'A legacy session unused for this long ends.',
    }),
    total: duration({
      min: '1m',
      max: '7d',
      fallback: '24h',
      description: 'A legacy session ends after this long even when used.',
    }),
    perPrincipal: count({
      min: 1,
      max: 100_000,
      fallback: 2_000,
      unit: 'sessions',
      description:
        'Legacy sessions of one principal in memory. Beyond it the longest idle one is forgotten until its client comes back; where all are in use, `overloaded`.',
    }),
    max: count({
      min: 1,
      max: 1_000_000,
      fallback: 10_000,
      unit: 'sessions',
      description: 'Legacy sessions of all principals in memory; the same applies beyond it.',
    }),
  })
  .prefault({})
  .transform(({ idle, total, perPrincipal: own, max }) => ({
    idleMs: idle,
    totalMs: total,
    perPrincipalMax: own,
    totalMax: max,
  }))
  .meta({ description: 'Life and number of client sessions of revisions up to 2025-11-25.' })
