import type { AuditList, GroupItem, KeyItem, ServerItem } from '@sallyport/contract/admin'
import { ManualClock } from '@sallyport/kit/clock'
import { expect, test } from 'vitest'
import { deploymentOf, look } from '../../../test/fixtures/deployment.ts'
import { type CannedGateway, viewOf } from '../../../test/fixtures/gateway-view.ts'
import { SERVERS } from '../../answers/servers.ts'
import type { Deployment } from '../../deployment.ts'

const NOW_MS = Date.parse('2026-11-21T12:00:00Z')
const DAY_MS = 86_400_000
const at = (daysAgo: number) => new Date(NOW_MS - daysAgo * DAY_MS).toISOString()

const SERVER: ServerItem = {
  ...{ name: 'one', kind: 'stdio', source: 'file', state: 'ready', reason: null },
  ...{ pid: 1, pids: [1], era: 'modern', tools: 2, inFlight: 0, breaker: 'closed', check: null },
  ...{ mark: null, groups: ['both'], prestart: false, owner: 'a@example.com' },
  ...{ description: null, runbook: null },
}
const GROUP: GroupItem = {
  ...{ name: 'both', strategy: 'priority', state: 'healthy', healthy: 2, minHealthy: 1 },
  ...{ below: 'serve', breaker: 'closed', hideMembers: false, canary: null, members: [] },
  ...{ owner: 'a@example.com', description: null, runbook: null },
}
const KEY: KeyItem = {
  ...{ id: 'aaaaaaaa', name: 'alice', role: 'caller', tenant: null, servers: null, tools: null },
  ...{ readOnly: false, allowFrom: null, createdAt: at(40), expiresAt: null, lastUsedAt: at(1) },
  ...{ revokedAt: null, previousUntil: null, rotatedAt: null, version: 1 },
}
type Row = AuditList['items'][number]
const ROW: Row = {
  ...{ writer: 'w', seq: 1, at: at(1), kind: 'call', requestId: 'r', principal: 'key:aaaaaaaa' },
  ...{ tenant: null, address: '10.0.0.1', method: 'tools/call', server: 'one', tool: 'look' },
  ...{ outcome: 'ok', code: null, durationUs: 1, argumentsMac: null, member: null, hash: '00' },
}
const GATEWAY: CannedGateway = {
  servers: [SERVER, { ...SERVER, name: 'two' }],
  groups: [GROUP],
  keys: [KEY],
  audit: [ROW, { ...ROW, seq: 2, server: 'two' }],
  verify: { ok: true, rows: 2, writers: 1, broken: [] },
  users: [],
  calls: {
    'tools/list': {
      tools: [{ name: 'one__look', annotations: { readOnlyHint: true } }, { name: 'one__write' }],
    },
    'tools/call': { content: [] },
    'resources/list': { resources: [{ uri: 'file:///a' }] },
    'resources/read': { contents: [{}] },
  },
}

interface World {
  readonly source: Record<string, any> // oxlint-disable-line no-explicit-any -- a file of a test, which cases change anywhere
  readonly gateway: { -readonly [Key in keyof CannedGateway]: CannedGateway[Key] }
}

function goodWorld(): World {
  const server = (command: string) => {
    return { command, owner: 'a@example.com', tools: { write: { destructive: true } } }
  }
  return {
    source: {
      mcpServers: {
        one: { ...server('true'), health: { every: '30s', call: { tool: 'look' } } },
        two: server('true'),
      },
      groups: { both: { members: ['one', 'two'], owner: 'a@example.com' } },
      auth: {},
      limits: {},
      audit: {},
      checklist: { objectives: { critical: ['both'] } },
    },
    gateway: structuredClone(GATEWAY),
  }
}

function deploymentIn({ source, gateway }: World): Deployment {
  return deploymentOf('/nowhere', source, {
    gateway: viewOf(gateway),
    clock: new ManualClock(NOW_MS),
  })
}

/** Ids of the answers that do not hold, by what became of them. */
async function notProved(deployment: Deployment): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [id, probe] of Object.entries(SERVERS)) {
    const { state } = await look(probe, deployment)
    if (state !== 'proved') found[id] = state
  }
  return found
}

test('a deployment in order is proved in everything [check/servers/healthy] [check/keys/admins] [check/calls/served]', async () => {
  expect(await notProved(deploymentIn(goodWorld()))).toEqual({})
})

const BROKEN: readonly (readonly [string, readonly string[], (world: World) => void])[] = [
  [
    'a degraded server',
    ['servers/healthy'],
    ({ gateway }) => (gateway.servers = [{ ...SERVER, state: 'degraded', reason: 'it hangs' }]),
  ],
  [
    'a blocked server',
    ['servers/healthy'],
    ({ gateway }) => (gateway.servers = [{ ...SERVER, state: 'blocked' }]),
  ],
  [
    'an open breaker',
    ['servers/healthy'],
    ({ gateway }) => (gateway.servers = [{ ...SERVER, breaker: 'open' }]),
  ],
  [
    'a server that is hardly looked at',
    ['servers/health-checks'],
    ({ source }) => (source.mcpServers.two.health = { every: '1h' }),
  ],
  [
    'a breaker that never opens',
    ['servers/breakers'],
    ({ source }) => (source.mcpServers.two.breaker = { failures: 0 }),
  ],
  [
    'a breaker of a group that stays open',
    ['servers/breakers'],
    ({ source }) => (source.groups.both.breaker = { reset: '30m' }),
  ],
  [
    'a server that stops at every pause',
    ['servers/idle-time'],
    ({ source }) => (source.mcpServers.two.idleAfter = '2s'),
  ],
  [
    'a server that never stops',
    ['servers/idle-time'],
    ({ source }) => (source.mcpServers.two.idleAfter = '30d'),
  ],
  [
    'a server without an owner',
    ['servers/owners'],
    ({ source }) => delete source.mcpServers.two.owner,
  ],
  [
    'a group without an owner',
    ['servers/owners'],
    ({ source }) => (source.groups.both.owner = ' '),
  ],
  [
    'a tool that says nothing',
    ['servers/annotations'],
    ({ source }) => delete source.mcpServers.one.tools,
  ],
  [
    'a critical server that stands alone',
    ['groups/critical'],
    ({ source }) => {
      source.groups = {}
      source.checklist.objectives.critical = ['one']
    },
  ],
  [
    'a critical group of one',
    ['groups/critical', 'groups/min-healthy'],
    ({ source }) => (source.groups.both.members = ['one']),
  ],
  [
    'a critical name that nothing has',
    ['groups/critical'],
    ({ source }) => source.checklist.objectives.critical.push('three'),
  ],
  [
    'a group that cannot lose a member',
    ['groups/min-healthy'],
    ({ source }) => (source.groups.both.minHealthy = 2),
  ],
  [
    'a group that lost a member',
    ['groups/healthy'],
    ({ gateway }) => (gateway.groups = [{ ...GROUP, state: 'partial', healthy: 1 }]),
  ],
  [
    'a rate that binds nobody',
    ['limits/rates'],
    ({ source }) => (source.limits.perPrincipal = { rate: '100000/s' }),
  ],
  [
    'calls at once without bound',
    ['limits/rates'],
    ({ source }) => (source.limits.perPrincipal = { concurrent: 100_000 }),
  ],
  ['bodies of 100 MiB', ['limits/bodies'], ({ source }) => (source.limits.requestBytes = '100MiB')],
  ['results of 1 GiB', ['limits/bodies'], ({ source }) => (source.limits.resultBytes = '1GiB')],
  [
    'calls that wait an hour',
    ['limits/deadlines'],
    ({ source }) => (source.mcpServers.two.callTimeout = '1h'),
  ],
  [
    'sessions of a week',
    ['sessions/life'],
    ({ source }) => (source.limits.session = { total: '7d' }),
  ],
  ['anonymous callers', ['auth/anonymous-off'], ({ source }) => (source.auth.anonymous = true)],
  [
    'a shared key',
    ['keys/per-principal'],
    ({ gateway }) => (gateway.keys = [{ ...KEY, name: 'shared' }]),
  ],
  [
    'a token without a name',
    ['keys/per-principal'],
    ({ source }) => (source.auth.tokens = ['x'.repeat(40)]),
  ],
  [
    'an administrator who calls tools',
    ['keys/least-privilege'],
    ({ gateway }) => (gateway.keys = [{ ...KEY, role: 'admin' }]),
  ],
  [
    'a key that does not use a server',
    ['keys/least-privilege'],
    ({ gateway }) => (gateway.audit = [ROW]),
  ],
  [
    'four administrators',
    ['keys/admins'],
    ({ gateway }) => {
      const admins = ['a', 'b', 'c', 'd'].map((id) => ({ ...KEY, id, name: id, role: 'admin' }))
      gateway.keys = [KEY, ...admins]
    },
  ],
  [
    'a key of last year',
    ['keys/age'],
    ({ gateway }) => (gateway.keys = [{ ...KEY, createdAt: at(300), rotatedAt: at(100) }]),
  ],
  [
    'a key that nobody uses',
    ['keys/used'],
    ({ gateway }) => (gateway.keys = [{ ...KEY, lastUsedAt: at(31) }]),
  ],
  ['no records', ['audit/on', 'audit/kept'], ({ source }) => (source.audit.enabled = false)],
  ['records for a day', ['audit/kept'], ({ source }) => (source.audit.keep = '1d')],
  ['records without room', ['audit/kept'], ({ source }) => (source.audit.maxSize = '1MiB')],
  [
    'an edited record',
    ['audit/verified'],
    ({ gateway }) => {
      gateway.verify = {
        ok: false,
        rows: 2,
        writers: 1,
        broken: [{ writer: 'w', seq: 1, kind: 'edited' }],
      }
    },
  ],
  [
    'a call that fails',
    ['calls/tool'],
    ({ gateway }) => (gateway.calls = { ...gateway.calls, 'tools/call': { isError: true } }),
  ],
  [
    'a resource that cannot be read',
    ['calls/resource'],
    ({ gateway }) => {
      gateway.calls = { ...gateway.calls, 'resources/read': new Error('gone') }
    },
  ],
]

test.each(BROKEN)(
  '%s fails %o and nothing else [check/servers/health-checks] [check/servers/breakers] [check/servers/idle-time] [check/servers/owners] [check/servers/annotations] [check/groups/critical] [check/groups/min-healthy] [check/groups/healthy] [check/limits/rates] [check/limits/bodies] [check/limits/deadlines] [check/sessions/life] [check/auth/anonymous-off] [check/keys/per-principal] [check/keys/least-privilege] [check/keys/age] [check/keys/used] [check/audit/on] [check/audit/kept] [check/audit/verified] [check/calls/tool] [check/calls/resource]',
  async (_case, failing, breakIt) => {
    const world = goodWorld()
    breakIt(world)
    const found = await notProved(deploymentIn(world))
    expect(Object.keys(found).filter((id) => found[id] === 'failed')).toEqual(failing)
  },
)

const many = (row: Partial<Row>) =>
  Array.from({ length: 1_000 }, (): Row => ({ ...ROW, address: 'local', ...row }))

test('a server that was used before a thousand other calls is used [check/keys/least-privilege]', async () => {
  const world = goodWorld()
  world.gateway.audit = [...many({ address: '10.0.0.1' }), { ...ROW, server: 'two' }]
  expect(await notProved(deploymentIn(world))).toEqual({})
})

test('more users than are listed are not said to be few [check/keys/admins]', async () => {
  const world = goodWorld()
  world.gateway.users = 'endless'
  // What a look throws leaves the answer unproved.
  await expect(look(SERVERS['keys/admins'], deploymentIn(world))).rejects.toThrow(
    'the gateway has more of /api/v1/users than are looked at',
  )
})

test('a harmless call that nobody answers fails with why [check/calls/tool]', async () => {
  const world = goodWorld()
  world.gateway.calls = { ...world.gateway.calls, 'tools/call': new Error('it is down') }
  const found = await look(SERVERS['calls/tool'], deploymentIn(world))
  expect(found.state).toBe('failed')
  expect(found.evidence[0]?.text).toMatch(/^one__look did not answer: .*it is down/)
})

const UNKNOWN: readonly (readonly [string, readonly string[], (world: World) => void])[] = [
  [
    'a server that was never started',
    ['servers/healthy'],
    ({ gateway }) => (gateway.servers = [{ ...SERVER, state: 'cold', tools: null }]),
  ],
  [
    'nothing said of what is critical',
    ['groups/critical', 'groups/min-healthy'],
    ({ source }) => delete source.checklist.objectives,
  ],
  ['no harmless call', ['calls/tool'], ({ source }) => delete source.mcpServers.one.health],
  [
    'no call in a week',
    ['calls/served'],
    ({ gateway }) => {
      gateway.audit = [at(8), at(9)].map((stamp, index) => ({
        ...ROW,
        at: stamp,
        server: index === 0 ? 'one' : 'two',
      }))
    },
  ],
  [
    'calls of this machine alone',
    ['calls/served'],
    ({ gateway }) => {
      gateway.audit = gateway.audit.map((row) => ({ ...row, address: 'local' }))
    },
  ],
  [
    'an empty log',
    ['audit/verified'],
    ({ gateway }) => (gateway.verify = { ok: true, rows: 0, writers: 0, broken: [] }),
  ],
  [
    'a key of an administrator with more rows than are read',
    ['keys/least-privilege', 'calls/served'],
    ({ gateway }) => {
      gateway.keys = [{ ...KEY, role: 'admin' }]
      gateway.audit = [...many({ kind: 'door', method: 'GET /' }), ...gateway.audit]
    },
  ],
  ['no credential at all', ['keys/per-principal'], ({ gateway }) => (gateway.keys = [])],
]

test.each(UNKNOWN)('with %s nobody knows about %o', async (_case, unknown, breakIt) => {
  const world = goodWorld()
  breakIt(world)
  const found = await notProved(deploymentIn(world))
  expect(Object.keys(found).filter((id) => found[id] === 'unproved')).toEqual(unknown)
  expect(Object.values(found)).not.toContain('failed')
})

test('without a gateway, what needs one is unproved, and what the file says is judged', async () => {
  const { source } = goodWorld()
  const found = await notProved(deploymentOf('/nowhere', source, { gateway: undefined }))
  expect(new Set(Object.values(found))).toEqual(new Set(['unproved']))
  expect(Object.keys(found)).toContain('calls/tool')
  expect(Object.keys(found)).not.toContain('limits/rates')
})

test('without a configuration that can be run, nothing is proved of it', async () => {
  const deployment = deploymentOf('/nowhere', {}, { config: undefined, gateway: undefined })
  const found = await notProved(deployment)
  expect(Object.keys(found)).toEqual(Object.keys(SERVERS))
  expect(new Set(Object.values(found))).toEqual(new Set(['unproved']))
})

test('no resources, no groups and a declaration that nothing is critical do not apply', async () => {
  const world = goodWorld()
  world.source.groups = {}
  world.source.checklist.objectives.critical = []
  world.gateway.groups = []
  world.gateway.calls = { ...world.gateway.calls, 'resources/list': { resources: [] } }
  expect(await notProved(deploymentIn(world))).toEqual({
    'groups/critical': 'not_applicable',
    'groups/min-healthy': 'not_applicable',
    'groups/healthy': 'not_applicable',
    'calls/resource': 'not_applicable',
  })
})
