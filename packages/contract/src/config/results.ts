import { z } from 'zod'
import { duration, size } from './units.ts'

/** How large results may be before they are kept and read in parts. A budget that is undefined is none. */
export const results = z
  .strictObject({
    perCall: size({
      min: '1KiB',
      max: '1GiB',
      description: 'A larger result is kept and read in parts; off by default.',
    }).optional(),
    perSession: size({
      min: '1KiB',
      max: '64GiB',
      description:
        'Bytes of results that a client session gets whole; what comes after is kept and read in parts. Off by default.',
    }).optional(),
    keep: duration({
      min: '1s',
      max: '1h',
      fallback: '5m',
      description: 'How long a kept result can be read.',
    }),
  })
  .prefault({})
  .transform(({ perCall, perSession, keep }) => ({
    perCallBytes: perCall,
    perSessionBytes: perSession,
    keepMs: keep,
  }))
  .meta({
    description:
      'Results too large for a model: they are kept for their principal and read with the tool `sallyport__read_more`, which is listed while any budget is set.',
  })
