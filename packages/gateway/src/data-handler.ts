import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CallerSigner } from '@sallyport/kit/callers'
import { AppError } from '@sallyport/kit/errors'
import type { Clock } from '@sallyport/kit/clock'
import type { Door, DoorRefusal, DoorVerdict } from '@sallyport/kit/door'
import { answerHealth, createRequestId, healthKindOf, pathOf, sendError } from '@sallyport/kit/http'
import type { AccessLog } from '@sallyport/kit/log'
import type { Caller, McpEdge } from '@sallyport/kit/mcp'
import type { Principal } from '@sallyport/kit/principal'
import { LOCAL_ADMIN } from './admin/entrance.ts'
import { isPassed, type PassThrough } from './slack/pass-through.ts'
import type { Tokens } from './tokens/tokens.ts'
import { type HealthFacts, judgeHealth } from './admin/health.ts'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

export interface DataHandlerDeps {
  /** The door in force; asked for each request. */
  readonly door: () => Door
  readonly edge: McpEdge
  readonly tokens: Pick<Tokens, 'challenge' | 'metadata'>
  readonly callers: Pick<CallerSigner, 'jwks'>
  readonly healthFacts: () => HealthFacts
  /** What is the Slack server's to answer. */
  readonly passThrough: PassThrough
  /** Undefined while the access log is off. */
  readonly accessLog: AccessLog | undefined
  readonly clock: Clock
}

/** Which transport an address speaks, and what of the gateway is behind it. */
interface Route {
  readonly transport: 'mcp' | 'sse' | 'messages'
  readonly scope: string
}

const SERVER_PATH = /^\/servers\/([a-z0-9][a-z0-9-]{0,31})\/(mcp|sse|messages)$/
const ENDPOINT_PATH = /^\/mcp\/([a-z0-9][a-z0-9-]{0,31})$/
/** The key that servers check `Sallyport-Caller` with. */
const CALLERS_PATH = '/.well-known/sallyport-callers.json'
const METADATA_SECONDS = 60
const MCP_METHODS = 'POST, GET, DELETE'

/**
 * The data listener: the door first, then `/mcp`, `/mcp/<endpoint>`, `/servers/<name>/mcp`, `/sse` with
 * `/messages` (also under a server), and health. Everything without
 * a valid credential is 401, whatever it asks for, but for preflights, health, `/.well-known/`, and `/slack/` and
 * `/webhook/` where a Slack server is configured.
 *
 * Source: design, "Two listeners".
 */
export function createDataHandler(deps: DataHandlerDeps): Handler {
  return (req, res) => {
    const door = deps.door()
    const path = pathOf(req.url ?? '')
    if (isPassed(path) && deps.passThrough.isOpen) return pass(req, res, { deps, door })
    const health = healthKindOf(path)
    if (health === undefined && !path.startsWith('/.well-known/') && req.method !== 'OPTIONS') {
      const verdict = door.judge(req)
      if (!(verdict instanceof Promise)) return enter(req, res, { deps, door, path, verdict })
      return void verdict.then((judged) => enter(req, res, { deps, door, path, verdict: judged }))
    }
    const verdict = door.judge(req, { auth: health === undefined ? 'none' : 'optional' })
    if (!(verdict instanceof Promise)) return enterOpenly(req, res, { deps, door, health, verdict })
    void verdict.then((judged) => enterOpenly(req, res, { deps, door, health, verdict: judged }))
  }
}

interface Entry<Who> {
  readonly deps: DataHandlerDeps
  readonly door: Door
  readonly verdict: DoorVerdict<Who>
}

function enter(
  req: IncomingMessage,
  res: ServerResponse,
  { deps, door, path, verdict }: Entry<Principal> & { readonly path: string },
): void {
  door.cors.apply(req, res)
  if (deps.accessLog) watchAccess(req, res, verdict, deps)
  if ('refuse' in verdict) return refuse(res, verdict, challengeOf(deps, verdict, path))
  const route = routeOf(path)
  if (route) return dispatch(deps.edge, req, res, { ...route, caller: verdict.pass })
  const error = new AppError('not_found', 'there is nothing at this address')
  sendError(res, error, verdict.pass.requestId)
}

/** The Slack server asks for no key there: it checks states and signatures. Names, load and rates are ours. */
function pass(
  req: IncomingMessage,
  res: ServerResponse,
  { deps, door }: { readonly deps: DataHandlerDeps; readonly door: Door },
): void {
  const enterPassing = (verdict: DoorVerdict<Principal | undefined>): void => {
    if (deps.accessLog) watchAccess(req, res, verdict, deps)
    if ('refuse' in verdict) return refuse(res, verdict, false)
    void deps.passThrough.handle(req, res, verdict.pass)
  }
  const verdict = door.judge(req, { auth: 'none' })
  if (verdict instanceof Promise) void verdict.then(enterPassing)
  else enterPassing(verdict)
}

function enterOpenly(
  req: IncomingMessage,
  res: ServerResponse,
  entry: Entry<Principal | undefined> & { readonly health: ReturnType<typeof healthKindOf> },
): void {
  const { deps, door, verdict, health } = entry
  if (deps.accessLog) watchAccess(req, res, verdict, deps)
  if ('refuse' in verdict) {
    door.cors.apply(req, res)
    return refuse(res, verdict, challengeOf(deps, verdict, pathOf(req.url ?? '')))
  }
  if (req.method === 'OPTIONS') return door.cors.preflight(req, res, MCP_METHODS)
  door.cors.apply(req, res)
  answerOpenly(req, res, { ...deps, verdict, health })
}

function answerOpenly(
  req: IncomingMessage,
  res: ServerResponse,
  context: DataHandlerDeps & {
    readonly verdict: { readonly pass: { principal: Principal | undefined; requestId: string } }
    readonly health: ReturnType<typeof healthKindOf>
  },
): void {
  const { principal, requestId } = context.verdict.pass
  const { health } = context
  const metadata = health === undefined ? wellKnown(pathOf(req.url ?? ''), context) : undefined
  if (health === undefined && metadata === undefined) {
    return sendError(res, new AppError('not_found', 'nothing is configured here'), requestId)
  }
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.setHeader('allow', 'GET, HEAD')
    return sendError(res, new AppError('method_not_allowed', 'this address takes GET'), requestId)
  }
  res.setHeader('x-request-id', requestId)
  if (health === undefined) return sendMetadata(res, metadata ?? '')
  const facts = context.healthFacts()
  const known = principal !== undefined && principal.kind !== 'anonymous'
  answerHealth(req, res, judgeHealth(health, facts, known))
}

/** What is at a well-known address, JSON; undefined where nothing is. */
function wellKnown(
  path: string,
  { tokens, callers }: Pick<DataHandlerDeps, 'tokens' | 'callers'>,
): string | undefined {
  return path === CALLERS_PATH ? callers.jwks : tokens.metadata(path)
}

/** The local socket: MCP as the local administrator, and the admin API. */
export function createLocalHandler(edge: McpEdge, admin: Handler): Handler {
  return (req, res) => {
    const route = routeOf(pathOf(req.url ?? ''))
    if (!route) return admin(req, res)
    const caller = { principal: LOCAL_ADMIN, address: 'local', requestId: createRequestId() }
    dispatch(edge, req, res, { ...route, caller })
  }
}

function dispatch(
  edge: McpEdge,
  req: IncomingMessage,
  res: ServerResponse,
  { transport, scope, caller }: Route & { readonly caller: Caller },
): void {
  switch (transport) {
    case 'mcp':
      return void edge.serve(req, res, caller, scope)
    case 'sse':
      return edge.openSse(req, res, caller, scope)
    case 'messages':
      return void edge.takeSseMessage(req, res, caller, scope)
  }
}

const WHOLE: Readonly<Record<string, Route>> = {
  '/mcp': { transport: 'mcp', scope: '' },
  '/sse': { transport: 'sse', scope: '' },
  '/messages': { transport: 'messages', scope: '' },
}

/** What of MCP is at an address; undefined where nothing is. */
function routeOf(path: string): Route | undefined {
  if (Object.hasOwn(WHOLE, path)) return WHOLE[path]
  const [, server, leaf] = SERVER_PATH.exec(path) ?? []
  if (server !== undefined) return { transport: leaf as Route['transport'], scope: server } // as the pattern
  const [, endpoint] = ENDPOINT_PATH.exec(path) ?? []
  return endpoint === undefined ? undefined : { transport: 'mcp', scope: `endpoint/${endpoint}` }
}

function sendMetadata(res: ServerResponse, metadata: string): void {
  res.setHeader('content-type', 'application/json')
  res.setHeader('content-length', Buffer.byteLength(metadata))
  res.setHeader('cache-control', `public, max-age=${METADATA_SECONDS}`)
  res.setHeader('x-content-type-options', 'nosniff')
  res.end(metadata)
}

function refuse(res: ServerResponse, verdict: DoorRefusal, challenge: string | false): void {
  sendError(res, verdict.refuse, verdict.requestId, { challenge })
}

function challengeOf(
  { tokens }: DataHandlerDeps,
  { refuse: error, challenge }: DoorRefusal,
  path: string,
): string | false {
  return challenge && tokens.challenge(error, path)
}

/** Writes one access line once the response is over. */
function watchAccess(
  req: IncomingMessage,
  res: ServerResponse,
  verdict: DoorVerdict<Principal | undefined>,
  { accessLog, clock }: DataHandlerDeps,
): void {
  const atMs = clock.nowMs()
  const startedMs = clock.monotonicMs()
  const pass = 'pass' in verdict ? verdict.pass : verdict
  res.once('close', () =>
    accessLog?.record({
      atMs,
      requestId: pass.requestId,
      address: pass.address,
      principal: 'principal' in pass ? (pass.principal?.id ?? null) : null,
      method: req.method ?? '',
      target: req.url ?? '',
      status: res.statusCode,
      bytes: Number(res.getHeader('content-length') ?? 0),
      durationMs: clock.monotonicMs() - startedMs,
    }),
  )
}
