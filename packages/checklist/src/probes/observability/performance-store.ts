import { auditList } from '@sallyport/contract/admin'
import {
  type Finding,
  judged,
  notApplicable,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { GatewayView } from '../../deployment.ts'
import { storeStatistics } from '../../looks/store-statistics.ts'
import { rankOf } from '../../performance/quantile.ts'
import { noGateway } from './performance.ts'

const READS = 10
const ROWS = '/api/v1/audit?limit=100'

/** `performance/queries` */
export const performanceQueries: Probe = {
  kind: 'probe',
  title: 'The store answers within the objective',
  remedy: 'give the store a faster disk or its own host, or lower `audit.keep`',
  async look(deployment, signal) {
    const { gateway, settings } = deployment
    if (gateway === undefined) return noGateway()
    const { p95Ms } = settings.objectives
    const p95 = rankOf(await readTimes(gateway, signal), 0.95) ?? 0
    const text = `of ${READS} pages of the audit log 95 in 100 took ${p95.toFixed(1)} ms or less, the objective is ${p95Ms} ms`
    const seen: Seen[] = [{ kind: 'database', text }]
    const faults = p95 > p95Ms ? [...seen] : []
    const slowest = (await storeStatistics(deployment, signal))?.slowest ?? []
    for (const { text: statement, calls, meanMs } of slowest) {
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
  for (let done = 0; done < READS; done += 1) {
    const startedMs = performance.now()
    await gateway.read(auditList, ROWS, signal)
    times.push(performance.now() - startedMs)
  }
  return times
}

const BLOCKS_MIN = 1_000
const HIT_PERCENT_MIN = 80

/** `performance/cache` */
export const performanceCache: Probe = {
  kind: 'probe',
  title: `Of what caches are asked for, more than ${HIT_PERCENT_MIN} in 100 is in them`,
  remedy: 'raise `shared_buffers` of PostgreSQL, or give its host more memory',
  async look(deployment, signal) {
    const statistics = await storeStatistics(deployment, signal)
    if (statistics === undefined) {
      return notApplicable(
        'nothing here caches: the store is embedded, and no Redis is part of this',
      )
    }
    return judgeHits(statistics.hits, statistics.reads)
  },
}

function judgeHits(hits: number, reads: number): Finding {
  const total = hits + reads
  if (total < BLOCKS_MIN) {
    const text = `PostgreSQL was asked for ${total} blocks, and ${BLOCKS_MIN} are needed to judge its cache`
    return unproved('database', text, 'check again when it was used more')
  }
  const percent = (hits / total) * 100
  const text = `PostgreSQL found ${percent.toFixed(1)} percent of ${total} blocks in its memory`
  const seen: Seen = { kind: 'database', text }
  return judged(percent > HIT_PERCENT_MIN ? [] : [seen], [seen])
}
