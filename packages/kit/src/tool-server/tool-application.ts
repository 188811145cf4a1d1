import type { CallSignal } from '../call-signal.ts'
import { AppError } from '../errors.ts'
import { type Deadlines, type FairQueue, partyOf } from '../limits/index.ts'
import type { Log } from '../log/log.ts'
import {
  type Answer,
  type ApplicationFace,
  type ClientSession,
  encodeFailure,
  type Era,
  errorMessage,
  type Exchange,
  idOf,
  type ListenFilter,
  type McpApplication,
  type Message,
  META_SERVER_INFO,
  paramText,
  readIdempotencyKey,
  resultMessage,
  RPC,
  type Subscriber,
} from '../mcp/index.ts'
import type { Principal } from '../principal.ts'
import type { Permission } from '../roles.ts'
import { CallRecord, type CallRecordDeps } from './call-record.ts'
import { runUntilAborted } from './run-until-aborted.ts'
import type { Tool, ToolCall, ToolOutcome } from './tool.ts'
import { readArguments } from './tool-arguments.ts'
import { type ShowsTool, ToolList } from './tool-list.ts'

export interface ToolApplicationOptions<Context> extends Pick<
  ApplicationFace,
  'serverInfo' | 'instructions' | 'ttlMs'
> {
  readonly tools: readonly Tool<Context>[]
  readonly shows: ShowsTool
}

export interface ToolApplicationDeps<Context> extends CallRecordDeps {
  /**
   * What a tool works with during one call.
   *
   * @throws {AppError} what the caller is told as a tool error
   */
  readonly contextOf: (call: ToolCall) => Context | Promise<Context>
  /** How many calls run at once, fair between callers. */
  readonly gate: FairQueue
  readonly deadlines: Deadlines
  readonly log: Log
  readonly limits: {
    /** A call in all, waiting for its turn included, milliseconds. */
    readonly callMs: number
    readonly resultBytes: number
  }
}

const CAPABILITIES = '{"tools":{"listChanged":true}}'
const METHODS: ReadonlyMap<string, Permission> = new Map([
  ['tools/list', 'mcp.list'],
  ['tools/call', 'mcp.call'],
])

/**
 * A first-party server as an MCP application: tools that were defined once, for both eras. Each call is recorded
 * before its answer leaves, ends by its deadline, and fails as the design has it ("Errors on the wire").
 */
export class ToolApplication<Context> implements McpApplication {
  readonly #deps: ToolApplicationDeps<Context>
  readonly #face: ApplicationFace
  readonly #list: ToolList<Context>
  readonly #modernMeta: string

  /** @throws {AppError} `internal` for tools that cannot be listed */
  constructor(options: ToolApplicationOptions<Context>, deps: ToolApplicationDeps<Context>) {
    const { serverInfo, ttlMs, instructions } = options
    this.#deps = deps
    this.#face = {
      ...{ serverInfo, ttlMs, capabilities: CAPABILITIES },
      ...(instructions === undefined ? {} : { instructions }),
    }
    this.#list = new ToolList(options.tools, options.shows, this.#face)
    this.#modernMeta = JSON.stringify({ [META_SERVER_INFO]: serverInfo })
  }

  /** Names of the tools that are there for a caller. */
  toolsFor(principal: Principal): readonly string[] {
    return this.#list.namesFor(principal)
  }

  hasScope(scope: string): boolean {
    return scope === ''
  }

  handles(method: string): boolean {
    return METHODS.has(method)
  }

  face(): Promise<ApplicationFace> {
    return Promise.resolve(this.#face)
  }

  async request(exchange: Exchange): Promise<Answer> {
    if (exchange.message.method === 'tools/call') return await this.#call(exchange)
    try {
      assertMay(exchange)
      return this.#answerList(exchange)
    } catch (thrown) {
      return this.#failure(exchange, AppError.from(thrown))
    }
  }

  notified(_session: ClientSession, _message: Message): void {
    // Nothing that a client tells concerns tools.
  }

  listen(
    _subscriber: Subscriber,
    { tools }: ListenFilter,
    exchange: Exchange,
  ): Promise<ListenFilter | Answer> {
    if (exchange.caller.principal.permissions.has('mcp.list')) {
      return Promise.resolve({ tools, prompts: false, resources: false, uris: [] })
    }
    const refusal = new AppError('forbidden', 'the role of this caller may not listen')
    return Promise.resolve(encodeFailure(exchange, refusal))
  }

  #answerList(exchange: Exchange): Answer {
    // Everything is on the first page, so that nobody was given a cursor.
    const cursor = paramText(exchange.message, 'cursor') ?? 'null'
    return cursor === 'null' ? this.#list.answer(exchange) : refuse(exchange, 'Invalid cursor')
  }

  async #call(exchange: Exchange): Promise<Answer> {
    const { caller, controller, message } = exchange
    const { limits, deadlines } = this.#deps
    const tool = this.#list.find(message.name, caller.principal)
    const record = new CallRecord(this.#deps, exchange, tool?.name ?? '')
    const deadline = deadlines.add(limits.callMs, () =>
      controller.abort(new AppError('deadline_exceeded', `no answer within ${limits.callMs} ms`)),
    )
    try {
      if (!tool) {
        await record.end('refused', String(RPC.invalidParams))
        return refuse(exchange, `Unknown tool: ${message.name ?? ''}`)
      }
      const answer = await this.#run(exchange, tool, record)
      await record.end('ok', null)
      return answer
    } catch (thrown) {
      return await this.#failedCall(exchange, record, AppError.from(thrown))
    } finally {
      deadline.cancel()
    }
  }

  async #failedCall(exchange: Exchange, record: CallRecord, error: AppError): Promise<Answer> {
    if (error.code === 'store_unwritable') return this.#failure(exchange, error)
    try {
      await record.fail(error)
    } catch (unwritable) {
      return this.#failure(exchange, AppError.from(unwritable))
    }
    return this.#failure(exchange, error)
  }

  async #run(exchange: Exchange, tool: Tool<Context>, record: CallRecord): Promise<Answer> {
    const { principal } = exchange.caller
    const { signal } = exchange.controller
    assertMay(exchange)
    const call = this.#toolCall(exchange)
    const input = readArguments(exchange.message, tool.input)
    const entered = this.#deps.gate.enter(principal.id, signal, undefined, partyOf(principal))
    const release = typeof entered === 'function' ? entered : await entered
    try {
      const made = this.#deps.contextOf(call)
      const context = made instanceof Promise ? await made : made
      if (!tool.hints.readOnlyHint) await record.intend()
      if (signal.aborted) throw signal.reason
      const outcome = await this.#perform(tool, () => tool.run(input, context), signal)
      return this.#encode(exchange, outcome)
    } finally {
      release()
    }
  }

  /**
   * Nobody knows what a tool that changes something did before it was cut off, unless it says so. One that reads
   * did nothing, whatever became of what it asked for.
   */
  async #perform(
    tool: Tool<Context>,
    run: () => Promise<ToolOutcome<unknown>>,
    signal: CallSignal,
  ): Promise<ToolOutcome<unknown>> {
    try {
      return await runUntilAborted(run, signal, this.#deps.deadlines)
    } catch (thrown) {
      const error = AppError.from(thrown)
      if (tool.hints.readOnlyHint) {
        throw error.outcome === 'unknown' ? error.withOutcome(undefined) : error
      }
      throw signal.aborted && error.outcome === undefined ? error.withOutcome('unknown') : error
    }
  }

  #toolCall(exchange: Exchange): ToolCall {
    const { caller, controller, arrivedMs } = exchange
    const idempotencyKey = readIdempotencyKey(exchange)
    if (typeof idempotencyKey === 'object') {
      throw new AppError('request_invalid', idempotencyKey.fault, { outcome: 'not_sent' })
    }
    return {
      ...{ principal: caller.principal, address: caller.address, requestId: caller.requestId },
      signal: platformSignal(controller.signal),
      deadlineMs: arrivedMs + this.#deps.limits.callMs,
      idempotencyKey,
    }
  }

  /** Source: MCP 2025-11-25 and 2026-07-28, "Tool Result", "Structured Content". */
  #encode(
    { era, message, reservation }: Exchange,
    { text, blocks = [], structured }: ToolOutcome<unknown>,
  ): Answer {
    const content = JSON.stringify([{ type: 'text', text }, ...blocks])
    const [first, last] = this.#frame(era)
    const result = Buffer.from(
      `{${first}"content":${content},"structuredContent":${JSON.stringify(structured)}${last}}`,
    )
    const { resultBytes } = this.#deps.limits
    if (result.length > resultBytes) {
      throw new AppError('result_too_large', `the result is over ${resultBytes} bytes`)
    }
    if (!reservation.grow(result.length)) {
      throw new AppError('overloaded', 'the memory for results is used up')
    }
    return { bytes: resultMessage(idOf(message), result), status: 200 }
  }

  #frame(era: Era): readonly [string, string] {
    return era === 'legacy'
      ? ['', '']
      : ['"resultType":"complete",', `,"_meta":${this.#modernMeta}`]
  }

  #failure(exchange: Exchange, error: AppError): Answer {
    const { requestId } = exchange.caller
    const fields = { requestId, tool: exchange.message.name?.slice(0, 64), code: error.code }
    if (error.spec.family === 'defect') {
      this.#deps.log.error({ ...fields, err: error }, 'call failed')
    } else {
      this.#deps.log.debug({ ...fields, reason: error.message }, 'call failed')
    }
    return encodeFailure(exchange, error)
  }
}

/** The same as what the platform's own functions take. Costs some microseconds, so that only tools get one. */
function platformSignal(signal: CallSignal): AbortSignal {
  const controller = new AbortController()
  if (signal.aborted) controller.abort(signal.reason)
  else signal.addEventListener('abort', () => controller.abort(signal.reason))
  return controller.signal
}

function assertMay({ caller, message }: Exchange): void {
  const need = METHODS.get(message.method)
  if (need !== undefined && caller.principal.permissions.has(need)) return
  const roles = caller.principal.roles.join(', ')
  throw new AppError('forbidden', `the role ${roles} may not use ${message.method}`, {
    outcome: 'not_sent',
  })
}

function refuse({ message }: Exchange, text: string): Answer {
  return { bytes: errorMessage(idOf(message), RPC.invalidParams, text), status: 200 }
}
