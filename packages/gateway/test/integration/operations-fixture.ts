import type { GroupItem, UsageItem } from '@sallyport/contract/admin'
import { gatewayConfig } from '@sallyport/contract/config'
import { systemClock } from '@sallyport/kit/clock'
import type { ConfigProblem } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { MarkRecord } from '@sallyport/kit/store'
import { Marks } from '../../src/marks.ts'
import { Operations } from '../../src/operations.ts'
import type { ConfigControl, Generation, ReloadReport } from '../../src/reload/config-control.ts'
import type {
  HealthCheck,
  ServerControl,
  ServerMark,
  ServerStatus,
} from '../../src/upstreams/upstream.ts'

const CONFIG = gatewayConfig.parse({
  mcpServers: {
    files: { command: 'files', owner: 'platform@example.com', runbook: 'https://example.com/r' },
    search: { url: 'https://search.example.com/mcp', prestart: true },
    backup: { url: 'https://backup.example.com/mcp' },
  },
  groups: { answers: { members: ['search', 'backup'] } },
})

export const CHECK: HealthCheck = {
  kind: 'call',
  ok: false,
  reason: 'the call list_allowed_directories did not answer within 10 s',
  durationMs: 10_000.4,
  atMs: 1_700_000_000_000,
}

export const GROUP: GroupItem = {
  name: 'answers',
  strategy: 'round-robin',
  state: 'below',
  healthy: 1,
  minHealthy: 2,
  below: 'serve',
  breaker: 'closed',
  hideMembers: false,
  canary: null,
  members: [
    {
      ...{ server: 'search', state: 'ready', healthy: true, reason: null },
      ...{ weight: 1, priority: 1, inFlight: 2 },
    },
    {
      ...{ server: 'backup', state: 'blocked', healthy: false, reason: 'blocked' },
      ...{ weight: 1, priority: 2, inFlight: 0 },
    },
  ],
  owner: null,
  description: null,
  runbook: null,
}

export const USAGE: UsageItem = {
  principal: 'key:abcdefgh',
  name: 'ci',
  day: '2026-11-21',
  calls: 12,
  daily: null,
  writes: 2,
  writesDaily: 10_000,
  remaining: null,
  writesRemaining: 9_998,
  callsTotal: 12,
  refused: 3,
  refusals: { rate_limited: 3 },
  rateLimited: 3,
  inFlight: 1,
  queued: 0,
}

/** Servers that only remember what was asked of them. */
export class FakeFleet {
  readonly asked: string[] = []
  readonly held = new Map<string, ServerMark | undefined>()
  /** Thrown by the next start. */
  failure: AppError | undefined
  inFlight = 3
  check: HealthCheck = CHECK

  readonly control: ServerControl = {
    start: async (server, { principal }) => {
      this.asked.push(`start ${server} for ${principal.id}`)
      if (this.failure !== undefined) throw this.failure
    },
    stop: async (server, drainMs) => void this.asked.push(`stop ${server} in ${drainMs}`),
    mark: (server, kind, mark) => {
      this.asked.push(`mark ${server} ${kind} ${mark?.reason ?? 'none'}`)
      this.held.set(`${kind} ${server}`, mark)
    },
    check: async (server) => {
      this.asked.push(`check ${server}`)
      return this.check
    },
    logs: (server, linesMax) => {
      const lines = server === 'files' ? ['first', 'second'] : []
      return lines.slice(-linesMax).map((text, at) => ({ atMs: at, pid: 41, text }))
    },
  }

  async warm(server: string): Promise<void> {
    this.asked.push(`warm ${server}`)
  }

  status(): readonly ServerStatus[] {
    return ['search', 'files', 'backup'].map((name): ServerStatus => {
      const kind = name === 'files' ? 'stdio' : 'http'
      const state = this.held.get(`blocked ${name}`) === undefined ? 'ready' : 'blocked'
      const inFlight = name === 'files' ? this.inFlight : 0
      const pids = kind === 'stdio' ? [41, 42] : []
      const check = name === 'search' ? CHECK : null
      const known = { reason: null, era: 'modern', breaker: 'closed' } as const
      return { name, kind, state, pids, inFlight, check, ...known }
    })
  }
}

/** The operator's side over a fleet that only remembers, and a store in memory. */
export async function openFakeOperations(log: Log) {
  const fleet = new FakeFleet()
  const marks = await Marks.open({ store: memoryMarks(), fleet, clock: systemClock, log })
  const operations = new Operations({
    ...{ fleet, marks, clock: systemClock, log },
    config: () => CONFIG,
    toolCount: (name) => (name === 'files' ? 11 : null),
  })
  return { fleet, marks, operations }
}

export function memoryMarks(records: readonly MarkRecord[] = []) {
  const held = new Map(records.map((record) => [`${record.kind} ${record.server}`, record]))
  return {
    list: async () => [...held.values()],
    set: async (record: MarkRecord) => void held.set(`${record.kind} ${record.server}`, record),
    clear: async (server: string, kind: MarkRecord['kind']) => held.delete(`${kind} ${server}`),
  }
}

const GENERATIONS: readonly Generation[] = [2, 1].map((id) => ({
  ...{ id, atMs: 1_700_000_000_000 + id, cause: id === 1 ? 'start' : 'file', by: '' },
  ...{ digest: `d${id}`, file: '/etc/sallyport.yaml', current: id === 2, of: null },
}))

export const PROBLEM: ConfigProblem = {
  severity: 'error',
  path: 'mcpServers.files.comand',
  file: '/etc/sallyport.yaml',
  line: 4,
  column: 5,
  message: 'is not known here',
  remedy: 'did you mean `command`?',
}

const DONE: ReloadReport = {
  ok: true,
  generation: 3,
  of: null,
  changed: true,
  servers: { kept: ['files'], changed: [], added: ['search'], removed: [] },
  problems: [],
  cause: 'api',
  atMs: 1_700_000_000_000,
}

/** A configuration whose next reload ends as `next` says. */
export function fakeConfig() {
  const asked: string[] = []
  const fake = { asked, next: DONE as ReloadReport }
  const go = (what: string): ReloadReport => {
    asked.push(what)
    return fake.next
  }
  const control: ConfigControl = {
    generation: 1,
    last: undefined,
    reload: async ({ cause, by }) => go(`reload ${cause} by ${by}`),
    diff: async () => ({
      differences: [
        { path: 'mcpServers.files.args[0]', kind: 'changed', before: '"a"', after: '"b"' },
        { path: 'mcpServers.search', kind: 'added', before: undefined, after: '{"url":"x"}' },
      ],
      problems: [{ ...PROBLEM, severity: 'warning' }],
    }),
    history: async () => GENERATIONS,
    show: async (id) => {
      if (id > 2) throw new AppError('not_found', `there is no generation ${id}`)
      return `# generation ${id}\n`
    },
    rollback: async (id, by) => go(`rollback to ${id ?? 'before'} by ${by}`),
  }
  return Object.assign(fake, { control })
}
