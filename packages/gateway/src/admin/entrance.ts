import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AdminError, ROUTES } from '@sallyport/contract/admin'
import { problemsOf } from '@sallyport/kit/config'
import { type AppError, publicMessage } from '@sallyport/kit/errors'
import type { Door, DoorVerdict, Pending } from '@sallyport/kit/door'
import { createRequestId, healthKindOf, isLoopback, pathOf, sendError } from '@sallyport/kit/http'
import { ADMINISTRATOR, CALLER, type Principal } from '@sallyport/kit/principal'
import { shortStoreReason } from '@sallyport/kit/store'
import { isOpenRoute } from './permissions.ts'

/** Who asks, as settled before the app sees the request. */
export interface Visit {
  /** Undefined without a credential, which only open routes accept. */
  readonly principal: Principal | undefined
  readonly requestId: string
  /** The caller's, after trusted proxies; `local` over the local socket. */
  readonly address: string
  /** Whether `/metrics` needs no credential here. */
  readonly metricsOpen: boolean
}

/** Whoever can open the socket: the user that runs the gateway. */
export const LOCAL_ADMIN: Principal = {
  id: 'local',
  kind: 'local',
  name: 'local administrator',
  ...ADMINISTRATOR,
}

/** Whoever asks an open route without a credential: may do nothing else. */
export const NOBODY: Principal = {
  ...CALLER,
  ...{ id: '', kind: 'anonymous', name: 'nobody', roles: [], permissions: new Set() },
}

export interface EntranceRules {
  readonly door: Pick<Door, 'judge' | 'cors'>
  /** Host the admin listener is bound to. */
  readonly host: string
  /** `metrics.protect` of the configuration. */
  readonly protectMetrics: boolean
}

const LOGIN = ROUTES['auth.login'].path
const visits = new WeakMap<IncomingMessage, Visit>()

/**
 * The visit of a request that came in.
 *
 * @throws {TypeError} when it did not, which is a mistake in the wiring
 */
export function visitOf(req: IncomingMessage): Visit {
  const visit = visits.get(req)
  if (visit === undefined) throw new TypeError('the request did not pass an entrance')
  return visit
}

/** Lets a request over the local socket in: the mode of the socket file has judged it. */
export function enterLocally(req: IncomingMessage, res: ServerResponse): void {
  enter(req, res, {
    principal: LOCAL_ADMIN,
    requestId: createRequestId(),
    address: 'local',
    metricsOpen: true,
  })
}

/**
 * Puts a request over TCP before the door and goes on with `next`, unless it was answered already. A
 * credential is asked for everywhere but on health, on routes that are open to all and, on loopback,
 * `/metrics`; one that is sent is always judged.
 */
export function enterByDoor(
  req: IncomingMessage,
  res: ServerResponse,
  rules: EntranceRules,
  next: () => void,
): void {
  rules.door.cors.apply(req, res)
  const metricsOpen = isMetricsOpen(req, rules)
  const settle = (verdict: DoorVerdict<Principal | undefined>): void => {
    if ('refuse' in verdict) {
      const { challenge } = verdict
      sendError(res, verdict.refuse, verdict.requestId, { challenge, toBody: toAdminErrorBody })
      return
    }
    const { principal, requestId, address } = verdict.pass
    enter(req, res, { principal, requestId, address, metricsOpen })
    next()
  }
  const verdict = judge(req, metricsOpen, rules)
  if (verdict instanceof Promise) void verdict.then(settle)
  else settle(verdict)
}

/** The one shape of errors on the admin API. */
export function toAdminErrorBody(error: AppError, requestId: string): string {
  const problems = problemsOf(error)
  const body: AdminError = {
    error: {
      code: error.code,
      message: messageOf(error),
      requestId,
      retryable: error.spec.retryable,
      ...(error.retryAfterMs !== undefined && { retryAfterMs: Math.ceil(error.retryAfterMs) }),
      ...(problems.length > 0 && { problems: problems.map((problem) => ({ ...problem })) }),
    },
  }
  return JSON.stringify(body)
}

/** Operators are told why the store refuses; everybody else only that it does. */
function messageOf(error: AppError): string {
  const reason = error.code === 'store_unwritable' ? shortStoreReason(error) : undefined
  return reason === undefined ? publicMessage(error) : `the store cannot be written: ${reason}`
}

function enter(req: IncomingMessage, res: ServerResponse, visit: Visit): void {
  res.setHeader('x-request-id', visit.requestId)
  res.setHeader('cache-control', 'no-store')
  res.setHeader('x-content-type-options', 'nosniff')
  visits.set(req, visit)
}

function judge(
  req: IncomingMessage,
  metricsOpen: boolean,
  { door }: EntranceRules,
): Pending<DoorVerdict<Principal | undefined>> {
  const target = req.url ?? ''
  if (req.method === 'OPTIONS') return door.judge(req, { auth: 'none' })
  if (healthKindOf(target) !== undefined) return door.judge(req, { auth: 'optional', rate: false })
  if (metricsOpen && pathOf(target) === '/metrics') return door.judge(req, { auth: 'optional' })
  // Whatever session or token was there before: it may be over, and a new one is asked for.
  if (req.method === 'POST' && pathOf(target) === LOGIN) return door.judge(req, { auth: 'none' })
  if (isOpenRoute(req.method ?? '', pathOf(target))) return door.judge(req, { auth: 'optional' })
  return door.judge(req)
}

/** A proxy on this machine would make loopback callers of the whole world. */
function isMetricsOpen(req: IncomingMessage, rules: EntranceRules): boolean {
  const { headers } = req
  const forwarded = headers.forwarded ?? headers['x-forwarded-for'] ?? headers.via
  return !rules.protectMetrics && isLoopback(rules.host) && forwarded === undefined
}
