import { listQuery } from '../list.ts'
import type { RouteTable } from '../route.ts'
import { roleChange, roleCreate, roleItem, roleList } from '../roles.ts'

const read = { method: 'GET', need: 'roles.read', tenants: 'own' } as const
const write = { need: 'roles.write', tenants: 'none' } as const
const one = '/api/v1/roles/:name'

export const roleRoutes = {
  'roles.list': {
    ...{ ...read, path: '/api/v1/roles', query: listQuery, answer: roleList },
    summary: 'Lists the roles: built-in, of the file and of the store',
  },
  'roles.show': { ...{ ...read, path: one }, summary: 'Shows one role', answer: roleItem },
  'roles.create': {
    ...{ ...write, method: 'POST', path: '/api/v1/roles', body: roleCreate, answer: roleItem },
    summary: 'Adds a role',
    status: 201,
  },
  'roles.change': {
    ...{ ...write, method: 'PATCH', path: one, body: roleChange, answer: roleItem },
    summary: 'Changes what callers of a role may do, from their next call on',
    versioned: true,
  },
  'roles.remove': {
    ...{ ...write, method: 'DELETE', path: one },
    summary: 'Removes a role: it gives nothing from then on',
    versioned: true,
  },
} as const satisfies RouteTable
