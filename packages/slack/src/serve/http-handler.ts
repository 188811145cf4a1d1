import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import type { Door, DoorPass, DoorVerdict, Pending } from '@sallyport/kit/door'
import {
  answerHealth,
  type HealthKind,
  healthKindOf,
  pathOf,
  type ProcessHealth,
  sendError,
} from '@sallyport/kit/http'
import type { McpEdge } from '@sallyport/kit/mcp'
import type { Metrics } from '@sallyport/kit/metrics'
import type { Principal } from '@sallyport/kit/principal'
import type { SlackWeb } from '../web/slack-web.ts'
import { judgeHealth } from './health.ts'
import type { SecurityHeaders } from './security-headers.ts'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

export interface HttpHandlerDeps {
  readonly door: Door
  readonly edge: McpEdge
  /** The addresses under `/slack/`, which check state or signature themselves. */
  readonly web: Pick<SlackWeb, 'handle'>
  readonly metrics: Pick<Metrics, 'contentType' | 'render'>
  readonly healthFacts: () => ProcessHealth
  readonly securityHeaders: SecurityHeaders
}

type Pass = DoorPass<Principal | undefined>

const MCP_METHODS = 'POST, GET, DELETE'
/** Without a credential. Source: design, "Two listeners". */
const OPEN_PREFIXES = ['/slack/', '/.well-known/']

/**
 * The one listener of a Slack server: the door first, then `/mcp`, `/sse` with `/messages`, `/metrics`, health and
 * `/slack/*`. Everything without a valid credential is 401, whatever it asks for, but for preflights, health,
 * `/slack/*` and `/.well-known/*`.
 */
export function createHttpHandler(deps: HttpHandlerDeps): Handler {
  return (req, res) => {
    deps.securityHeaders(req, res)
    const path = pathOf(req.url ?? '')
    const health = healthKindOf(path)
    const answer = (verdict: DoorVerdict<Principal | undefined>): void => {
      deps.door.cors.apply(req, res)
      if ('refuse' in verdict) {
        const { refuse, requestId, challenge } = verdict
        return sendError(res, refuse, requestId, { challenge })
      }
      if (req.method === 'OPTIONS') return deps.door.cors.preflight(req, res, MCP_METHODS)
      route(req, res, { deps, path, health, pass: verdict.pass })
    }
    const verdict = judge(deps.door, req, path, health)
    if (verdict instanceof Promise) void verdict.then(answer)
    else answer(verdict)
  }
}

function judge(
  door: Door,
  req: IncomingMessage,
  path: string,
  health: HealthKind | undefined,
): Pending<DoorVerdict<Principal | undefined>> {
  if (health !== undefined) return door.judge(req, { auth: 'optional' })
  const isOpen = req.method === 'OPTIONS' || OPEN_PREFIXES.some((open) => path.startsWith(open))
  return isOpen ? door.judge(req, { auth: 'none' }) : door.judge(req)
}

interface Entry {
  readonly deps: HttpHandlerDeps
  readonly path: string
  readonly health: HealthKind | undefined
  readonly pass: Pass
}

function route(req: IncomingMessage, res: ServerResponse, entry: Entry): void {
  const { deps, path, pass } = entry
  const { principal, address, requestId } = pass
  if (entry.health !== undefined) return sendHealth(req, res, entry.health, entry)
  if (principal === undefined) {
    if (!deps.web.handle(req, res, { address, requestId })) notFound(res, requestId)
    return
  }
  const caller = { principal, address, requestId }
  switch (path) {
    case '/mcp':
      return void deps.edge.serve(req, res, caller, '')
    case '/sse':
      return deps.edge.openSse(req, res, caller, '')
    case '/messages':
      return void deps.edge.takeSseMessage(req, res, caller, '')
    case '/metrics':
      return void sendMetrics(req, res, entry)
    default:
      return notFound(res, requestId)
  }
}

function sendHealth(
  req: IncomingMessage,
  res: ServerResponse,
  kind: HealthKind,
  { deps, pass }: Entry,
): void {
  if (!isRead(req)) return getOnly(res, pass.requestId)
  res.setHeader('x-request-id', pass.requestId)
  answerHealth(req, res, judgeHealth(kind, deps.healthFacts(), pass.principal !== undefined))
}

async function sendMetrics(
  req: IncomingMessage,
  res: ServerResponse,
  { deps, pass: { requestId } }: Entry,
): Promise<void> {
  if (!isRead(req)) return getOnly(res, requestId)
  try {
    const body = await deps.metrics.render()
    res.setHeader('x-request-id', requestId)
    res.setHeader('content-type', deps.metrics.contentType)
    res.end(req.method === 'HEAD' ? undefined : body)
  } catch (thrown) {
    sendError(res, AppError.from(thrown), requestId)
  }
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

function getOnly(res: ServerResponse, requestId: string): void {
  res.setHeader('allow', 'GET, HEAD')
  sendError(res, new AppError('method_not_allowed', 'this address takes GET'), requestId)
}

function notFound(res: ServerResponse, requestId: string): void {
  sendError(res, new AppError('not_found', 'there is nothing at this address'), requestId)
}
