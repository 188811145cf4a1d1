import { type RouteId, ROUTES, type RouteSpec } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Operator } from '../operations.ts'
import { NOBODY, visitOf } from './entrance.ts'
import { parseRequest } from './request-error.ts'
import { withDeadline } from './request-signal.ts'

const DEADLINE_MS = 10_000

/** Names behind a colon in a path. */
type ParamsOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamsOf<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never

type SpecOf<Id extends RouteId> = (typeof ROUTES)[Id]
type Parsed<Spec, Part extends string> =
  Spec extends Readonly<Record<Part, infer Schema extends z.ZodType>> ? z.output<Schema> : undefined

/** A checked request: permission, query, body and version were judged before. */
export interface Ask<Id extends RouteId = RouteId> {
  readonly params: Readonly<Record<ParamsOf<SpecOf<Id>['path']>, string>>
  readonly query: Parsed<SpecOf<Id>, 'query'>
  readonly body: Parsed<SpecOf<Id>, 'body'>
  /** Who asks; `NOBODY` on an open route. */
  readonly caller: Principal
  /** The same with the request's id, for logs and records. */
  readonly by: Operator
  /** The version that the caller says it changes; 0 on routes without. */
  readonly version: number
  /** Aborts at the route's deadline and when the caller goes away. */
  readonly signal: AbortSignal
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** An answer that has a version, sent as its `ETag`. */
export class Versioned<Body> {
  readonly version: number
  readonly body: Body

  constructor(version: number, body: Body) {
    this.version = version
    this.body = body
  }
}

/** Text where the route says so; a stream has taken the reply over itself. */
type AnswerOf<Spec> = Spec extends { readonly media: 'text/plain' }
  ? string
  : Spec extends { readonly media: 'text/event-stream' }
    ? void
    : Parsed<Spec, 'answer'>
type Answer<Id extends RouteId> = AnswerOf<SpecOf<Id>> | Versioned<AnswerOf<SpecOf<Id>>>

/** What answers each route; the answer is sent as JSON, with the status of the route. */
export type Handlers<Ids extends RouteId> = {
  readonly [Id in Ids]: (ask: Ask<Id>) => Promise<Answer<Id>> | Answer<Id>
}

/** Registers routes of the table. What they throw is answered in the one shape of errors. */
export function addRoutes<Ids extends RouteId>(
  app: FastifyInstance,
  handlers: Handlers<Ids>,
): void {
  for (const [id, handler] of Object.entries(handlers)) {
    // Each handler is typed by its own id; here they are all the same.
    addRoute(app, ROUTES[id as RouteId], handler as (ask: Ask) => unknown)
  }
}

function addRoute(app: FastifyInstance, spec: RouteSpec, handler: (ask: Ask) => unknown): void {
  const isStream = spec.media === 'text/event-stream'
  app.route({
    method: spec.method,
    url: spec.path,
    exposeHeadRoute: !isStream,
    ...(spec.bodyBytesMax !== undefined && { bodyLimit: spec.bodyBytesMax }),
    handler: async (request, reply) => {
      const checked = check(spec, request)
      const deadlineMs = isStream ? Infinity : (spec.deadlineMs ?? DEADLINE_MS)
      const answer = await withDeadline(reply.raw, deadlineMs, async (signal) =>
        handler({ ...checked, signal, request, reply }),
      )
      return reply.sent ? reply : send(spec, reply, answer)
    },
  })
}

function check(
  spec: RouteSpec,
  request: FastifyRequest,
): Omit<Ask, 'signal' | 'request' | 'reply'> {
  const { principal: caller = NOBODY, requestId } = visitOf(request.raw)
  return {
    params: paramsOf(request),
    query: parse(spec.query, request.query, 'the query'),
    body: parse(spec.body, request.body ?? {}, 'the body'),
    caller,
    by: { principal: caller, requestId },
    version: spec.versioned === true ? versionOf(request) : 0,
  }
}

/** @throws {AppError} `not_found` for a name with NUL, which nothing has and PostgreSQL takes for no text */
function paramsOf(request: FastifyRequest): Ask['params'] {
  const params = request.params as Readonly<Record<string, string>> // named in the path
  if (!Object.values(params).some((value) => value.includes('\0'))) return params as Ask['params'] // the same names
  throw new AppError('not_found', 'there is nothing of that name')
}

// What a handler gets is typed by the same schema.
function parse(schema: z.ZodType | undefined, input: unknown, what: string): never {
  return (schema === undefined ? undefined : parseRequest(schema, input, what)) as never
}

/** @throws {AppError} `version_required`, or `request_invalid` for what is no version of ours */
function versionOf(request: FastifyRequest): number {
  const stated = request.headers['if-match']
  if (stated === undefined) {
    throw new AppError('version_required', 'If-Match is missing: give the ETag of what you read')
  }
  const digits = /^"(\d{1,15})"$/.exec(stated)?.[1]
  if (digits === undefined) {
    throw new AppError('request_invalid', 'If-Match must be one ETag as it was given, such as "3"')
  }
  return Number(digits)
}

function send(spec: RouteSpec, reply: FastifyReply, answer: unknown): unknown {
  const body = answer instanceof Versioned ? answer.body : answer
  if (answer instanceof Versioned) void reply.header('etag', `"${answer.version}"`)
  void reply.code(spec.status ?? (spec.answer === undefined && !spec.media ? 204 : 200))
  return body
}
