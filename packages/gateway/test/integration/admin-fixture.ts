import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@sallyport/kit/clock'
import { createKey, type Credentials, Door, Lockout } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import { openListener } from '@sallyport/kit/http'
import { RateLimits } from '@sallyport/kit/limits'
import { createLog, silentLog } from '@sallyport/kit/log'
import { Metrics } from '@sallyport/kit/metrics'
import type { AuditQuery, AuditRow } from '@sallyport/kit/store'
import { type AdminDeps, createAdminApp, type HealthFacts } from '../../src/admin/index.ts'
import { EventStreams } from '../../src/events/event-streams.ts'
import { Events } from '../../src/events/events.ts'
import { openChecklistOf } from './checklist-fixture.ts'
import { fakeSessions } from './sessions-fixture.ts'
import { Identity } from '../../src/identity/identity.ts'
import { fakeConfig, GROUP, openFakeOperations, USAGE } from './operations-fixture.ts'
import { openFolderStore } from './people-fixture.ts'
import { openFakeUsers } from './users-fixture.ts'

const LIMITS = {
  headerBytes: 16_384,
  requestMs: 5_000,
  connections: 100,
  connectionsPerAddress: 100,
}

export const AUDIT_ROW: AuditRow = {
  writer: 'w1',
  seq: 1,
  hash: Buffer.from('ab', 'hex'),
  atMs: 1_700_000_000_000,
  kind: 'call',
  requestId: 'r-1',
  principal: 'key:abcdefgh',
  tenant: null,
  address: '127.0.0.1',
  method: 'tools/call',
  server: 'files',
  tool: 'read_file',
  outcome: 'ok',
  code: null,
  durationUs: 1_200,
  argumentsMac: null,
  member: null,
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly json: unknown
}

export interface Asked {
  readonly method?: string
  readonly key?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface FixtureOptions {
  readonly anonymous?: boolean
  readonly protectMetrics?: boolean
  /** Requests a caller may make in a row. */
  readonly burst?: number
  /** Streams of events open at once. */
  readonly eventStreams?: number
  readonly deps?: Partial<AdminDeps>
}

const refuse = (): Promise<never> => Promise.reject(new AppError('not_found', 'none here'))
const NO_ENTRIES: AdminDeps['entries'] = {
  ...{ add: refuse, replace: refuse, remove: refuse },
  find: () => undefined,
  standings: () => [],
}

/** The admin app on a real port and a real socket, behind the real door, over a store in memory. */
export async function openFixture(options: FixtureOptions = {}) {
  await using opening = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  opening.defer(() => rmSync(folder, { recursive: true }))
  const keys = await openIdentity(opening)
  const lines: string[] = []
  const facts: { current: HealthFacts } = { current: FACTS }
  const queries: AuditQuery[] = []
  const usageOf: (string | null)[] = []
  const door = openDoor(keys.identity.credentials, options)
  const log = createLog({
    level: 'debug',
    json: true,
    destination: { write: (l) => lines.push(l) },
  })
  const operations = await openFakeOperations(log)
  const sessions = fakeSessions(log)
  const events = new Events(systemClock, log)
  const eventStreams = opening.use(
    new EventStreams({ events, clock: systemClock, streamsMax: () => options.eventStreams ?? 8 }),
  )
  const config = fakeConfig()
  const app = opening.use(
    createAdminApp({
      entrance: { door, host: '127.0.0.1', protectMetrics: options.protectMetrics === true },
      log,
      ...keys.services,
      audit: {
        list: async (query) => {
          queries.push(query)
          return { items: [AUDIT_ROW], next: 'more' }
        },
        verify: async () => ({ ok: true, rows: 1, writers: 1, broken: [] }),
      },
      ...(await openFakeUsers(opening)),
      ...openChecklistOf(keys.store),
      operations: operations.operations,
      secrets: { rotate: async () => ROTATION },
      erasure: { erase: async ({ plan }) => ({ ...ERASURE, planned: plan }) },
      sessions: sessions.control,
      ...{ events, eventStreams },
      config: config.control,
      entries: NO_ENTRIES,
      inForce: () => ({ servers: {}, groups: {}, endpoints: {} }),
      groups: () => [GROUP],
      usage: (tenant) => {
        usageOf.push(tenant)
        return [USAGE]
      },
      metrics: new Metrics({ version: '0.1.0', perTool: false }),
      health: () => facts.current,
      status: () => STATUS,
      ...options.deps,
    }),
  )
  const path = join(folder, 'admin.sock')
  const tcp = opening.use(
    await openListener({
      address: { host: '127.0.0.1', port: 0 },
      handler: app.handle,
      limits: LIMITS,
    }),
  )
  opening.use(
    await openListener({
      address: { path, mode: 0o600 },
      handler: app.handleLocally,
      limits: LIMITS,
    }),
  )
  const resources = opening.move()
  return {
    app,
    lines,
    facts,
    queries,
    usageOf,
    path,
    port: tcp.port,
    operations: operations.operations,
    fleet: operations.fleet,
    marks: operations.marks,
    config,
    sessions,
    adminKey: await keys.add('root', 'admin'),
    callerKey: await keys.add('laptop', 'caller'),
    events,
    eventStreams,
    ask: (url: string, asked: Asked = {}) => ask(tcp.port, url, asked),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function openDoor(credentials: Credentials, options: FixtureOptions): Door {
  const { anonymous = false, burst = 1_000 } = options
  return new Door(
    { host: '127.0.0.1', allowedHosts: [], origins: [], trustedProxies: [], anonymous },
    {
      credentials,
      rates: new RateLimits(systemClock, { capacity: burst, refillPerSecond: 0.001 }),
      lockout: new Lockout(systemClock, { failures: 0, windowMs: 60_000, holdMs: 60_000 }),
      onRefused: () => undefined,
    },
  )
}

/** Keys, roles and tenants in an embedded store. */
async function openIdentity(scope: AsyncDisposableStack) {
  const store = await openFolderStore(scope)
  const config = { auth: { tokens: [] }, roles: {}, tenants: {} } as never // what it reads of one
  const identity = scope.use(
    await Identity.open({ store, config, clock: systemClock, log: silentLog }),
  )
  const add = async (name: string, role: 'admin' | 'caller'): Promise<string> => {
    const made = createKey({ name, role, tenant: null, expiresAtMs: null, clock: systemClock })
    await store.keys.create(made.record)
    await identity.refreshKeys()
    return made.text.reveal()
  }
  return { store, identity, add, services: identity.services(() => config) }
}

const FACTS: HealthFacts = {
  phase: 'running',
  storeWritable: true,
  loopStuck: false,
  version: '0.1.0',
  uptimeSeconds: 1,
  servers: [{ name: 'files', state: 'degraded', reason: 'exited with code 1' }],
  groups: [],
  draining: undefined,
}

const ERASURE = {
  principals: [{ id: 'key:abcdefgh', kind: 'key', name: 'laptop' }],
  rows: [{ table: 'keys', action: 'removed', rows: 1 }],
  notes: ['a backup from before still holds what was erased'],
} as const

const ROTATION = {
  masterKey: { source: 'file', rotated: true, next: '' },
  dataKey: { id: '0a1b2c3d', former: '4e5f6a7b', dropped: [], keys: 2 },
  rows: [{ table: 'generations', resealed: 1, current: 0, unreadable: 0 }],
  tookMs: 12,
} as const

const STATUS = {
  version: '0.1.0',
  environment: 'local',
  phase: 'running',
  pid: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  uptimeSeconds: 1,
  data: '127.0.0.1:9100',
  admin: '127.0.0.1:9101',
  store: { kind: 'sqlite', writable: true },
  servers: 2,
  callsInFlight: 0,
} as const

function ask(port: number, url: string, asked: Asked): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request(
    {
      port,
      host: '127.0.0.1',
      path: url,
      method: asked.method ?? 'GET',
      agent: false,
      headers: {
        ...(asked.key !== undefined && { authorization: `Bearer ${asked.key}` }),
        ...(asked.body !== undefined && { 'content-type': 'application/json' }),
        ...asked.headers,
      },
    },
    async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString()
      const isJson = response.headers['content-type']?.includes('json') === true && text !== ''
      const { statusCode = 0, headers } = response
      resolve({ status: statusCode, headers, text, json: isJson ? JSON.parse(text) : undefined })
    },
  )
  sent.on('error', reject)
  sent.end(asked.body)
  return promise
}
