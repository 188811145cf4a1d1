import { keyChange, keyCreate, keyCreated, keyItem, keyList, keyRotate } from '../keys.ts'
import { listQuery } from '../list.ts'
import type { RouteTable } from '../route.ts'

const read = { method: 'GET', need: 'keys.read', tenants: 'own' } as const
const write = { need: 'keys.write', tenants: 'own' } as const
const one = '/api/v1/keys/:idOrName'

export const keyRoutes = {
  'keys.list': {
    ...{ ...read, path: '/api/v1/keys' },
    summary: 'Lists API keys, oldest first, without their secrets',
    query: listQuery,
    answer: keyList,
  },
  'keys.show': { ...{ ...read, path: one }, summary: 'Shows one key', answer: keyItem },
  'keys.create': {
    ...{ ...write, method: 'POST', path: '/api/v1/keys', body: keyCreate, answer: keyCreated },
    summary: 'Makes an API key, which is shown once',
    status: 201,
  },
  'keys.change': {
    ...{ ...write, method: 'PATCH', path: one, body: keyChange, answer: keyItem },
    summary: 'Changes what a key is called and allowed, from its next call on',
    versioned: true,
  },
  'keys.rotate': {
    ...{ ...write, method: 'POST', path: `${one}/rotate`, body: keyRotate, answer: keyCreated },
    summary: 'Gives a key another secret, which is shown once; the old one is good for an overlap',
  },
  'keys.revoke': {
    ...{ ...write, method: 'DELETE', path: one },
    summary: 'Revokes a key: its next request is refused, its sessions and streams end',
  },
} as const satisfies RouteTable
