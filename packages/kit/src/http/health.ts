import type { IncomingMessage, ServerResponse } from 'node:http'
import { pathOf } from './target-path.ts'

/** Which question a health path asks. */
export type HealthKind = 'health' | 'live' | 'ready' | 'startup'

/** What the health of any process here is judged by. */
export interface ProcessHealth {
  readonly phase: 'starting' | 'running' | 'draining'
  readonly storeWritable: boolean
  /** Whether the event loop hangs so badly that only a restart helps. */
  readonly loopStuck: boolean
  readonly version: string
  readonly uptimeSeconds: number
}

/** What is answered to a question for health. */
export interface HealthVerdict<Body = object> {
  readonly status: 200 | 503
  readonly body: Body
}

const KINDS: ReadonlyMap<string, HealthKind> = new Map([
  ['/health', 'health'],
  ['/health/live', 'live'],
  ['/health/ready', 'ready'],
  ['/health/startup', 'startup'],
])

/** The question a request target asks, undefined where it is no health path. */
export function healthKindOf(target: string): HealthKind | undefined {
  return KINDS.get(pathOf(target))
}

/** Whether a process is well, as far as what is asked goes. */
export function isHealthy(
  kind: HealthKind,
  { phase, storeWritable, loopStuck }: ProcessHealth,
): boolean {
  switch (kind) {
    case 'live':
      return !loopStuck
    case 'startup':
      return phase !== 'starting'
    case 'health':
    case 'ready':
      return phase === 'running' && storeWritable
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
    'x-content-type-options': 'nosniff',
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}
