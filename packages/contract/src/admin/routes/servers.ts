import { groupList } from '../groups.ts'
import { listQuery } from '../list.ts'
import { drainCreate, drainQuery, markChanged, markCreate } from '../marks.ts'
import type { RouteSpec, RouteTable } from '../route.ts'
import { checkReport, logList, logQuery, serverDone, serverItem, serverList } from '../servers.ts'

/** Drain and start time are bounded by ten minutes each. */
const TURN_DEADLINE_MS = 21 * 60_000

const turn = { method: 'POST', need: 'servers.operate', tenants: 'none' } as const
const slow = { ...turn, deadlineMs: TURN_DEADLINE_MS } as const
const look = {
  method: 'GET',
  need: 'servers.read',
  tenants: 'own',
} as const satisfies Partial<RouteSpec>

export const serverRoutes = {
  'servers.list': {
    ...{ ...look, path: '/api/v1/servers' },
    summary: 'Lists servers as they are now',
    query: listQuery,
    answer: serverList,
  },
  'servers.get': {
    ...{ ...look, path: '/api/v1/servers/:name' },
    summary: 'Shows one server',
    answer: serverItem,
  },
  'servers.logs': {
    ...{ ...look, tenants: 'none', path: '/api/v1/servers/:name/logs' },
    summary: 'Shows the newest lines of its standard error',
    query: logQuery,
    answer: logList,
  },
  'servers.start': {
    ...{ ...slow, path: '/api/v1/servers/:name/start' },
    summary: 'Starts a server',
    answer: serverDone,
  },
  'servers.stop': {
    ...{ ...slow, path: '/api/v1/servers/:name/stop' },
    summary: 'Stops a server once its calls are done; the next call starts it again',
    answer: serverDone,
  },
  'servers.restart': {
    ...{ ...slow, path: '/api/v1/servers/:name/restart' },
    summary: 'Stops and starts a server',
    answer: serverDone,
  },
  'servers.warm': {
    ...{ ...slow, path: '/api/v1/servers/:name/warm' },
    summary: 'Starts a server and reads its lists',
    answer: serverDone,
  },
  'servers.check': {
    ...{ ...slow, path: '/api/v1/servers/:name/check' },
    summary: 'Looks whether a server is healthy, now',
    answer: checkReport,
  },
  'servers.block': {
    ...{ ...turn, path: '/api/v1/servers/:name/block' },
    summary: 'Keeps all calls from a server, over restarts',
    body: markCreate,
    answer: markChanged,
  },
  'servers.unblock': {
    ...{ ...turn, path: '/api/v1/servers/:name/unblock' },
    summary: 'Lets calls through to a blocked server again',
    answer: markChanged,
  },
  'servers.drain': {
    ...{ ...turn, path: '/api/v1/servers/:name/drain' },
    summary: 'Refuses new calls to a server, running ones finish',
    body: markCreate,
    answer: markChanged,
  },
  'servers.undrain': {
    ...{ ...turn, path: '/api/v1/servers/:name/undrain' },
    summary: 'Takes calls to a server again',
    answer: markChanged,
  },
  'groups.list': {
    ...{ ...look, path: '/api/v1/groups' },
    summary: 'Lists groups with the state of their members',
    query: listQuery,
    answer: groupList,
  },
  'drain.start': {
    ...{ ...turn, path: '/api/v1/drain' },
    summary: 'Refuses new calls to the whole gateway or one server, running ones finish',
    body: drainCreate,
    answer: markChanged,
  },
  'drain.end': {
    ...{ ...turn, method: 'DELETE', path: '/api/v1/drain' },
    summary: 'Takes calls again',
    query: drainQuery,
    answer: markChanged,
  },
} as const satisfies RouteTable
