import { ManualClock } from '@sallyport/kit/clock'
import { MasterKeys, Sealer } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import { silentLog } from '@sallyport/kit/log'
import { type Era, idOf, resultMessage } from '@sallyport/kit/mcp'
import type { KeyedOutcome } from '@sallyport/kit/metrics'
import { Secret } from '@sallyport/kit/secret'
import { NO_SPAN } from '@sallyport/kit/tracing'
import { onTestFinished } from 'vitest'
import type { Call, CallHandler, CallResult } from '../../call/call.ts'
import {
  parsed,
  testDeadline,
  testExchange,
  testPrincipal,
  testTarget,
} from '../../call/testing-call.ts'
import { KeyedCalls } from './keyed-calls.ts'
import { makeOnce } from './once.ts'
import { OutcomeKeeper } from '@sallyport/kit/once'
import { MemoryOutcomes } from '@sallyport/kit/testing/outcomes'

/** Few keys and small answers, so that a test reaches them. */
export const LIMITS = {
  keepMs: 86_400_000,
  perPrincipal: 10,
  resultBytes: 1_000,
  waitingMs: 300_000,
}
const SEALER = new Sealer(MasterKeys.parse([new Secret('ab'.repeat(32))]), 'once')

/** One process over a store that others may share, and what it was asked to send. */
export class Process {
  readonly store: MemoryOutcomes
  readonly clock: ManualClock
  readonly keeper: OutcomeKeeper
  readonly sent: Call[] = []
  readonly decided: KeyedOutcome[] = []
  /** What the server does. */
  respond: CallHandler = (call) => Promise.resolve(ok(call, '{"content":[]}'))
  readonly #handle: CallHandler

  constructor(store = new MemoryOutcomes(), clock = new ManualClock(), claimant = 'one') {
    this.store = store
    this.clock = clock
    this.keeper = new OutcomeKeeper({ store, sealer: SEALER, clock, log: silentLog, claimant })
    onTestFinished(() => this.keeper[Symbol.asyncDispose]())
    const keyed = new KeyedCalls({
      ...{ store, keeper: this.keeper, clock, limits: LIMITS },
      argumentsMac: (bytes) => `mac of ${bytes}`,
      onDecided: (outcome) => this.decided.push(outcome),
    })
    this.#handle = makeOnce({ keyed })((call) => {
      this.sent.push(call)
      return this.respond(call)
    })
  }

  call(call: Call): Promise<CallResult> {
    return this.#handle(call)
  }
}

/** What a call is made with; the same call each time by default. */
export interface Asked {
  readonly key?: string
  readonly id?: string
  readonly era?: Era
  readonly principal?: string
  readonly args?: string
  readonly state?: string
  readonly budget?: number
}

/** A tool call with an idempotency key. */
export function keyed(asked: Asked = {}, target = testTarget()): Call {
  const { id = '"c1"', args = '{"a":1}', state } = asked
  const more = state === undefined ? '' : `,"requestState":"${state}"`
  const text = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"files__echo","arguments":${args}${more}}}`
  const exchange = testExchange(text, {
    era: asked.era ?? 'legacy',
    headers: { 'idempotency-key': asked.key ?? 'k1' },
    principal: testPrincipal(asked.principal),
    ...(asked.budget === undefined ? {} : { budget: asked.budget }),
  })
  return { exchange, target, deadline: testDeadline(), span: NO_SPAN }
}

/** The server's answer to it. */
export function ok({ exchange }: Call, result: string): CallResult {
  const bytes = resultMessage(idOf(exchange.message), result)
  return { answer: { bytes, status: 200 }, outcome: 'ok', code: null }
}

/** The answer as the client reads it. */
export const answerOf = ({ answer }: CallResult) =>
  parsed(Buffer.concat([answer.bytes, ...(answer.more ?? [])]))
/** A server that is lost before or after it got the call. */
export const fail = (outcome: 'not_sent' | 'unknown') => () =>
  Promise.reject(new AppError('server_lost', 'gone', { outcome }))
