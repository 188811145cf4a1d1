import { expect, test } from 'vitest'
import { z } from 'zod'
import { type JsonObject, openApiDocument } from './openapi.ts'
import { type RouteTable } from './route.ts'
import { ROUTES } from './routes/index.ts'

const DOCUMENT = openApiDocument(ROUTES)

/** Every value of that key, anywhere. */
function valuesOf(wanted: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) =>
    key === wanted && typeof part !== 'object' ? [part] : valuesOf(wanted, part),
  )
}

function at(document: unknown, pointer: string): unknown {
  const parts = pointer.replace('#/', '').split('/')
  return parts.reduce<unknown>(
    (value, part) => (value as JsonObject | undefined)?.[part.replaceAll('~1', '/')],
    document,
  )
}

test('describes every route of the table, once [admin-api/openapi]', () => {
  const paths = DOCUMENT['paths'] as Record<string, JsonObject>
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const wanted = Object.values(ROUTES).map(
    ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
  )
  expect(described.toSorted()).toEqual(wanted.toSorted())
  const ids = valuesOf('operationId', DOCUMENT)
  expect(ids.toSorted()).toEqual(Object.keys(ROUTES).toSorted())
})

test('every reference leads somewhere, and nothing says what it must not [admin-api/openapi]', () => {
  const lost = valuesOf('$ref', DOCUMENT).filter((ref) => at(DOCUMENT, String(ref)) === undefined)
  expect(lost).toEqual([])
  expect(JSON.stringify(DOCUMENT)).not.toContain('$defs')
})

test('every parameter of a path is described, and every change of a version wants If-Match', () => {
  for (const [path, methods] of Object.entries(DOCUMENT['paths'] as Record<string, JsonObject>)) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    for (const operation of Object.values(methods)) {
      const { parameters = [] } = operation as { parameters?: JsonObject[] }
      const declared = parameters.filter(({ in: where }) => where === 'path')
      expect(declared.map(({ name }) => name)).toEqual(names)
    }
  }
})

test('what only shares its id with something else has a name of its own [admin-api/openapi]', () => {
  const inner = (text: string) => z.strictObject({ [text]: z.string() }).meta({ id: 'Inner' })
  const outer = (text: string) => z.strictObject({ inner: inner(text) }).meta({ id: 'Outer' })
  const path = '/api/v1/things'
  const common = { path, need: 'keys.write', tenants: 'own', summary: 'Does' } as const
  const { components } = openApiDocument({
    'things.a': { ...common, method: 'POST', body: outer('a'), answer: outer('b') },
    'things.b': { ...common, method: 'PUT', body: outer('c'), answer: outer('b') },
    'things.c': { ...common, method: 'PATCH', body: outer('a'), answer: outer('b') },
  }) as { components: { schemas: Record<string, { properties: JsonObject }> } }
  const found = Object.entries(components.schemas)
    .filter(([name]) => /^(?:Inner|Outer)/.test(name))
    .map(([name, { properties }]) => [name, JSON.stringify(properties).replaceAll('"', '')])
  expect(Object.fromEntries(found)).toEqual({
    Inner: '{b:{type:string}}',
    InnerInput: '{a:{type:string}}',
    InnerInput2: '{c:{type:string}}',
    Outer: '{inner:{$ref:#/components/schemas/Inner}}',
    OuterInput: '{inner:{$ref:#/components/schemas/InnerInput}}',
    OuterInput2: '{inner:{$ref:#/components/schemas/InnerInput2}}',
  })
})

test('says what a route takes and gives, with its version, its media and its permission', () => {
  const thing = z.strictObject({ a: z.string().default('x') }).meta({ id: 'Thing' })
  const table: RouteTable = {
    'things.get': {
      ...{ method: 'GET', path: '/api/v1/things/:id', need: 'keys.read', tenants: 'own' },
      ...{ summary: 'Shows one', answer: thing },
    },
    'things.change': {
      ...{ method: 'PUT', path: '/api/v1/things/:id', need: 'keys.write', tenants: 'none' },
      ...{ summary: 'Changes one', body: thing, answer: thing, versioned: true },
    },
    'things.watch': {
      ...{ method: 'GET', path: '/api/v1/watch', need: 'open', tenants: 'own' },
      ...{ summary: 'Tells', answer: thing, media: 'text/event-stream' },
    },
  }
  const { paths, components } = openApiDocument(table) as Record<string, Record<string, never>>
  expect(paths).toMatchObject({
    '/api/v1/things/{id}': {
      get: {
        'x-permission': 'keys.read',
        responses: { 200: { headers: { ETag: { $ref: '#/components/headers/ETag' } } } },
      },
      put: {
        parameters: [{ name: 'id', in: 'path' }, { $ref: '#/components/parameters/IfMatch' }],
        requestBody: {
          required: false,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/ThingInput' } } },
        },
        responses: {
          200: {
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
          },
          default: { $ref: '#/components/responses/Error' },
        },
      },
    },
    '/api/v1/watch': {
      get: {
        security: [{}, { bearer: [] }, { cookie: [] }],
        responses: { 200: { content: { 'text/event-stream': { schema: { type: 'string' } } } } },
      },
    },
  })
  expect(components).toMatchObject({
    schemas: { Thing: { required: ['a'] }, ThingInput: { properties: { a: { default: 'x' } } } },
  })
})
