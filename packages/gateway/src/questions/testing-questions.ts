import { CallController } from '@sallyport/kit/call-signal'
import { ManualClock } from '@sallyport/kit/clock'
import { createMac, MasterKeys, Sealer } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import { Deadlines } from '@sallyport/kit/limits'
import type { Exchange, Message } from '@sallyport/kit/mcp'
import { Secret } from '@sallyport/kit/secret'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { onTestFinished } from 'vitest'
import type { Call, CallResult } from '../call/call.ts'
import { CallDeadline } from '../call/call-deadline.ts'
import { createCarry } from '../call/carry.ts'
import { TargetFinder } from '../call/target-finder.ts'
import { TaskIds } from '../call/task-ids.ts'
import {
  FakeUpstreams,
  FakeViews,
  type FakeViewsOptions,
  parsed,
  type Respond,
  testExchange,
  type TestExchangeOptions,
  testReply,
  testSession,
} from '../call/testing-call.ts'
import type { QuestionAnswer, UpstreamReply, UpstreamRequest, Wire } from '../upstreams/upstream.ts'
import { ParkedCalls } from './parked-calls.ts'
import { Questions } from './questions.ts'
import { RequestStates } from './request-state.ts'

export const LEGACY: Wire = { id: 41, era: 'legacy', version: '2025-11-25' }
export const MODERN: Wire = { id: 41, era: 'modern', version: '2026-07-28' }
/** A client that can be asked everything. */
export const ABLE = '{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}'

const KEYS = MasterKeys.parse([new Secret('ab'.repeat(32))])
export const testSealer = (): Sealer => new Sealer(KEYS, 'mcp')
export const testTaskIds = (): TaskIds => new TaskIds(createMac(KEYS.deriveKey('mcp/tasks')))

export interface OpenCallsOptions {
  readonly views?: FakeViewsOptions
  readonly timeoutMs?: number
  readonly perPrincipal?: number
  readonly total?: number
  /** Bytes a principal may have parked. */
  readonly budget?: number
  /** The deadline of one call, milliseconds. */
  readonly callMs?: number
}

/** Everything a call passes from its target on, with servers that answer as told. */
export function openCalls(respond: Respond | FakeUpstreams, options: OpenCallsOptions = {}) {
  const { timeoutMs = 300_000, perPrincipal = 8, total = 1_000, callMs = 30_000 } = options
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  onTestFinished(() => deadlines[Symbol.dispose]())
  let left = options.budget ?? Number.POSITIVE_INFINITY
  const parked = new ParkedCalls({
    deadlines,
    reserve: () => {
      let held = 0
      return {
        grow: (bytes) => {
          if (bytes > left) return false
          left -= bytes
          held += bytes
          return true
        },
        release: () => {
          left += held
          held = 0
        },
      }
    },
    limits: { timeoutMs, perPrincipal, total },
  })
  const states = new RequestStates({ sealer: testSealer(), clock, limits: { timeoutMs } })
  const questions = new Questions({ states, deadlines, parked, timeoutMs })
  const upstreams = respond instanceof FakeUpstreams ? respond : new FakeUpstreams(respond)
  const views = new FakeViews(options.views)
  const taskIds = testTaskIds()
  const carry = createCarry({
    ...{ upstreams, views, taskIds, questions },
    clientInfo: '{"name":"sallyport","version":"1"}',
  })
  const targets = new TargetFinder({ views, taskIds, servers: views.configs })
  const send = (exchange: Exchange): Promise<CallResult> => {
    const deadline = new CallDeadline(
      { deadlines, clock, limits: { holdMs: 300_000 } },
      callMs,
      () => exchange.controller.abort(new AppError('deadline_exceeded', 'late')),
    )
    const call: Call = { exchange, target: targets.find(exchange), deadline, span: NO_SPAN }
    return carry(call).finally(() => deadline.cancel())
  }
  const pass = (byMs: number): void => {
    clock.advance(byMs)
    deadlines.expireDue()
  }
  const held = { clock, deadlines, parked, states, upstreams, views, taskIds }
  return { ...held, carry, send, pass, bytesLeft: () => left }
}

export interface ModernOptions extends TestExchangeOptions {
  readonly method?: string
  /** JSON text of the client's capabilities. */
  readonly capabilities?: string
  /** Further members of `_meta`, as text after a comma. */
  readonly meta?: string
  /** JSON text. */
  readonly id?: string
}

/** A request of a modern client; `params` is members as JSON text, such as `"name":"files__echo"`. */
export function modernRequest(params: string, options: ModernOptions = {}): Exchange {
  const { method = 'tools/call', capabilities = ABLE, meta = '', id = '"c1"' } = options
  const envelope = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":${capabilities}${meta}}`
  const text = `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{${envelope},${params}}}`
  return testExchange(text, { ...options, era: 'modern' })
}

/** A request of a legacy client that answers what it is asked by `ask`. */
export function legacyRequest(
  params: string,
  options: TestExchangeOptions & { readonly method?: string; readonly capabilities?: string } = {},
): Exchange {
  const { method = 'tools/call', capabilities = ABLE } = options
  const text = `{"jsonrpc":"2.0","id":"c1","method":"${method}","params":{${params}}}`
  return testExchange(text, { session: testSession(capabilities), ...options, era: 'legacy' })
}

/** A reply of a server: `body` is the text of `"result":…` or `"error":…`. */
export function replyOf(body: string, wire: Wire = LEGACY): UpstreamReply {
  return {
    message: testReply(`{"jsonrpc":"2.0","id":${wire.id},${body}}`),
    era: wire.era,
  }
}

/** What a legacy server asks in the middle of a call. */
export function questionMessage(method: string, params?: string): Message {
  const tail = params === undefined ? '' : `,"params":${params}`
  return testReply(`{"jsonrpc":"2.0","id":9,"method":"${method}"${tail}}`)
}

/** A legacy server's question, which ends as sessions end it: with the call. */
export function ask(request: UpstreamRequest, question: Message): Promise<QuestionAnswer> {
  const { signal, onQuestion } = request
  if (!onQuestion) throw new TypeError('nobody takes questions')
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    request.onQuestion?.(question, new CallController()).then(resolve, reject)
  })
}

/** The answer of a legacy client to a question. */
export function answerOf(body: string): Message {
  return testReply(`{"jsonrpc":"2.0","id":7,${body}}`)
}

export interface Asked {
  readonly resultType: string
  readonly requestState: string
  readonly inputRequests: Readonly<
    Record<string, { readonly method: string; readonly params?: Readonly<Record<string, unknown>> }>
  >
}

/** What a modern client is asked; @throws when it is not. */
export function askedOf({ answer }: CallResult): Asked {
  const { result } = parsed(answer.bytes)
  if (result?.['resultType'] !== 'input_required') throw new TypeError(answer.bytes.toString())
  return result as unknown as Asked // just checked; a test that errs fails
}

/** The members of a retry, beside those of its first request. */
export function retryWith(state: string, responses?: object): string {
  const own = `,"requestState":${JSON.stringify(state)}`
  return responses === undefined ? own : `,"inputResponses":${JSON.stringify(responses)}${own}`
}
