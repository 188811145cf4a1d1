import { auditList } from '@sallyport/contract/admin'
import {
  failed,
  type Finding,
  judged,
  notApplicable,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { GatewayView } from '../../deployment.ts'
import { redisPlaces } from '../../looks/data-places.ts'
import { type PostgresReading, postgresReadings } from '../../looks/postgres.ts'
import { type RedisReading, redisReadings } from '../../looks/redis.ts'
import { rankOf } from '../../performance/quantile.ts'
import { noGateway } from './performance.ts'

const READS = 20
const ROWS = '/api/v1/audit?limit=100'

/** `performance/queries` */
export const performanceQueries: Probe = {
  kind: 'probe',
  title: 'The store answers within the objective',
  remedy:
    'see whether this machine has processor time to spare, give the store a faster disk or its own host, or lower `audit.keep`',
  async look(deployment, signal) {
    const { gateway, settings } = deployment
    if (gateway === undefined) return noGateway()
    const { p95Ms } = settings.objectives
    const p95 = rankOf(await readTimes(gateway, signal), 0.95) ?? 0
    const text = `of ${READS} pages of the audit log 95 in 100 took ${p95.toFixed(1)} ms or less, the objective is ${p95Ms} ms`
    const seen: Seen[] = [{ kind: 'database', text }]
    const faults = p95 > p95Ms ? [...seen] : []
    const readings = await postgresReadings(deployment, signal)
    const store = readings.find(({ place }) => place.isStore)
    for (const { text: statement, calls, meanMs } of store?.facts?.queries.statements ?? []) {
      const mean = `${calls} runs of \`${statement}\` took ${meanMs.toFixed(1)} ms on average`
      const one: Seen = { kind: 'database', text: mean }
      if (meanMs > p95Ms) faults.push(one)
      else seen.push(one)
    }
    return judged(faults, seen)
  },
}

async function readTimes(gateway: GatewayView, signal: AbortSignal): Promise<number[]> {
  const times: number[] = []
  // The first one also connects.
  await gateway.read(auditList, ROWS, signal)
  for (let done = 0; done < READS; done += 1) {
    const startedMs = performance.now()
    await gateway.read(auditList, ROWS, signal)
    times.push(performance.now() - startedMs)
  }
  return times
}

/** The catalogues of a database are read a thousand times before anybody uses it. */
const POSTGRES_LOOKUPS_MIN = 10_000
const REDIS_LOOKUPS_MIN = 1_000
const HIT_PERCENT_MIN = 80

/** `performance/cache` */
export const performanceCache: Probe = {
  kind: 'probe',
  title: `Of what caches are asked for, more than ${HIT_PERCENT_MIN} in 100 is in them`,
  remedy:
    'raise `shared_buffers` of PostgreSQL or `maxmemory` of Redis, or give their hosts more memory',
  async look(deployment, signal) {
    const postgres = await postgresReadings(deployment, signal)
    const redis = await redisReadings(deployment, signal)
    const caches = [...postgres.map(ofPostgres), ...redis.map(ofRedis)]
    if (caches.length > 0) return judgeCaches(caches)
    const { gaps } = await redisPlaces(deployment, signal)
    if (gaps.length > 0) return unproved('file', `there may be caches beyond ${gaps.join('; ')}`)
    return notApplicable('nothing here caches: the store is embedded, and no Redis is part of this')
  },
}

interface Cache {
  readonly name: string
  /** The fewest lookups that tell something. */
  readonly least: number
  /** Undefined where it did not say. */
  readonly lookups?: { readonly found: number; readonly read: number }
  readonly missing?: string
}

function ofPostgres({ place, facts, missing }: PostgresReading): Cache {
  const cache = { name: `PostgreSQL at ${place.label}`, least: POSTGRES_LOOKUPS_MIN }
  return facts === undefined
    ? { ...cache, missing: missing.text }
    : { ...cache, lookups: facts.blocks }
}

function ofRedis({ place, facts, missing }: RedisReading): Cache {
  const cache = { name: `Redis at ${place.label}`, least: REDIS_LOOKUPS_MIN }
  if (facts === undefined) return { ...cache, missing: missing.text }
  const [found, read] = ['keyspace_hits', 'keyspace_misses'].map((key) =>
    Number(facts.info.get(key)),
  )
  if (found === undefined || read === undefined || Number.isNaN(found + read)) {
    return { ...cache, missing: 'does not say what it finds' }
  }
  return { ...cache, lookups: { found, read } }
}

function judgeCaches(caches: readonly Cache[]): Finding {
  const faults: Seen[] = []
  const seen: Seen[] = []
  const open: Seen[] = []
  for (const { name, least, lookups, missing } of caches) {
    const total = lookups === undefined ? 0 : lookups.found + lookups.read
    if (lookups === undefined) open.push({ kind: 'database', text: `${name} ${missing}` })
    else if (total < least) {
      const text = `${name} was asked ${total} times, and ${least} are needed to judge its cache`
      open.push({ kind: 'database', text })
    } else {
      const percent = (lookups.found / total) * 100
      const list = percent > HIT_PERCENT_MIN ? seen : faults
      const text = `${name} found ${percent.toFixed(1)} percent of ${total} lookups in its memory`
      list.push({ kind: 'database', text })
    }
  }
  if (faults.length > 0) return failed(faults)
  const remedy = 'let `sallyport check` reach it, and check again when it was used more'
  return open.length > 0 ? { state: 'unproved', evidence: open, remedy } : proved(...seen)
}
