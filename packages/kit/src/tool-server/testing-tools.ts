import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { CallController } from '../call-signal.ts'
import { ManualClock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { Deadlines, FairQueue } from '../limits/index.ts'
import { silentLog } from '../log/log.ts'
import type { Answer, Era, Exchange } from '../mcp/index.ts'
import { testMessage } from '../mcp/testing-message.ts'
import { ALICE } from '../mcp/testing-session.ts'
import type { Principal } from '../principal.ts'
import type { AuditEntry } from '../store/store.ts'
import type { FinishedCall } from './call-record.ts'
import { defineTool, type ToolCall, type ToolOutcome } from './tool.ts'
import { ToolApplication } from './tool-application.ts'

/** What the tools of these tests work with. */
export interface TestContext {
  readonly call: ToolCall
  /** What the tools do; set by the test. */
  readonly act: (call: ToolCall) => Promise<ToolOutcome<{ said: string }>>
}

const input = z.strictObject({
  text: z.string().max(8),
  times: z.int().min(1).max(3).optional(),
  kind: z.enum(['plain', 'loud']).optional(),
})
const output = z.object({ said: z.string() })
const READS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
}

function testTool(name: string, readOnlyHint: boolean) {
  return defineTool<TestContext, z.output<typeof input>, { said: string }>({
    ...{ name, title: `Title of ${name}`, description: `Does ${name}.`, input, output },
    hints: { ...READS, readOnlyHint },
    run: (_input, context) => context.act(context.call),
  })
}

export interface TestApplicationOptions {
  readonly act?: TestContext['act']
  readonly shows?: (tool: string, principal: Principal) => boolean
  readonly resultBytes?: number
  readonly inFlightMax?: number
  /** Appends that fail, counted from 1. */
  readonly failAt?: readonly number[]
}

/** An application with the tools `look` (reads) and `post` (changes), its clock and what it recorded. */
export function testApplication(options: TestApplicationOptions = {}) {
  const { act = async () => ({ structured: { said: 'hi' }, text: 'hi' }) } = options
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  onTestFinished(() => deadlines[Symbol.dispose]())
  const rows: AuditEntry[] = []
  const finished: FinishedCall[] = []
  let appends = 0
  const app = new ToolApplication<TestContext>(
    {
      serverInfo: { name: 'test', version: '1' },
      ttlMs: 1_000,
      tools: [testTool('look', true), testTool('post', false)],
      shows: options.shows ?? (() => true),
    },
    {
      ...{ server: 'test', clock, deadlines, log: silentLog },
      audit: {
        append: async (entry) => {
          appends += 1
          if (options.failAt?.includes(appends)) throw new AppError('store_unwritable', 'full')
          rows.push(entry)
        },
        writable: true,
        probe: () => Promise.resolve(true),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      },
      argumentsMac: (bytes) => `mac of ${bytes.length} bytes`,
      contextOf: (call) => ({ call, act }),
      gate: new FairQueue({ inFlightMax: options.inFlightMax ?? 8, queuedMax: 8 }),
      limits: { callMs: 1_000, resultBytes: options.resultBytes ?? 10_000 },
      onFinished: (call) => void finished.push(call),
      onRecorded: () => undefined,
      onUnrecorded: () => undefined,
    },
  )
  /** Lets so much time pass, and what is due expire. */
  const pass = (ms: number): void => {
    clock.advance(ms)
    deadlines.expireDue()
  }
  return { app, pass, rows, finished }
}

export interface TestAsk {
  readonly era?: Era
  readonly principal?: Principal
  readonly headers?: Exchange['headers']
  readonly controller?: CallController
}

/** A request as the edge hands it over. */
export function testExchange(method: string, params: object, ask: TestAsk = {}): Exchange {
  const era = ask.era ?? 'legacy'
  return {
    caller: { principal: ask.principal ?? ALICE, address: '192.0.2.7', requestId: 'r-1' },
    ...{ era, version: era === 'modern' ? '2026-07-28' : '2025-11-25', scope: '' },
    message: testMessage({ jsonrpc: '2.0', id: 'c1', method, params }),
    headers: ask.headers ?? {},
    reservation: { grow: () => true, release: () => undefined },
    ...{ session: undefined, ask: undefined, notify: undefined, arrivedMs: 0 },
    controller: ask.controller ?? new CallController(),
  }
}

/** A call of a tool. */
export function testCall(
  name: string,
  args: unknown = { text: 'hi' },
  ask: TestAsk = {},
): Exchange {
  return testExchange('tools/call', { name, arguments: args }, ask)
}

/** An answer's text and, read, its result or error. */
export function told({ bytes, more = [] }: Answer) {
  const text = Buffer.concat([bytes, ...more]).toString()
  const { result, error } = JSON.parse(text)
  return { text, result, error }
}
