import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '@sallyport/kit/errors'
import { pathOf, sendContinue, sendError } from '@sallyport/kit/http'
import type { Log } from '@sallyport/kit/log'
import type { Principal } from '@sallyport/kit/principal'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type AuditDeps, addAuditRoutes } from './audit-routes.ts'
import { addChecklistRoutes, type ChecklistDeps } from './checklist-routes.ts'
import { addConfigRoutes, type ConfigDeps } from './config-routes.ts'
import { toAdminErrorBody, visitOf } from './entrance.ts'
import { addEntryRoutes, type EntryDeps } from './entry-routes.ts'
import { addEventRoutes, type EventDeps, tellChanges } from './event-routes.ts'
import { addKeyRoutes, type KeyDeps } from './key-routes.ts'
import { addOpenApiRoute } from './openapi.ts'
import { addLoginRoutes, type LoginDeps } from './login-routes.ts'
import { isPermitted, methodsAt, specOf } from './permissions.ts'
import { toAppError } from './request-error.ts'
import { addRoleRoutes, type RoleDeps } from './role-routes.ts'
import { addTenantRoutes, type TenantDeps } from './tenant-routes.ts'
import { addSecretRoutes, type SecretDeps } from './secret-routes.ts'
import { addServerRoutes, type ServerDeps } from './server-routes.ts'
import { addSessionRoutes, type SessionDeps } from './session-routes.ts'
import { addSightRoutes, type SightDeps } from './sight-routes.ts'
import { addUserRoutes, type UserDeps } from './user-routes.ts'

const BODY_BYTES_MAX = 64 * 1_024
// A key name of 64 characters, each four bytes long and percent-encoded.
const PARAMETER_CHARACTERS_MAX = 64 * 4 * 3

/** What the routes need. */
export interface RouteDeps
  extends
    AuditDeps,
    ChecklistDeps,
    ConfigDeps,
    EntryDeps,
    EventDeps,
    KeyDeps,
    LoginDeps,
    RoleDeps,
    SecretDeps,
    ServerDeps,
    SessionDeps,
    SightDeps,
    TenantDeps,
    UserDeps {
  readonly log: Log
}

export interface FastifyApp extends AsyncDisposable {
  /** Answers a request that passed an entrance. */
  readonly answer: (req: IncomingMessage, res: ServerResponse) => void
  /** Every route that was registered, as `GET /path`. */
  readonly routes: readonly string[]
}

/** Builds the routes of the admin API; it opens nothing. The caller disposes. */
export async function buildFastifyApp(deps: RouteDeps): Promise<FastifyApp> {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { maxParamLength: PARAMETER_CHARACTERS_MAX },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply, deps.log),
  })
  // A page of any site may send plain text without asking first.
  app.removeContentTypeParser('text/plain')
  // Many clients name a type also where they send nothing.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, body, done) => (body === '' ? done(null) : parseJson(request, body, done)),
  )
  const routes: string[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push(`${each} ${url}`)
  })
  guard(app, deps)
  tellChanges(app, deps)
  addKeyRoutes(app, deps)
  addRoleRoutes(app, deps)
  addTenantRoutes(app, deps)
  addAuditRoutes(app, deps)
  addSightRoutes(app, deps)
  addServerRoutes(app, deps)
  addSecretRoutes(app, deps)
  addChecklistRoutes(app, deps)
  addEntryRoutes(app, deps)
  addConfigRoutes(app, deps)
  addSessionRoutes(app, deps)
  addEventRoutes(app, deps)
  addOpenApiRoute(app)
  addUserRoutes(app, deps)
  addLoginRoutes(app, deps)
  await app.ready()
  return {
    answer: (req, res) => app.routing(req, res),
    routes,
    [Symbol.asyncDispose]: () => app.close(),
  }
}

/** What holds for every route: permission before the body, one shape of errors, 404 and 405. */
export function guard(app: FastifyInstance, { log }: { readonly log: Log }): void {
  app.addHook('onRequest', async (request, reply) => {
    // Before the body: what is sent to a wrong address is nobody's to parse.
    if (request.is404) throw nothingThere(request, reply)
    const { principal, metricsOpen } = visitOf(request.raw)
    const route = request.routeOptions.url ?? ''
    const exempt = metricsOpen && route === '/metrics'
    if (!exempt && !isPermitted(specOf(request.method, route), principal)) {
      throw notPermitted(principal)
    }
    sendContinue(request.raw)
  })
  app.setNotFoundHandler((request, reply) => {
    throw nothingThere(request, reply)
  })
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, log))
}

function nothingThere(request: FastifyRequest, reply: FastifyReply): AppError {
  const methods = methodsAt(pathOf(request.url))
  if (methods.length === 0) return new AppError('not_found', 'there is nothing at this address')
  reply.raw.setHeader('allow', methods.join(', '))
  return new AppError('method_not_allowed', `this address takes ${methods.join(', ')}`)
}

function notPermitted(principal: Principal | undefined): AppError {
  if (principal === undefined) return new AppError('credential_missing', 'a key or token is needed')
  if (principal.kind === 'user' && principal.permissions.size === 0) {
    return new AppError(
      'forbidden',
      'change the password first, with POST /api/v1/auth/password; or no role allows you anything',
    )
  }
  return new AppError(
    'forbidden',
    'the role of this key does not allow that, or it concerns everybody and the key belongs to a tenant',
  )
}

// Takes the response over from Fastify, whose own errors have another shape.
function answerError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): void {
  const error = toAppError(thrown, request.routeOptions.bodyLimit)
  const { requestId } = visitOf(request.raw)
  if (error.spec.family === 'defect') log.error({ err: error, requestId }, 'admin request failed')
  if (error.spec.family === 'failure') log.warn({ err: error, requestId }, 'admin request failed')
  reply.hijack()
  sendError(reply.raw, error, requestId, { toBody: toAdminErrorBody })
}
