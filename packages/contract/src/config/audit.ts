import { z } from 'zod'
import { duration, flag, size } from './units.ts'

/** The audit log. */
export const audit = z
  .strictObject({
    durability: z.enum(['process', 'power']).default('process').meta({
      description:
        'What an answered call survives in the log: `process` the end of the process, `power` a power cut too.',
    }),
    enabled: flag(true, 'Off only to measure what the log costs; warned at start.'),
    keep: duration({
      min: '1h',
      max: '3650d',
      fallback: '90d',
      description: 'Age at which records may be removed.',
    }),
    maxSize: size({
      min: '1MiB',
      max: '100TiB',
      fallback: '10GiB',
      description: 'Size at which the oldest records may be removed.',
    }),
  })
  .prefault({})
  .transform(({ keep, maxSize, ...rest }) => ({ ...rest, keepMs: keep, maxBytes: maxSize }))
  .meta({ description: 'The audit log.' })
