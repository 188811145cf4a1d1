import { listQuery } from '../list.ts'
import type { RouteTable } from '../route.ts'
import {
  userBootstrap,
  userChange,
  userCreate,
  userItem,
  userList,
  userMade,
  userReset,
} from '../users.ts'

/** A password is hashed: one of many who wait their turn. */
const HASH_DEADLINE_MS = 30_000

const read = { need: 'users.read', tenants: 'own', method: 'GET' } as const
const write = { need: 'users.write', tenants: 'own' } as const
const one = '/api/v1/users/:idOrName'

export const userRoutes = {
  'users.list': {
    ...{ ...read, path: '/api/v1/users' },
    summary: 'Lists the people who may log in',
    query: listQuery,
    answer: userList,
  },
  'users.show': { ...{ ...read, path: one }, summary: 'Shows one of them', answer: userItem },
  'users.create': {
    ...{ ...write, method: 'POST', path: '/api/v1/users', body: userCreate, answer: userMade },
    summary: 'Lets a person log in; a password that is made is shown once',
    status: 201,
    deadlineMs: HASH_DEADLINE_MS,
  },
  'users.bootstrap': {
    ...{ method: 'POST', path: '/api/v1/users/bootstrap', body: userBootstrap, answer: userMade },
    ...{ need: 'users.write', tenants: 'none' },
    summary: 'Makes the first admin, on the local socket alone and only while there is none',
    status: 201,
    deadlineMs: HASH_DEADLINE_MS,
  },
  'users.change': {
    ...{ ...write, method: 'PATCH', path: one, body: userChange, answer: userItem },
    summary: 'Changes name, roles, tenant or whether it is disabled; new rights end all logins',
    versioned: true,
  },
  'users.reset': {
    ...{ ...write, method: 'POST', path: `${one}/password`, body: userReset, answer: userMade },
    summary: 'Gives a person a new password and ends all its logins',
    deadlineMs: HASH_DEADLINE_MS,
  },
  'users.remove': {
    ...{ ...write, method: 'DELETE', path: one },
    summary: 'Removes a person and ends all its logins',
    versioned: true,
  },
} as const satisfies RouteTable
