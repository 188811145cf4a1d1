import { listQuery } from '../list.ts'
import type { RouteTable } from '../route.ts'
import {
  sessionItem,
  sessionList,
  sessionQuery,
  suspendChanged,
  suspendCreate,
  suspensionList,
} from '../sessions.ts'

const look = { method: 'GET', need: 'sessions.read' } as const
const turn = { method: 'POST', need: 'sessions.write' } as const

export const sessionRoutes = {
  'sessions.list': {
    ...{ ...look, path: '/api/v1/sessions', tenants: 'own' },
    summary: 'Lists clients that have a session or subscription open at this process',
    query: sessionQuery,
    answer: sessionList,
  },
  'sessions.get': {
    ...{ ...look, path: '/api/v1/sessions/:id', tenants: 'own' },
    summary: 'Shows one of them',
    answer: sessionItem,
  },
  'sessions.suspend': {
    ...{ ...turn, path: '/api/v1/sessions/:id/suspend', tenants: 'own' },
    summary: 'Refuses the very next call of a session; running ones finish',
    body: suspendCreate,
    answer: suspendChanged,
  },
  'sessions.resume': {
    ...{ ...turn, path: '/api/v1/sessions/:id/resume', tenants: 'own' },
    summary: 'Takes calls of a suspended session again',
    answer: suspendChanged,
  },
  'sessions.end': {
    ...{ ...turn, method: 'DELETE', path: '/api/v1/sessions/:id', tenants: 'own' },
    summary:
      'Ends a session or subscription with its streams and calls; its client may open another',
  },
  'principals.suspend': {
    ...{ ...turn, path: '/api/v1/principals/:id/suspend', tenants: 'none' },
    summary: 'Refuses the very next call of a principal on both listeners, over restarts',
    body: suspendCreate,
    answer: suspendChanged,
  },
  'principals.resume': {
    ...{ ...turn, path: '/api/v1/principals/:id/resume', tenants: 'none' },
    summary: 'Takes calls of a suspended principal again',
    answer: suspendChanged,
  },
  'suspensions.list': {
    ...{ ...look, path: '/api/v1/suspensions', tenants: 'none' },
    summary: 'Lists which principals and sessions are suspended, by whom and why',
    query: listQuery,
    answer: suspensionList,
  },
} as const satisfies RouteTable
