import { z } from 'zod'
import { count, duration, size } from './units.ts'

/** How long, and how much, outcomes of calls with an idempotency key are remembered. */
export const idempotency = z
  .strictObject({
    keep: duration({
      min: '1m',
      max: '30d',
      fallback: '24h',
      description: 'How long the outcome of a call with an idempotency key is remembered.',
    }),
    perPrincipal: count({
      min: 1,
      max: 1_000_000,
      fallback: 10_000,
      unit: 'keys',
      description: 'Outcomes remembered for one principal; further keyed calls are refused.',
    }),
    resultBytes: size({
      min: '1KiB',
      max: '100MiB',
      fallback: '128KiB',
      description: 'Largest result that is kept with its outcome.',
    }),
  })
  .prefault({})
  .transform(({ keep, perPrincipal: own, resultBytes }) => ({
    keepMs: keep,
    perPrincipal: own,
    resultBytes,
  }))
  .meta({ description: 'Calls that are made at most once: `Idempotency-Key`.' })
