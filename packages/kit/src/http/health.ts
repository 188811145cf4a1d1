import type { IncomingMessage, ServerResponse } from 'node:http'

/** Which question a health path asks. */
export type HealthKind = 'health' | 'live' | 'ready' | 'startup'

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
  const queryAt = target.indexOf('?')
  return KINDS.get(queryAt === -1 ? target : target.slice(0, queryAt))
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
