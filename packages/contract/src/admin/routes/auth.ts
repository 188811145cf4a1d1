import { listQuery } from '../list.ts'
import { callerSelf, loginCreate, loginList, loginMade, passwordChange } from '../logins.ts'
import type { RouteTable } from '../route.ts'

/** A password is checked and hashed: one of many who wait their turn. */
const HASH_DEADLINE_MS = 30_000

const own = { need: 'credential', tenants: 'own' } as const

export const authRoutes = {
  'auth.login': {
    ...{ method: 'POST', path: '/api/v1/auth/login', need: 'open', tenants: 'own' },
    summary: 'Logs a person in, by a cookie or by a token',
    body: loginCreate,
    answer: loginMade,
    deadlineMs: HASH_DEADLINE_MS,
  },
  'auth.me': {
    ...{ ...own, method: 'GET', path: '/api/v1/auth/me' },
    summary: 'Says who asks and what is allowed',
    answer: callerSelf,
  },
  'auth.logout': {
    ...{ ...own, method: 'POST', path: '/api/v1/auth/logout' },
    summary: 'Ends the login that the request came with',
  },
  'auth.password': {
    ...{ ...own, method: 'POST', path: '/api/v1/auth/password' },
    summary: 'Changes the own password; all other logins end and this one is made anew',
    body: passwordChange,
    answer: loginMade,
    deadlineMs: HASH_DEADLINE_MS,
  },
  'logins.list': {
    ...{ ...own, method: 'GET', path: '/api/v1/logins' },
    summary: 'Lists the own logins, or with users.read those of all',
    query: listQuery,
    answer: loginList,
  },
  'logins.end': {
    ...{ ...own, method: 'DELETE', path: '/api/v1/logins/:id' },
    summary: 'Ends an own login, or with users.write that of somebody else',
  },
} as const satisfies RouteTable
