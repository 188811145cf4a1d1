import { z } from 'zod'
import { adminError } from './error.ts'
import type { RouteSpec, RouteTable } from './route.ts'

/** A JSON object, as it stands in the document. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The document at `/api/v1/openapi.json`. */
export const openApi = z
  .record(z.string(), z.unknown())
  .meta({ id: 'OpenApi', description: 'This document: OpenAPI 3.1.' })

/** Changes with the API, not with the product: what is added keeps it. */
const API_VERSION = '1'
const JSON_TYPE = 'application/json'

/**
 * Describes routes as an OpenAPI 3.1 document. Pure: the same routes give the same text. A schema with an id is
 * a component; what a body and an answer call the same but read differently is `<id>Input` for the body.
 *
 * Source: OpenAPI 3.1.1; JSON Schema 2020-12.
 */
export function openApiDocument(routes: RouteTable): JsonObject {
  const schemas = new Components()
  const error = schemas.add(adminError, 'output')
  // First, so that of two that share an id the one that is read has the plain name.
  for (const { answer } of Object.values(routes)) if (answer) schemas.add(answer, 'output')
  const paths: Record<string, Record<string, JsonObject>> = {}
  const versioned = new Set(
    Object.values(routes).flatMap((spec) => (spec.versioned === true ? [spec.path] : [])),
  )
  for (const [id, spec] of Object.entries(routes)) {
    const path = spec.path.replaceAll(/:(\w+)/g, '{$1}')
    const operation = operationOf(id, spec, schemas, versioned.has(spec.path))
    paths[path] = { ...paths[path], [spec.method.toLowerCase()]: operation }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Sallyport admin API',
      version: API_VERSION,
      description:
        'Every request but the open ones carries a key or token. `x-permission` is what the roles of its owner must hold; `x-tenants: none` is refused to callers of a tenant.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The admin listener.' }],
    security: [{ bearer: [] }, { cookie: [], csrf: [] }],
    tags: tagsOf(Object.keys(routes)),
    paths,
    components: {
      schemas: schemas.all(),
      responses: {
        Error: {
          description: 'A refusal or failure; `code` says which.',
          headers: { 'x-request-id': { $ref: '#/components/headers/RequestId' } },
          content: { [JSON_TYPE]: { schema: error } },
        },
      },
      headers: {
        ETag: {
          description: 'The version of what is answered, to be sent as `If-Match` with a change.',
          schema: { type: 'string', pattern: '^"\\d{1,15}"$' },
        },
        RequestId: { description: 'Leads to the line in the log.', schema: { type: 'string' } },
      },
      parameters: {
        IfMatch: {
          ...{ name: 'If-Match', in: 'header', required: true },
          description: 'The `ETag` of what was read: a change of somebody else is not lost.',
          schema: { type: 'string', pattern: '^"\\d{1,15}"$' },
        },
      },
      securitySchemes: {
        bearer: {
          ...{ type: 'http', scheme: 'bearer' },
          description: 'An API key, a static token, a login token, or one of an identity provider.',
        },
        cookie: {
          ...{ type: 'apiKey', in: 'cookie', name: '__Host-sallyport' },
          description: 'A login of a page of this gateway; `sallyport` where it is not https.',
        },
        csrf: {
          ...{ type: 'apiKey', in: 'header', name: 'X-CSRF-Token' },
          description: 'With a cookie, for everything but GET: `csrfToken` of the login.',
        },
      },
    },
  }
}

function operationOf(
  id: string,
  spec: RouteSpec,
  schemas: Components,
  hasVersion: boolean,
): JsonObject {
  const parameters = [
    ...[...spec.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      ...{ name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } },
    })),
    ...(spec.query === undefined ? [] : queryOf(schemas.inline(spec.query))),
    ...(spec.versioned === true ? [{ $ref: '#/components/parameters/IfMatch' }] : []),
  ]
  return {
    operationId: id,
    tags: [tagOf(id)],
    summary: spec.summary,
    'x-permission': spec.need,
    'x-tenants': spec.tenants,
    ...(spec.need === 'open' && { security: [{}, { bearer: [] }, { cookie: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(spec.body !== undefined && { requestBody: bodyOf(spec.body, schemas) }),
    responses: responsesOf(spec, schemas, hasVersion),
  }
}

function bodyOf(body: z.ZodType, schemas: Components): JsonObject {
  // What takes an empty object takes no body too.
  const required = !body.safeParse({}).success
  return { required, content: { [JSON_TYPE]: { schema: schemas.add(body, 'input') } } }
}

function queryOf(schema: JsonObject): JsonObject[] {
  const required = (schema['required'] ?? []) as readonly string[] // JSON Schema has a list of names
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonObject>> // and a map
  return Object.entries(properties).map(([name, value]) => {
    const { description, ...rest } = value
    return {
      ...{ name, in: 'query', required: required.includes(name) },
      ...(description !== undefined && { description }),
      schema: rest,
    }
  })
}

function responsesOf(spec: RouteSpec, schemas: Components, hasVersion: boolean): JsonObject {
  const isEmpty = spec.answer === undefined && spec.media === undefined
  const status = spec.status ?? (isEmpty ? 204 : 200)
  const etag = hasVersion && spec.method !== 'DELETE'
  const headers = {
    'x-request-id': { $ref: '#/components/headers/RequestId' },
    ...(etag && { ETag: { $ref: '#/components/headers/ETag' } }),
  }
  return {
    [status]: {
      description: isEmpty ? 'Done.' : spec.summary,
      headers,
      ...(!isEmpty && { content: contentOf(spec, schemas) }),
    },
    default: { $ref: '#/components/responses/Error' },
  }
}

function contentOf({ media, answer }: RouteSpec, schemas: Components): JsonObject {
  if (media === undefined && answer !== undefined) {
    return { [JSON_TYPE]: { schema: schemas.add(answer, 'output') } }
  }
  if (media !== 'text/event-stream' || answer === undefined) {
    return { [media ?? 'text/plain']: { schema: { type: 'string' } } }
  }
  const { $ref } = schemas.add(answer, 'output')
  const description = `Server-sent events; \`data\` of each is the JSON of ${String($ref)}.`
  return { [media]: { schema: { type: 'string', description }, 'x-data': { $ref } } }
}

/** Schemas with an id, each once. */
class Components {
  readonly #byName = new Map<string, JsonObject>()
  /** What was placed under a name, with all it refers to: what tells two of one id apart. */
  readonly #texts = new Map<string, string>()

  /** Adds what the schema refers to and gives what stands in its place. */
  add(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
    const { $defs = {}, ...root } = toJson(schema, io)
    const defs = $defs as Readonly<Record<string, JsonObject>> // as JSON Schema has them
    const renamed = new Map<string, string>()
    for (const name of Object.keys(defs)) {
      renamed.set(name, this.#nameFor(name, textOf(name, defs), io))
    }
    for (const [name, value] of Object.entries(defs)) {
      this.#byName.set(renamed.get(name) ?? name, withRefs(value, renamed))
    }
    return withRefs(root, renamed)
  }

  /** The schema itself, for what is no component; it refers to nothing. */
  inline(schema: z.ZodType): JsonObject {
    const { $defs = {}, $ref, ...root } = toJson(schema, 'input')
    if (typeof $ref !== 'string') return root
    const name = $ref.replace('#/$defs/', '')
    return ($defs as Readonly<Record<string, JsonObject>>)[name] ?? root // by the id of the schema
  }

  all(): JsonObject {
    const sorted = [...this.#byName].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(sorted)
  }

  /** The name itself, as long as nothing else has it. */
  #nameFor(name: string, text: string, io: 'input' | 'output'): string {
    const suffix = io === 'input' ? 'Input' : 'Output'
    for (let count = 0; ; count += 1) {
      const wanted = count === 0 ? name : `${name}${suffix}${count === 1 ? '' : count}`
      const known = this.#texts.get(wanted)
      if (known !== undefined && known !== text) continue
      this.#texts.set(wanted, text)
      return wanted
    }
  }
}

/** A definition with all that it refers to, itself once. */
function textOf(name: string, defs: Readonly<Record<string, JsonObject>>): string {
  const reached = new Set([name])
  let text = ''
  for (const one of reached) {
    const own = JSON.stringify(defs[one])
    text += own
    for (const [, other = ''] of own.matchAll(/"#\/\$defs\/([^"]+)"/g)) reached.add(other)
  }
  return text
}

function toJson(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    ...{ io, unrepresentable: 'any' },
    override: ({ jsonSchema }) => {
      // Says what `format` says, at length.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      delete jsonSchema.id
    },
  })
  return json
}

function withRefs(value: JsonObject, renamed: ReadonlyMap<string, string>): JsonObject {
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => {
    if (key !== '$ref' || typeof part !== 'string') return part
    const name = part.replace('#/$defs/', '')
    return part.startsWith('#/$defs/') ? `#/components/schemas/${renamed.get(name) ?? name}` : part
  }) as JsonObject // what was an object stays one
}

function tagsOf(ids: readonly string[]): JsonObject[] {
  return [...new Set(ids.map(tagOf))].toSorted().map((name) => ({ name }))
}

function tagOf(id: string): string {
  return id.slice(0, id.indexOf('.'))
}
