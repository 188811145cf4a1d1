import { openApiDocument, ROUTES } from '@sallyport/contract/admin'
import type { FastifyInstance } from 'fastify'
import { addRoutes } from './add-routes.ts'

/** `GET /api/v1/openapi.json`: made of the table of routes at the first request. */
export function addOpenApiRoute(app: FastifyInstance): void {
  let document: Record<string, unknown> | undefined
  addRoutes(app, {
    'openapi.read': () => (document ??= { ...openApiDocument(ROUTES) }),
  })
}
