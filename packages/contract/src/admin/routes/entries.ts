import {
  endpointChange,
  endpointCreate,
  entryItem,
  entryList,
  groupChange,
  groupCreate,
  serverChange,
  serverCreate,
} from '../entries.ts'
import { listQuery } from '../list.ts'
import type { RouteTable } from '../route.ts'

/** A change waits for reloads before it, and for the store. */
const CHANGE_DEADLINE_MS = 60_000

const look = { method: 'GET', need: 'servers.read', tenants: 'none' } as const
const change = { need: 'servers.write', tenants: 'none', deadlineMs: CHANGE_DEADLINE_MS } as const
const create = { ...change, method: 'POST', status: 201, answer: entryItem } as const
const replace = { ...change, method: 'PUT', versioned: true, answer: entryItem } as const
const remove = { ...change, method: 'DELETE', versioned: true } as const

export const entryRoutes = {
  'entries.list': {
    ...{ ...look, path: '/api/v1/entries' },
    summary: 'Lists what was added over this API, also what is not in force',
    query: listQuery,
    answer: entryList,
  },
  'servers.create': {
    ...{ ...create, path: '/api/v1/servers' },
    summary: 'Adds a server, in force at once and after every restart',
    body: serverCreate,
  },
  'servers.definition': {
    ...{ ...look, path: '/api/v1/servers/:name/definition' },
    summary: 'Shows where a server is defined, and as what, without its secrets',
    answer: entryItem,
  },
  'servers.replace': {
    ...{ ...replace, path: '/api/v1/servers/:name' },
    summary: 'Changes a server that was added over this API; calls under way finish on the old one',
    body: serverChange,
  },
  'servers.remove': {
    ...{ ...remove, path: '/api/v1/servers/:name' },
    summary: 'Removes a server that was added over this API; calls under way finish',
  },
  'groups.create': {
    ...{ ...create, path: '/api/v1/groups' },
    summary: 'Adds a group of servers',
    body: groupCreate,
  },
  'groups.definition': {
    ...{ ...look, path: '/api/v1/groups/:name/definition' },
    summary: 'Shows where a group is defined, and as what',
    answer: entryItem,
  },
  'groups.replace': {
    ...{ ...replace, path: '/api/v1/groups/:name' },
    summary: 'Changes a group that was added over this API',
    body: groupChange,
  },
  'groups.remove': {
    ...{ ...remove, path: '/api/v1/groups/:name' },
    summary: 'Removes a group that was added over this API; its members stay',
  },
  'endpoints.list': {
    ...{ ...look, path: '/api/v1/endpoints' },
    summary: 'Lists endpoints, of the file and of this API',
    query: listQuery,
    answer: entryList,
  },
  'endpoints.create': {
    ...{ ...create, path: '/api/v1/endpoints' },
    summary: 'Adds an endpoint, served at `/mcp/<name>` at once',
    body: endpointCreate,
  },
  'endpoints.definition': {
    ...{ ...look, path: '/api/v1/endpoints/:name/definition' },
    summary: 'Shows where an endpoint is defined, and as what',
    answer: entryItem,
  },
  'endpoints.replace': {
    ...{ ...replace, path: '/api/v1/endpoints/:name' },
    summary: 'Changes an endpoint that was added over this API',
    body: endpointChange,
  },
  'endpoints.remove': {
    ...{ ...remove, path: '/api/v1/endpoints/:name' },
    summary: 'Removes an endpoint that was added over this API',
  },
} as const satisfies RouteTable
