import { z } from 'zod'
import { writes, type Quota } from './quota.ts'
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

const lockout = z
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

const session = z
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

const questions = z
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

const results = z
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

const idempotency = z
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
    listTools: count({
      min: 1,
      max: 100_000,
      fallback: 1_000,
      unit: 'tools',
      description: 'Tools on one page of `tools/list`.',
    }),
    perPrincipal,
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
