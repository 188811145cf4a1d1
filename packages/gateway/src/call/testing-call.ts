import type { CallSignal } from '@sallyport/kit/call-signal'
import type { ServerConfig } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { Deadlines } from '@sallyport/kit/limits'
import {
  type ClientSession,
  type Era,
  type Exchange,
  idOf,
  type Message,
  resultMessage,
  scanMessage,
  scanReply,
} from '@sallyport/kit/mcp'
import { CALLER, type Principal } from '@sallyport/kit/principal'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { describeRead, describeTarget, type Target } from '../routing/target.ts'
import type { Tool } from '../routing/tool.ts'
import type { View, Views } from '../routing/view.ts'
import type {
  Asker,
  Kind,
  ServerFacts,
  ServerStatus,
  UpstreamReply,
  UpstreamRequest,
  Upstreams,
} from '../upstreams/upstream.ts'
import type { Call, CallResult } from './call.ts'
import { CallDeadline } from './call-deadline.ts'

/** A caller for tests: the key of that name. */
export function testPrincipal(name = 'alice', changes: Partial<Principal> = {}): Principal {
  const id = `key:${name}`
  return { id, kind: 'key', name, ...CALLER, ...changes }
}

/** A client's message; @throws when it is none. */
export function testMessage(text: string): Message {
  const message = scanMessage(Buffer.from(text), { depth: 64 })
  if ('fault' in message) throw new TypeError(message.reason)
  return message
}

/** A server's message; @throws when it is none. */
export function testReply(text: string): Message {
  const message = scanReply(Buffer.from(text))
  if (!message) throw new TypeError(`no message: ${text}`)
  return message
}

export interface TestExchangeOptions {
  readonly era?: Era
  readonly scope?: string
  readonly principal?: Principal
  readonly headers?: Exchange['headers']
  readonly notify?: (message: Buffer) => void
  /** Answers the questions a legacy client is asked on its stream. */
  readonly ask?: NonNullable<Exchange['ask']>
  readonly session?: ClientSession
  /** Bytes the caller may still buffer. */
  readonly budget?: number
}

export const ECHO_CALL =
  '{"jsonrpc":"2.0","id":"c1","method":"tools/call","params":{"name":"files__echo","arguments":{"a":1}}}'

/** One request on its way, as the edge hands it over. */
export function testExchange(text = ECHO_CALL, options: TestExchangeOptions = {}): Exchange {
  let budget = options.budget ?? Number.POSITIVE_INFINITY
  const era = options.era ?? 'legacy'
  return {
    caller: {
      principal: options.principal ?? testPrincipal(),
      address: '192.0.2.7',
      requestId: 'r-1',
    },
    era,
    version: era === 'modern' ? '2026-07-28' : '2025-11-25',
    scope: options.scope ?? '',
    message: testMessage(text),
    headers: options.headers ?? {},
    reservation: {
      grow: (bytes) => {
        if (bytes > budget) return false
        budget -= bytes
        return true
      },
      release: () => undefined,
    },
    arrivedMs: 0,
    controller: new AbortController(),
    notify: options.notify,
    ask: options.ask,
    session: options.session,
  }
}

const NO_QUOTA = {
  ...{ rate: undefined, burst: undefined, concurrent: undefined, daily: undefined },
}
const NO_QUOTAS = { ...NO_QUOTA, writes: NO_QUOTA }

/** A stdio server's configuration with every default. */
export function testServer(name: string, changes: Partial<ServerConfig> = {}): ServerConfig {
  const base = {
    ...{ name, kind: 'stdio', command: 'node', args: [], env: {}, cwd: '/', share: 'none' },
    ...{ idleAfterMs: 300_000, startMs: 60_000, callMs: 30_000, inFlight: 64, queued: 1_000 },
    ...{ children: 32, childrenPerPrincipal: 8, tools: {}, trustAnnotations: false },
    health: { everyMs: 30_000 },
    limits: { ...NO_QUOTAS, perPrincipal: NO_QUOTAS },
  }
  return { ...base, ...changes } as ServerConfig // `kind` decides, and the caller changes it whole
}

/** Where `files__echo` leads, under the operator's pins for `echo`. */
export function testTarget(
  pins: ServerConfig['tools'][string] = {},
  tool?: Tool,
  changes: Partial<ServerConfig> = {},
): Target {
  return describeTarget(testServer('files', { tools: { echo: pins }, ...changes }), 'echo', tool)
}

/** A call of `files__echo` with everything a step may look at. */
export function testCall(
  target: Target | undefined = testTarget(),
  options: TestExchangeOptions = {},
): Call {
  return {
    exchange: testExchange(ECHO_CALL, options),
    target,
    deadline: testDeadline(),
    span: NO_SPAN,
  }
}

/** A deadline that never comes. */
export function testDeadline(): CallDeadline {
  const clock = { nowMs: () => 0, monotonicMs: () => 0 }
  return new CallDeadline(
    { deadlines: new Deadlines(clock), clock, limits: { holdMs: 60_000 } },
    60_000,
    () => undefined,
  )
}

/** A legacy session of a client with these capabilities. */
export function testSession(
  capabilities = '{}',
  changes: Partial<ClientSession> = {},
): ClientSession {
  return {
    id: 's-1',
    label: 'label-1',
    principal: testPrincipal(),
    scope: '',
    abilities: { capabilities, logLevel: undefined },
    logLevel: undefined,
    send: () => true,
    onEnd: () => undefined,
    ask: () => Promise.reject(new AppError('question_unanswered', 'no stream')),
    ...changes,
  }
}

export interface FakeViewsOptions {
  /** Default: `files`. */
  readonly servers?: readonly ServerConfig[]
  /** Tools as they were read, by public name. */
  readonly tools?: Readonly<Record<string, Tool>>
  /** Where public URIs lead: server and its own URI. */
  readonly resources?: Readonly<Record<string, readonly [server: string, uri: string]>>
  /** URIs that a server's clients know otherwise, by server: own to public. */
  readonly moved?: Readonly<Record<string, ReadonlyMap<string, string>>>
  readonly unseen?: readonly string[]
  readonly facts?: Readonly<Record<string, ServerFacts>>
  readonly instructions?: string
}

/** Scopes over servers that need no catalogue: every name with a known prefix leads somewhere. */
export class FakeViews implements Views {
  readonly learned: string[] = []
  readonly listed: Kind[] = []
  readonly #options: FakeViewsOptions
  readonly #configs: ReadonlyMap<string, ServerConfig>

  constructor(options: FakeViewsOptions = {}) {
    this.#options = options
    const { servers = [testServer('files', { callMs: 500 })] } = options
    this.#configs = new Map(servers.map((config) => [config.name, config]))
  }

  get configs(): Readonly<Record<string, ServerConfig>> {
    return Object.fromEntries(this.#configs)
  }

  has(scope: string): boolean {
    return scope === '' || scope.startsWith('endpoint/') || this.#configs.has(scope)
  }

  get(scope: string): View {
    const passThrough = this.#configs.has(scope) ? scope : undefined
    const { instructions, resources = {}, moved, tools = {} } = this.#options
    const lead = (name: string): readonly [ServerConfig, string] | undefined => {
      const [server, own] = passThrough === undefined ? name.split('__') : [passThrough, name]
      const config = this.#configs.get(server ?? '')
      return config && own !== undefined ? [config, own] : undefined
    }
    const resource = (uri: string): Target | undefined => {
      const [server, own] = resources[uri] ?? []
      const config = this.#configs.get(server ?? '')
      return config && describeRead(config, 'resource', own ?? '')
    }
    return {
      servers: passThrough === undefined ? [...this.#configs.keys()].toSorted() : [passThrough],
      ...{ passThrough, instructions, narrowed: false, offers: () => true },
      tool: (name) => {
        const found = lead(name)
        return found && describeTarget(...found, tools[name])
      },
      prompt: (name) => {
        const found = lead(name)
        return found && describeRead(found[0], 'prompt', found[1])
      },
      resource,
      template: resource,
      movedUris: (server) => moved?.[server],
      publicUri: (server, uri) => moved?.[server]?.get(uri) ?? uri,
    }
  }

  unseen(scope: string): readonly string[] {
    const { servers } = this.get(scope)
    return (this.#options.unseen ?? []).filter((server) => servers.includes(server))
  }

  answerList(exchange: Exchange, kind: Kind): CallResult {
    this.listed.push(kind)
    const bytes = resultMessage(idOf(exchange.message), `{"${kind}":[]}`)
    return { answer: { bytes, status: 200 }, outcome: 'ok', code: null }
  }

  learn(
    { principalId }: { readonly principalId: string },
    server: string,
    uris: readonly string[],
  ): void {
    for (const uri of uris) this.learned.push(`${principalId} ${server} ${uri}`)
  }

  facts(scope: string): ReadonlyMap<string, ServerFacts> {
    const { servers } = this.get(scope)
    const facts = Object.entries(this.#options.facts ?? {})
    return new Map(facts.filter(([server]) => servers.includes(server)))
  }

  shows(scope: string, server: string): boolean {
    return this.get(scope).servers.includes(server)
  }
}

export type Respond = (
  request: UpstreamRequest,
  attempt: number,
) => Promise<UpstreamReply> | UpstreamReply

/** Servers that answer as told, and what was asked of them. */
export class FakeUpstreams implements Upstreams {
  readonly calls: { server: string; principal: Principal; request: UpstreamRequest }[] = []
  readonly warmed: string[] = []
  readonly subscribed: string[] = []
  readonly notified: string[] = []
  /** Holds a subscription up, or refuses it. */
  onSubscribe: (uri: string) => Promise<void> = () => Promise.resolve()
  states: readonly ServerStatus[] = []
  #respond: Respond
  #warm: (server: string, signal: CallSignal) => Promise<void>

  constructor(
    respond: Respond = unexpected,
    warm: (server: string, signal: CallSignal) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#respond = respond
    this.#warm = warm
  }

  async call(
    server: string,
    { principal }: Asker,
    request: UpstreamRequest,
  ): Promise<UpstreamReply> {
    this.calls.push({ server, principal, request })
    return await this.#respond(request, this.calls.length)
  }

  warm(server: string, _asker: Asker, signal: CallSignal): Promise<void> {
    this.warmed.push(server)
    return this.#warm(server, signal)
  }

  keyOf(_server: string, { principal }: Asker): string {
    return principal.id
  }

  async subscribe(server: string, { principal }: Asker, uri: string): Promise<void> {
    await this.onSubscribe(uri)
    this.subscribed.push(`${principal.name} ${server} ${uri}`)
  }

  unsubscribe(server: string, { principal }: Asker, uri: string): void {
    const at = this.subscribed.indexOf(`${principal.name} ${server} ${uri}`)
    // One that there never was: a server would end another's.
    if (at === -1) throw new TypeError(`nobody subscribed to ${uri}`)
    this.subscribed.splice(at, 1)
  }

  notify(server: string, _asker: Asker, method: string): void {
    this.notified.push(`${server} ${method}`)
  }

  status(): readonly ServerStatus[] {
    return this.states
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

function unexpected(): never {
  throw new AppError('internal', 'no call was expected')
}

/** The JSON of an answer. */
export function parsed(bytes: Buffer): {
  readonly id?: unknown
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
} {
  return JSON.parse(bytes.toString()) // our own answers have this shape; a test that errs fails
}
