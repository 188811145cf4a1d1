import { openApi } from '../openapi.ts'
import type { RouteTable } from '../route.ts'

export const openApiRoutes = {
  'openapi.read': {
    ...{ method: 'GET', path: '/api/v1/openapi.json', need: 'credential', tenants: 'own' },
    summary: 'Describes this API, as OpenAPI 3.1',
    answer: openApi,
  },
} as const satisfies RouteTable
