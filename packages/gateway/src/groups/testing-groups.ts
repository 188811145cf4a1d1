import { gatewayConfig, type GroupConfig, type ServerConfig } from '@sallyport/contract/config'
import { CallController } from '@sallyport/kit/call-signal'
import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { FairQueue } from '@sallyport/kit/limits'
import { silentLog } from '@sallyport/kit/log'
import { testPrincipal, testReply, testServer } from '../call/testing-call.ts'
import type { ServerCatalogue } from '../routing/catalogue.ts'
import type {
  Asker,
  ServerFleet,
  ServerState,
  ServerStatus,
  UpstreamReply,
  UpstreamRequest,
} from '../upstreams/upstream.ts'
import { Group } from './group.ts'
import type { MemberBounds } from './group-call.ts'
import { GroupedUpstreams } from './grouped-upstreams.ts'

/** A group named `g`, as the file would give it; @throws when it would not. */
export function testGroup(entry: object): GroupConfig {
  const { groups } = gatewayConfig.parse({ groups: { g: entry } })
  const { g } = groups
  if (!g) throw new TypeError('no group came out')
  return g
}

/** How a fake server takes a call: what it throws, or undefined for an answer. */
export type Take = (
  request: UpstreamRequest,
) => Promise<AppError | undefined> | AppError | undefined

/** Servers that do as they are told. */
export class FakeFleet implements ServerFleet {
  readonly states = new Map<string, ServerState>()
  readonly breakers = new Map<string, ServerStatus['breaker']>()
  readonly takes = new Map<string, Take>()
  /** Servers that were called, in order. */
  readonly called: string[] = []
  readonly warmed: string[] = []
  /** Reads a server's lists. */
  onWarm: (server: string) => void = () => undefined
  readonly notified: string[] = []
  /** As often as it was subscribed to. */
  readonly subscribed: string[] = []
  /** Servers that refuse subscriptions and warming. */
  readonly refusing = new Set<string>()
  readonly #names: readonly string[]

  constructor(names: readonly string[]) {
    this.#names = names
  }

  readonly control: ServerFleet['control'] = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    mark: () => undefined,
    check: () => Promise.reject(new TypeError('not here')),
    logs: () => [],
  }

  stateOf(server: string): ServerState {
    return this.states.get(server) ?? 'ready'
  }

  breakerOf(server: string): ServerStatus['breaker'] {
    return this.breakers.get(server) ?? 'closed'
  }

  async call(server: string, _asker: Asker, request: UpstreamRequest): Promise<UpstreamReply> {
    this.called.push(server)
    const failure = await this.takes.get(server)?.(request)
    if (failure) throw failure
    const message = testReply(`{"jsonrpc":"2.0","id":1,"result":{"from":"${server}"}}`)
    return { message, era: 'legacy' }
  }

  async warm(server: string): Promise<void> {
    this.warmed.push(server)
    this.onWarm(server)
    if (this.refusing.has(server)) throw down()
  }

  keyOf(server: string, { principal }: Asker): string {
    return `${server}:${principal.id}`
  }

  async subscribe(server: string, _asker: Asker, uri: string): Promise<void> {
    if (this.refusing.has(server)) throw down()
    this.subscribed.push(`${server} ${uri}`)
  }

  unsubscribe(server: string, _asker: Asker, uri: string): void {
    const at = this.subscribed.indexOf(`${server} ${uri}`)
    if (at === -1) throw new TypeError('nobody subscribed')
    this.subscribed.splice(at, 1)
  }

  notify(server: string, _asker: Asker, method: string): void {
    this.notified.push(`${server} ${method}`)
  }

  status(): readonly ServerStatus[] {
    return this.#names.map((name) => ({
      ...{ name, kind: 'stdio', state: this.stateOf(name), pids: [], era: null, inFlight: 0 },
      ...{ reason: null, breaker: this.breakerOf(name), check: null },
    }))
  }

  prestart(): void {}

  apply(): never {
    throw new TypeError('not here')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

export function down(outcome: 'not_sent' | 'unknown' = 'not_sent'): AppError {
  return outcome === 'not_sent'
    ? new AppError('server_unavailable', 'the server cannot be reached', { outcome })
    : new AppError('server_lost', 'the connection was lost', { outcome })
}

export interface TestGroupOptions {
  readonly configs?: Readonly<Record<string, Partial<ServerConfig>>>
  /** What is known of servers; none by default, so that each may have everything. */
  readonly known?: ReadonlyMap<string, ServerCatalogue>
  readonly random?: () => number
  /** What calls must keep at members; nothing by default. */
  readonly bounds?: MemberBounds
}

const UNBOUNDED: MemberBounds = {
  slots: () => [],
  take: () => undefined,
  giveBack: () => undefined,
}

/** A group `g` of fake servers, on a clock that stands. */
export function openGroup(entry: object, options: TestGroupOptions = {}) {
  const config = testGroup(entry)
  const names = config.members.map(({ server }) => server)
  const breaker = { failures: 5, resetMs: 10_000 }
  const servers = Object.fromEntries(
    names.map((name) => [name, testServer(name, { breaker, ...options.configs?.[name] })]),
  )
  const fleet = new FakeFleet(names)
  const queues = new Map(
    names.map((name) => {
      const { inFlight: inFlightMax, queued: queuedMax } = servers[name] ?? testServer(name)
      return [name, new FairQueue({ inFlightMax, queuedMax })]
    }),
  )
  const queueOf = (server: string): FairQueue => {
    const queue = queues.get(server)
    if (!queue) throw new TypeError(`no queue for ${server}`)
    return queue
  }
  const clock = new ManualClock(0)
  const catalogue = { get: (server: string) => options.known?.get(server) }
  const random = options.random ?? (() => 0.5)
  const updates: string[] = []
  const deps = {
    ...{ fleet, catalogue, queueOf, clock, random, servers, log: silentLog },
    bounds: options.bounds ?? UNBOUNDED,
    groups: { g: config },
    onResourceUpdated: (server: string, key: string, uri: string) =>
      void updates.push(`${server} ${key} ${uri}`),
  }
  const group = new Group(config, servers, deps)
  const grouped = new GroupedUpstreams(deps)
  /** Calls as a principal; gives the member that answered, or the error's code and outcome. */
  const call = async (request: Partial<UpstreamRequest> = {}, who = 'alice'): Promise<string> => {
    try {
      const asker = { principal: testPrincipal(who) }
      return (await grouped.call('g', asker, testRequest(request))).member ?? 'nobody'
    } catch (thrown) {
      const { code, outcome } = AppError.from(thrown)
      return `${code} ${outcome}`
    }
  }
  const callTimes = async (times: number, who?: string): Promise<string[]> => {
    const answers: string[] = []
    for (let n = 0; n < times; n += 1) answers.push(await call({}, who))
    return answers
  }
  return { ...deps, group, grouped, updates, call, callTimes }
}

/** A tool call that a server may answer. */
export function testRequest(changes: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    ...{ method: 'tools/call', name: 'echo', paramHeaders: {}, onNotification: undefined },
    encode: () => Buffer.alloc(0),
    signal: new CallController(),
    ...changes,
  }
}

/** How often each text is there. */
export function countOf(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1
  return counts
}
