import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ErrorCode } from '../errors.ts'
import { printable } from '../log/printable.ts'
import type { AuditKind, AuditOutcome } from '../store/store.ts'
import { ChecklistGauges } from './checklist-gauges.ts'
import { RuntimeGauges, type RuntimeReading } from './runtime-gauges.ts'
import { SlackApiCounters } from './slack-api-counters.ts'
import { SlackCounters } from './slack-counters.ts'
import { StayUpCounters } from './stay-up-counters.ts'
import { Tallies, type Tally } from './tally.ts'
import { TenantCounter } from './tenant-counter.ts'

/** How a call ended; the outcomes of the audit log but for the one that is no end. */
export type CallResult = Exclude<AuditOutcome, 'pending'>

export interface MetricsOptions {
  readonly version: string
  /** Counts calls per tool too, up to 500 series. */
  readonly perTool: boolean
  /** Counts calls per tenant too, up to 100 tenants; false by default. */
  readonly perTenant?: boolean
}

/** The `server` label where a request concerns no single server. No server can have this name. */
export const NO_SERVER = '-'

const OTHER = 'other'
const SERVERS_MAX = 1_000
/** Two outcomes each: 500 series. */
const TOOLS_MAX = 250
const DURATION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]
const METHODS: ReadonlySet<string> = new Set([
  'tools/call',
  'tools/list',
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
])
// These break the naming rules of Prometheus: gauges called `_total`.
const MISNAMED_DEFAULTS = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

interface CallSeries {
  readonly duration: Histogram.Internal<'server' | 'method'>
  readonly outcomes: Map<CallResult, Tally>
}

/**
 * Every number the gateway shows, in a registry of its own. Label values come from closed sets: an unknown
 * method, or a server beyond the 1,000th, is `other`.
 */
export class Metrics {
  /** What keeps the gateway up: looks at servers, reloads, quotas, keyed calls. */
  readonly stayUp: StayUpCounters
  readonly #registry = new Registry()
  readonly #counters: Counters
  readonly #runtime: RuntimeGauges
  readonly #perTool: boolean
  readonly #calls = new Map<string, Map<string, CallSeries>>()
  readonly #tools = new Map<string, { ok: Tally; error: Tally }>()
  readonly #auditRows = new Map<AuditKind, Tally>()
  readonly #tallies = new Tallies()
  readonly #tenants: TenantCounter | undefined
  #slack: SlackCounters | undefined
  #slackApi: SlackApiCounters | undefined
  #checklist: ChecklistGauges | undefined

  constructor(options: MetricsOptions) {
    this.#perTool = options.perTool
    this.#counters = createCounters(this.#registry, options.perTool)
    this.stayUp = new StayUpCounters(this.#registry)
    if (options.perTenant === true) this.#tenants = new TenantCounter(this.#registry, this.#tallies)
    this.#runtime = new RuntimeGauges(this.#registry)
    collectDefaultMetrics({ register: this.#registry, prefix: 'sallyport_' })
    for (const name of MISNAMED_DEFAULTS) this.#registry.removeSingleMetric(`sallyport_${name}`)
    new Gauge({
      name: 'sallyport_build_info',
      help: 'Always 1; the labels say what runs.',
      labelNames: ['version', 'node'],
      registers: [this.#registry],
    }).set({ version: options.version, node: process.versions.node }, 1)
  }

  /** What the Slack server counts; shown from the first use on, so that a gateway shows none of it. */
  get slack(): SlackCounters {
    this.#slack ??= new SlackCounters(this.#registry)
    return this.#slack
  }

  /** What is asked of Slack; shown from the first use on. */
  get slackApi(): SlackApiCounters {
    this.#slackApi ??= new SlackApiCounters(this.#registry, this.#tallies)
    return this.#slackApi
  }

  /** What the newest report of the checklist says; shown from the first use on. */
  get checklist(): ChecklistGauges {
    this.#checklist ??= new ChecklistGauges(this.#registry)
    return this.#checklist
  }

  /** The media type of `render()`. */
  get contentType(): string {
    return this.#registry.contentType
  }

  /**
   * Counts one finished call. On the path of every call: under a microsecond.
   *
   * @param server configured name, or `NO_SERVER`
   * @param seconds from arrival to answer
   */
  callFinished(server: string, method: string, result: CallResult, seconds: number): void {
    const series = this.#calls.get(server)?.get(method) ?? this.#addCallSeries(server, method)
    const tally = series.outcomes.get(result) ?? this.#addOutcome(series, server, method, result)
    tally.add()
    series.duration.observe(seconds)
  }

  /** Counts one call of a tool; does nothing without `perTool`. Only for names a catalogue holds. */
  toolFinished(server: string, tool: string, ok: boolean): void {
    if (!this.#perTool) return
    const series = this.#tools.get(`${server}__${tool}`) ?? this.#addTool(server, tool)
    series[ok ? 'ok' : 'error'].add()
  }

  /** Counts one finished call of a tenant; does nothing without `perTenant`. */
  tenantFinished(tenant: string, result: CallResult): void {
    this.#tenants?.add(tenant, result)
  }

  doorRefused(code: ErrorCode): void {
    this.#counters.doorRefusals.inc({ code })
  }

  serverStarted(server: string, ok: boolean): void {
    this.#counters.serverStarts.inc({ server, outcome: ok ? 'ok' : 'failed' })
  }

  /** A start of a server that had been running and was not stopped by us. */
  serverRestarted(server: string): void {
    this.#counters.serverRestarts.inc({ server })
  }

  /** A server sent an answer nobody waits for, or something that is no message. */
  serverStrayed(server: string): void {
    this.#counters.serverStrays.inc({ server })
  }

  auditAppended(kind: AuditKind): void {
    const tally = this.#auditRows.get(kind) ?? this.#addAuditRows(kind)
    tally.add()
  }

  auditFailed(): void {
    this.#counters.auditFailures.inc()
  }

  /**
   * Adds a source of readings, asked at each scrape. What several sources report is added up. Returns the
   * removal.
   */
  watch(read: () => RuntimeReading): () => void {
    return this.#runtime.watch(read)
  }

  /** Everything in the Prometheus text format. */
  async render(): Promise<string> {
    this.#tallies.flush()
    this.#runtime.refresh()
    return this.#registry.metrics()
  }

  #addCallSeries(server: string, method: string): CallSeries {
    // An unknown method costs the slower path every time rather than a place in the map.
    if (method !== OTHER && !METHODS.has(method)) {
      return this.#calls.get(server)?.get(OTHER) ?? this.#addCallSeries(server, OTHER)
    }
    if (server !== OTHER && !this.#calls.has(server) && this.#calls.size >= SERVERS_MAX) {
      return this.#calls.get(OTHER)?.get(method) ?? this.#addCallSeries(OTHER, method)
    }
    const series = {
      duration: this.#counters.duration.labels(server, method),
      outcomes: new Map<CallResult, Tally>(),
    }
    const methods = this.#calls.get(server)
    if (methods === undefined) this.#calls.set(server, new Map([[method, series]]))
    else methods.set(method, series)
    return series
  }

  #addOutcome(series: CallSeries, server: string, method: string, result: CallResult): Tally {
    const knownServer = this.#calls.has(server) ? server : OTHER
    const knownMethod = METHODS.has(method) ? method : OTHER
    const tally = this.#tallies.of(this.#counters.calls.labels(knownServer, knownMethod, result))
    series.outcomes.set(result, tally)
    return tally
  }

  #addAuditRows(kind: AuditKind): Tally {
    const tally = this.#tallies.of(this.#counters.auditRows.labels(kind))
    this.#auditRows.set(kind, tally)
    return tally
  }

  #addTool(server: string, tool: string): { ok: Tally; error: Tally } {
    const other = this.#tools.get(OTHER)
    if (other !== undefined) return other
    const full = this.#tools.size >= TOOLS_MAX
    const labels = full ? ([OTHER, OTHER] as const) : ([server, printable(tool, 128)] as const)
    const series = {
      ok: this.#tallies.of(this.#counters.tools.labels(...labels, 'ok')),
      error: this.#tallies.of(this.#counters.tools.labels(...labels, 'error')),
    }
    this.#tools.set(full ? OTHER : `${server}__${tool}`, series)
    return series
  }
}

type Counters = ReturnType<typeof createCounters>

function createCounters(registry: Registry, perTool: boolean) {
  const registers = [registry]
  return {
    calls: new Counter({
      name: 'sallyport_calls_total',
      help: 'Finished MCP requests.',
      labelNames: ['server', 'method', 'outcome'],
      registers,
    }),
    duration: new Histogram({
      name: 'sallyport_call_duration_seconds',
      help: 'Time from arrival to answer of MCP requests.',
      labelNames: ['server', 'method'],
      buckets: DURATION_BUCKETS,
      registers,
    }),
    tools: new Counter({
      name: 'sallyport_tool_calls_total',
      help: 'Finished tool calls by tool, where metrics.perTool is on.',
      labelNames: ['server', 'tool', 'outcome'],
      registers: perTool ? registers : [],
    }),
    doorRefusals: new Counter({
      name: 'sallyport_door_refusals_total',
      help: 'Requests refused before their body was read.',
      labelNames: ['code'],
      registers,
    }),
    serverStarts: new Counter({
      name: 'sallyport_server_starts_total',
      help: 'Starts of servers, by whether they succeeded.',
      labelNames: ['server', 'outcome'],
      registers,
    }),
    serverRestarts: new Counter({
      name: 'sallyport_server_restarts_total',
      help: 'Starts of servers that had ended by themselves.',
      labelNames: ['server'],
      registers,
    }),
    serverStrays: new Counter({
      name: 'sallyport_server_strays_total',
      help: 'Answers of servers that nobody waited for, and what was no message.',
      labelNames: ['server'],
      registers,
    }),
    auditRows: new Counter({
      name: 'sallyport_audit_rows_total',
      help: 'Rows appended to the audit log.',
      labelNames: ['kind'],
      registers,
    }),
    auditFailures: new Counter({
      name: 'sallyport_audit_write_failures_total',
      help: 'Appends to the audit log that failed.',
      registers,
    }),
  }
}
