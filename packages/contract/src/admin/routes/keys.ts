import { keyCreate, keyCreated, keyList } from '../keys.ts'
import type { RouteTable } from '../route.ts'

export const keyRoutes = {
  'keys.list': {
    ...{ method: 'GET', path: '/api/v1/keys', need: 'keys.read', tenants: 'own' },
    summary: 'Lists API keys, without their secrets',
    answer: keyList,
  },
  'keys.create': {
    ...{ method: 'POST', path: '/api/v1/keys', need: 'keys.write', tenants: 'own' },
    summary: 'Makes an API key, which is shown once',
    body: keyCreate,
    answer: keyCreated,
    status: 201,
  },
  'keys.revoke': {
    ...{ method: 'DELETE', path: '/api/v1/keys/:idOrName', need: 'keys.write', tenants: 'own' },
    summary: 'Revokes a key: its next request is refused, its sessions and streams end',
  },
} as const satisfies RouteTable
