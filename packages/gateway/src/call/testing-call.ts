import type { CallSignal } from '@sallyport/kit/call-signal'
import type { ServerConfig } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { Deadlines } from '@sallyport/kit/limits'
import {
  type ClientSession,
  type Era,
  type Exchange,
  type Message,
  scanMessage,
  scanReply,
} from '@sallyport/kit/mcp'
import type { Principal } from '@sallyport/kit/principal'
import { describeTarget, type Target } from '../routing/target.ts'
import type { Tool } from '../routing/tool.ts'
import type {
  Asker,
  ServerStatus,
  UpstreamReply,
  UpstreamRequest,
  Upstreams,
} from '../upstreams/upstream.ts'
import type { Call } from './call.ts'
import { CallDeadline } from './call-deadline.ts'

/** A caller for tests: the key of that name. */
export function testPrincipal(name = 'alice', changes: Partial<Principal> = {}): Principal {
  const id = `key:${name}`
  return { id, kind: 'key', name, role: 'caller', tenant: null, expiresAtMs: null, ...changes }
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

/** A stdio server's configuration with every default. */
export function testServer(name: string, changes: Partial<ServerConfig> = {}): ServerConfig {
  const base = {
    ...{ name, kind: 'stdio', command: 'node', args: [], env: {}, cwd: '/', share: 'none' },
    ...{ idleAfterMs: 300_000, startMs: 60_000, callMs: 30_000, inFlight: 64, queued: 1_000 },
    ...{ children: 32, childrenPerPrincipal: 8, tools: {}, trustAnnotations: false },
    health: { everyMs: 30_000 },
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
  return { exchange: testExchange(ECHO_CALL, options), target, deadline: testDeadline() }
}

/** A deadline that never comes. */
export function testDeadline(): CallDeadline {
  const clock = { nowMs: () => 0, monotonicMs: () => 0 }
  return new CallDeadline({ deadlines: new Deadlines(clock), clock }, 60_000, () => undefined)
}

/** A legacy session of a client with these capabilities. */
export function testSession(
  capabilities = '{}',
  changes: Partial<ClientSession> = {},
): ClientSession {
  return {
    id: 's-1',
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

type Respond = (request: UpstreamRequest, attempt: number) => Promise<UpstreamReply> | UpstreamReply

/** Servers that answer as told, and what was asked of them. */
export class FakeUpstreams implements Upstreams {
  readonly calls: { server: string; principal: Principal; request: UpstreamRequest }[] = []
  readonly warmed: string[] = []
  readonly subscribed: string[] = []
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

  subscribe(server: string, _asker: Asker, uri: string): Promise<void> {
    this.subscribed.push(`${server} ${uri}`)
    return Promise.resolve()
  }

  unsubscribe(server: string, _asker: Asker, uri: string): void {
    this.subscribed.splice(this.subscribed.indexOf(`${server} ${uri}`), 1)
  }

  notify(): void {}

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
