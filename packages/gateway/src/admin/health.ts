import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HealthBrief, HealthDetail } from '@sallyport/contract/admin'
import type { ServerState } from '../upstreams/upstream.ts'

/** Which question a health path asks. */
export type HealthKind = 'health' | 'live' | 'ready' | 'startup'

/** What health is judged by. */
export interface HealthFacts {
  readonly phase: 'starting' | 'running' | 'draining'
  readonly storeWritable: boolean
  /** Whether the event loop hangs so badly that only a restart helps. */
  readonly loopStuck: boolean
  readonly version: string
  readonly uptimeSeconds: number
  readonly servers: readonly {
    readonly name: string
    readonly state: ServerState
    readonly reason: string | null
  }[]
}

export interface HealthVerdict {
  readonly status: 200 | 503
  readonly body: HealthBrief | HealthDetail
}

const KINDS: ReadonlyMap<string, HealthKind> = new Map([
  ['/health', 'health'],
  ['/health/live', 'live'],
  ['/health/ready', 'ready'],
  ['/health/startup', 'startup'],
])

/** The question a request target asks, undefined where it is no health path. */
export function healthKindOf(target: string): HealthKind | undefined {
  const queryAt = target.indexOf('?')
  return KINDS.get(queryAt === -1 ? target : target.slice(0, queryAt))
}

/**
 * Judges health. Servers that are down are named but fail nothing: the gateway still serves the others, and
 * restarting it would not bring them back.
 *
 * @param detailed whether the caller may see more than the verdict
 */
export function judgeHealth(
  kind: HealthKind,
  facts: HealthFacts,
  detailed: boolean,
): HealthVerdict {
  const ok = isHealthy(kind, facts)
  const status = ok ? 200 : 503
  const brief: HealthBrief = { status: ok ? 'ok' : 'unavailable' }
  if (!detailed) return { status, body: brief }
  return {
    status,
    body: {
      ...brief,
      version: facts.version,
      uptimeSeconds: Math.round(facts.uptimeSeconds),
      store: { writable: facts.storeWritable },
      servers: facts.servers.map(({ name, state, reason }) => ({ name, state, reason })),
    },
  }
}

/** Answers a health request that the door let in; sets its own headers but for `x-request-id`. */
export function answerHealth(
  req: IncomingMessage,
  res: ServerResponse,
  verdict: HealthVerdict,
): void {
  const body = JSON.stringify(verdict.body)
  res.writeHead(verdict.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}

function isHealthy(kind: HealthKind, facts: HealthFacts): boolean {
  switch (kind) {
    case 'live':
      return !facts.loopStuck
    case 'startup':
      return facts.phase !== 'starting'
    case 'health':
    case 'ready':
      return facts.phase === 'running' && facts.storeWritable
  }
}
