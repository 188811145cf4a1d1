import { z } from 'zod'
import { count, duration } from './units.ts'

/** When bad credentials from one address are refused unseen, and for how long. */
export const lockout = z
  .strictObject({
    failures: count({
      min: 0,
      max: 10_000,
      fallback: 20,
      unit: 'failures',
      description: 'Bad credentials from one address that lock it out; 0 = never.',
    }),
    window: duration({
      min: '1s',
      max: '1d',
      fallback: '1m',
      description: 'Time in which those failures are counted.',
    }),
    hold: duration({
      min: '1s',
      max: '1d',
      fallback: '1m',
      description: 'How long bad credentials from that address get 429. A valid one still passes.',
    }),
  })
  .prefault({})
  .transform(({ failures, window, hold }) => ({ failures, windowMs: window, holdMs: hold }))
  .meta({ description: 'What happens after many bad credentials from one address.' })
