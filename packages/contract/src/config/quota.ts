import { z } from 'zod'
import { optionalCount, rate } from './units.ts'

/** Bounds on calls; undefined = no bound. */
export interface Quota {
  /** Calls per second in the long run. */
  readonly rate: number | undefined
  /** Calls at once after a pause; one second's worth, at least 1, where it is undefined. */
  readonly burst: number | undefined
  readonly concurrent: number | undefined
  /** Calls per day; a day ends at 00:00 UTC. */
  readonly daily: number | undefined
}

/** A quota, and a second one that calls to tools not pinned read-only must keep as well. */
export interface Quotas extends Quota {
  readonly writes: Quota
}

/** Quotas of all callers together, and of each of them. */
export interface CallQuotas extends Quotas {
  readonly perPrincipal: Quotas
}

const fields = {
  rate: rate({
    min: '0.001/s',
    max: '100000/s',
    description: 'Calls per second in the long run.',
  }).optional(),
  burst: optionalCount({
    min: 1,
    max: 1_000_000,
    unit: 'calls',
    description: 'Calls at once after a pause; one second’s worth, at least 1, by default.',
  }),
  concurrent: optionalCount({
    min: 1,
    max: 100_000,
    unit: 'calls',
    description: 'Calls that run at once; further ones wait for their turn.',
  }),
  daily: optionalCount({
    min: 1,
    max: 1_000_000_000,
    unit: 'calls',
    description: 'Calls per day; a day ends at 00:00 UTC.',
  }),
}

const toQuota = (given: z.output<z.ZodObject<typeof fields>>): Quota => ({
  ...{ rate: given.rate, burst: given.burst },
  ...{ concurrent: given.concurrent, daily: given.daily },
})

const WRITES =
  'The same for calls to tools that are not pinned read-only; they count above as well.'

/** Bounds on calls to tools that are not pinned read-only. */
export const writes = z
  .strictObject(fields)
  .prefault({})
  .transform(toQuota)
  .meta({ description: WRITES })

/** Bounds on calls and on writes among them. */
export const quotas = z
  .strictObject({ ...fields, writes })
  .prefault({})
  .transform(({ writes: own, ...rest }): Quotas => ({ ...toQuota(rest), writes: own }))

/** Bounds of everybody together and of each principal: for one server, or for one tool. */
export const callQuotas = z
  .strictObject({
    ...fields,
    writes,
    perPrincipal: quotas.meta({ description: 'Bounds of each principal there.' }),
  })
  .prefault({})
  .transform(({ writes: own, perPrincipal, ...rest }): CallQuotas => {
    return { ...toQuota(rest), writes: own, perPrincipal }
  })
