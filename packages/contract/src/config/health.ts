import { z } from 'zod'
import { count, duration } from './units.ts'

/** A harmless call that tells whether a server does its work. */
export interface ProbeCall {
  /** The server's own name of the tool. */
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  /**
   * What the result must contain: maps member by member, lists element by element, all else equal. Undefined:
   * any result that is no error.
   */
  readonly expect: unknown
}

/** How the health of a server is watched. */
export interface HealthConfig {
  readonly everyMs: number
  /** Time a look at it may take; where it is more than `everyMs`, that counts. */
  readonly timeoutMs: number
  /** Looks in a row that must fail before it counts as degraded. */
  readonly failures: number
  /** Undefined: a ping of the protocol. */
  readonly call: ProbeCall | undefined
}

const call = z
  .strictObject({
    tool: z.string().min(1).max(256).meta({ description: 'Its own name of a harmless tool.' }),
    arguments: z
      .record(z.string(), z.unknown())
      .prefault({})
      .meta({ description: 'Arguments of that call.' }),
    expect: z.unknown().optional().meta({
      description:
        'What the result must contain, such as `{ structuredContent: { ok: true } }`: maps member by member, lists element by element. Without it any result that is no error is healthy.',
    }),
  })
  .transform((entry): ProbeCall => ({ ...entry, expect: entry.expect }))
  .meta({ description: 'A harmless call that is made instead of a ping.' })

/** The key `health` of a server. */
export const health = z
  .strictObject({
    every: duration({
      min: '1s',
      max: '1d',
      fallback: '30s',
      description:
        'Time between two looks at it while it runs, give or take a tenth; a cold server is not started for that.',
    }),
    timeout: duration({
      min: '100ms',
      max: '5m',
      fallback: '10s',
      description: 'Time a look may take; never more than `every`.',
    }),
    failures: count({
      min: 1,
      max: 100,
      fallback: 3,
      unit: 'looks',
      description: 'Looks in a row that must fail before it is degraded.',
    }),
    call: call.optional(),
  })
  .prefault({})
  .transform(({ every, timeout, failures, call: probe }): HealthConfig => {
    return { everyMs: every, timeoutMs: timeout, failures, call: probe }
  })
  .meta({ description: 'How its health is watched.' })
