import { z } from 'zod'
import { idempotency } from './idempotency.ts'
import { lockout } from './lockout.ts'
import { questions } from './questions.ts'
import { quotas, writes, type Quota } from './quota.ts'
import { results } from './results.ts'
import { session } from './session.ts'
import { count, duration, rate, size } from './units.ts'

/** Calls of a principal per day to tools that nobody pinned read-only. */
const WRITES_DAILY = 10_000

const perPrincipal = z
  .strictObject({
    rate: rate({
      min: '0.1/s',
      max: '100000/s',
      fallback: '200/s',
      description: 'Requests per second a principal may send in the long run; beyond it 429.',
    }),
    burst: count({
      min: 1,
      max: 1_000_000,
      fallback: 400,
      unit: 'requests',
      description: 'Requests a principal may send at once after a pause.',
    }),
    concurrent: count({
      min: 1,
      max: 100_000,
      fallback: 64,
      unit: 'calls',
      description: 'Calls of one principal in flight; further ones wait.',
    }),
    daily: count({
      min: 1,
      max: 1_000_000_000,
      fallback: 1_000_000,
      unit: 'calls',
      description: 'Calls of one principal per day; a day ends at 00:00 UTC.',
    }),
    writes: writes
      .transform((own): Quota => ({ ...own, daily: own.daily ?? WRITES_DAILY }))
      .meta({
        description: `The same for its calls to tools that are not pinned read-only; ${WRITES_DAILY} a day by default.`,
      }),
  })
  .prefault({})
  .meta({ description: 'Limits of each principal (key, token or anonymous).' })

/** Every bound of the gateway that is not one server's. */
export const limits = z
  .strictObject({
    requestBytes: size({
      min: '1KiB',
      max: '100MiB',
      fallback: '1MiB',
      description: 'Largest request body; beyond it 413.',
    }),
    resultBytes: size({
      min: '1KiB',
      max: '1GiB',
      fallback: '10MiB',
      description: 'Largest message from a server; beyond it `result_too_large`.',
    }),
    headerBytes: size({
      min: '2KiB',
      max: '256KiB',
      fallback: '16KiB',
      description: 'Largest request line and headers together; beyond it 431.',
    }),
    depth: count({
      min: 8,
      max: 1_000,
      fallback: 64,
      unit: 'levels',
      description: 'Deepest nesting of a request body.',
    }),
    requestTimeout: duration({
      min: '1s',
      max: '10m',
      fallback: '30s',
      description: 'Time in which a request must have arrived whole.',
    }),
    connections: count({
      min: 1,
      max: 1_000_000,
      fallback: 10_000,
      unit: 'connections',
      description: 'Connections open at once on a listener.',
    }),
    connectionsPerAddress: count({
      min: 1,
      max: 1_000_000,
      fallback: 2_000,
      unit: 'connections',
      description: 'Connections open at once from one address.',
    }),
    bufferedBytes: size({
      min: '1MiB',
      max: '64GiB',
      fallback: '128MiB',
      description:
        'Bytes of bodies, results and unread streams held at once, a quarter of it per principal; beyond it `overloaded`.',
    }),
    callTimeout: duration({
      min: '100ms',
      max: '1h',
      fallback: '30s',
      description: 'Deadline of a call: queue, start and server time together.',
    }),
    startTimeout: duration({
      min: '1s',
      max: '10m',
      fallback: '60s',
      description: 'Time in which a server must have started.',
    }),
    drainTimeout: duration({
      min: '0s',
      max: '10m',
      fallback: '20s',
      description: 'Time running calls get to finish when the gateway stops.',
    }),
    stopDelay: duration({
      min: '0s',
      max: '5m',
      fallback: '0s',
      description:
        'For proxies that look at `/health/ready`: a stop first says there that it is not ready, and takes calls for so long yet. Not when another process takes over.',
    }),
    streamStall: duration({
      min: '1s',
      max: '10m',
      fallback: '30s',
      description: 'A stream whose reader takes nothing for this long is closed.',
    }),
    eventStreams: count({
      min: 1,
      max: 1_000,
      fallback: 32,
      unit: 'streams',
      description: 'Streams of `/api/v1/events` open at once; beyond it 503.',
    }),
    listTools: count({
      min: 1,
      max: 100_000,
      fallback: 1_000,
      unit: 'tools',
      description: 'Tools on one page of `tools/list`.',
    }),
    perPrincipal,
    perTenant: quotas.meta({
      description:
        'Bounds on the calls of each tenant, all its principals together; besides those of each principal.',
    }),
    restrictedViews: count({
      min: 1,
      max: 100_000,
      fallback: 1_000,
      unit: 'views',
      description:
        'Views kept for callers that do not see everything, one per address and different restriction; beyond it the one used longest ago is made anew when it is asked for.',
    }),
    lockout,
    session,
    questions,
    results,
    idempotency,
  })
  .prefault({})
  .transform(
    ({
      requestTimeout,
      callTimeout,
      startTimeout,
      drainTimeout,
      stopDelay,
      streamStall,
      ...rest
    }) => ({
      ...rest,
      requestMs: requestTimeout,
      callMs: callTimeout,
      startMs: startTimeout,
      drainMs: drainTimeout,
      stopDelayMs: stopDelay,
      streamStallMs: streamStall,
    }),
  )
  .meta({ description: 'Every bound of the gateway that is not one server’s.' })

export type LimitsConfig = z.output<typeof limits>
