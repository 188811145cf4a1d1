import { listQuery } from '../list.ts'
import type { RouteTable } from '../route.ts'
import { tenantChange, tenantCreate, tenantItem, tenantList } from '../tenants.ts'

const read = { method: 'GET', need: 'tenants.read', tenants: 'own' } as const
const write = { need: 'tenants.write', tenants: 'none' } as const
const one = '/api/v1/tenants/:name'

export const tenantRoutes = {
  'tenants.list': {
    ...{ ...read, path: '/api/v1/tenants', query: listQuery, answer: tenantList },
    summary: 'Lists the tenants of the file and of the store',
  },
  'tenants.show': { ...{ ...read, path: one }, summary: 'Shows one tenant', answer: tenantItem },
  'tenants.create': {
    ...{
      ...write,
      method: 'POST',
      path: '/api/v1/tenants',
      body: tenantCreate,
      answer: tenantItem,
    },
    summary: 'Adds a tenant',
    status: 201,
  },
  'tenants.change': {
    ...{ ...write, method: 'PATCH', path: one, body: tenantChange, answer: tenantItem },
    summary: 'Changes what callers of a tenant see, from their next call on',
    versioned: true,
  },
  'tenants.remove': {
    ...{ ...write, method: 'DELETE', path: one },
    summary: 'Removes a tenant: its callers may and see nothing from then on',
    versioned: true,
  },
} as const satisfies RouteTable
