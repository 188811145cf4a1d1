import { z } from 'zod'
import { count, duration } from './units.ts'

/** How long, and how many, calls may wait for a person. */
export const questions = z
  .strictObject({
    timeout: duration({
      min: '1s',
      max: '1h',
      fallback: '5m',
      description:
        'Time a person has to answer a question of a server; not part of the call’s own.',
    }),
    perPrincipal: count({
      min: 1,
      max: 10_000,
      fallback: 8,
      unit: 'calls',
      description: 'Calls of one principal that may wait for a person at once.',
    }),
    total: count({
      min: 1,
      max: 100_000,
      fallback: 1_000,
      unit: 'calls',
      description: 'Calls that may wait for a person at once.',
    }),
  })
  .prefault({})
  .transform(({ timeout, perPrincipal: own, total }) => ({
    timeoutMs: timeout,
    perPrincipal: own,
    total,
  }))
  .meta({
    description: 'Questions of servers in the middle of a call: forms, links, sampling, roots.',
  })
