import { z } from 'zod'
import { count, duration } from './units.ts'

/** When calls are refused at once because the transport keeps failing. */
export interface BreakerConfig {
  /** Transport failures in a row that open it; 0 = never. */
  readonly failures: number
  /** How long it refuses before one call may try, milliseconds. */
  readonly resetMs: number
}

/** The breaker of a server or of a group. */
export const breaker = z
  .strictObject({
    failures: count({
      min: 0,
      max: 1_000,
      fallback: 5,
      unit: 'failures',
      description:
        'Transport failures in a row after which calls are refused at once; 0 = never. What a caller or a tool does wrong never counts.',
    }),
    reset: duration({
      min: '100ms',
      max: '1h',
      fallback: '10s',
      description: 'After this long one call may try; if it gets through, all may again.',
    }),
  })
  .prefault({})
  .transform(({ failures, reset }): BreakerConfig => ({ failures, resetMs: reset }))
  .meta({ description: 'Refuses calls at once while the transport keeps failing.' })
