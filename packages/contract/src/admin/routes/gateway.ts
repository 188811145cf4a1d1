import { auditList, auditQuery, verifyReport } from '../audit.ts'
import {
  configDiff,
  configStatus,
  generationList,
  generationText,
  reloadReport,
  rollbackCreate,
} from '../configuration.ts'
import { listQuery } from '../list.ts'
import type { RouteTable } from '../route.ts'
import { gatewayStatus, healthBrief, healthDetail } from '../status.ts'
import { usageList } from '../usage.ts'

const READ_DEADLINE_MS = 30_000
/** One reload after the other: a caller may wait for those before it. */
const RELOAD_DEADLINE_MS = 2 * 60_000
/** Every row is read and hashed; a minute is some millions of them. */
const VERIFY_DEADLINE_MS = 30 * 60_000

const health = {
  method: 'GET',
  need: 'open',
  tenants: 'own',
  answer: healthBrief.or(healthDetail),
} as const
const config = { need: 'config.read', tenants: 'none', deadlineMs: READ_DEADLINE_MS } as const
const change = { ...config, need: 'config.write', deadlineMs: RELOAD_DEADLINE_MS } as const

export const gatewayRoutes = {
  'health.all': { ...health, path: '/health', summary: 'Says whether it is up and ready' },
  'health.live': { ...health, path: '/health/live', summary: 'Says whether it lives' },
  'health.ready': { ...health, path: '/health/ready', summary: 'Says whether it takes calls' },
  'health.startup': { ...health, path: '/health/startup', summary: 'Says whether it has started' },
  'metrics.read': {
    ...{ method: 'GET', path: '/metrics', need: 'credential', tenants: 'none' },
    summary: 'Gives all series in the Prometheus text format',
    media: 'text/plain',
  },
  'status.read': {
    ...{ method: 'GET', path: '/api/v1/status', need: 'status.read', tenants: 'none' },
    summary: 'Says what runs here',
    answer: gatewayStatus,
  },
  'usage.list': {
    ...{ method: 'GET', path: '/api/v1/usage', need: 'usage.read', tenants: 'own' },
    summary: 'Lists what each principal used today',
    query: listQuery,
    answer: usageList,
  },
  'audit.list': {
    ...{ method: 'GET', path: '/api/v1/audit', need: 'audit.read', tenants: 'own' },
    summary: 'Searches the audit log, newest first',
    query: auditQuery,
    answer: auditList,
    deadlineMs: READ_DEADLINE_MS,
  },
  'audit.verify': {
    ...{ method: 'POST', path: '/api/v1/audit/verify', need: 'audit.read', tenants: 'none' },
    summary: 'Reads every row and says whether anything was changed or removed',
    answer: verifyReport,
    deadlineMs: VERIFY_DEADLINE_MS,
  },
  'config.status': {
    ...{ ...config, method: 'GET', path: '/api/v1/config' },
    summary: 'Says which configuration is in force',
    answer: configStatus,
  },
  'config.diff': {
    ...{ ...config, method: 'GET', path: '/api/v1/config/diff' },
    summary: 'Says what the file would change if it were read now',
    answer: configDiff,
  },
  'config.history': {
    ...{ ...config, method: 'GET', path: '/api/v1/config/history' },
    summary: 'Lists the last 50 configurations that were in force',
    query: listQuery,
    answer: generationList,
  },
  'config.generation': {
    ...{ ...config, method: 'GET', path: '/api/v1/config/history/:id' },
    summary: 'Shows one of them, secrets as references',
    answer: generationText,
  },
  'config.reload': {
    ...{ ...change, method: 'POST', path: '/api/v1/config/reload' },
    summary: 'Reads the file again and goes over to it, or changes nothing',
    answer: reloadReport,
  },
  'config.rollback': {
    ...{ ...change, method: 'POST', path: '/api/v1/config/rollback' },
    summary: 'Goes back to an earlier configuration; the file stays as it is',
    body: rollbackCreate,
    answer: reloadReport,
  },
} as const satisfies RouteTable
