import type { CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import {
  type Exchange,
  listMembers,
  type Message,
  paramText,
  RPC,
  slice,
  splice,
} from '@sallyport/kit/mcp'
import {
  foreignParamHeaders,
  judgeParamHeaders,
  writeParamHeaders,
} from '../routing/param-headers.ts'
import type { Target } from '../routing/target.ts'
import type { UpstreamReply, UpstreamRequest, Upstreams, Wire } from '../upstreams/upstream.ts'
import type { Call, CallHandler, CallResult } from './call.ts'
import { encodeReply, encodeRefusal } from './encode-answer.ts'
import { encodeRequest, type Envelope } from './encode-request.ts'

const NO_HEADERS: Readonly<Record<string, string>> = {}

/** The only upstream I/O: sends a call to its server and brings the answer back. */
export function createInvoke(upstreams: Upstreams, envelope: Envelope): CallHandler {
  return async (call) => {
    const { exchange, target } = call
    if (!target) return unknownTool(exchange)
    const headers = judgeHeaders(exchange, target)
    if ('refusal' in headers) return headers.refusal
    const attempt = new Attempt(call, target, envelope, headers.headers)
    const reply = await sendTwice(upstreams, attempt, target, exchange)
    if (!exchange.reservation.grow(reply.message.bytes.length)) {
      throw new AppError('overloaded', 'too many bytes are buffered for this key', {
        outcome: 'unknown',
      })
    }
    return encodeReply(exchange, reply.message)
  }
}

/** Repeats once where that is safe: the operator pinned the tool, or a trusted server hinted it. */
async function sendTwice(
  upstreams: Upstreams,
  attempt: Attempt,
  target: Target,
  exchange: Exchange,
): Promise<UpstreamReply> {
  const { principal } = exchange.caller
  let first: AppError
  try {
    return await upstreams.call(target.server, principal, attempt)
  } catch (thrown) {
    first = attempt.judge(thrown)
    const again = target.repeatable && first.code === 'server_lost' && !attempt.signal.aborted
    if (!again) throw first
  }
  try {
    return await upstreams.call(target.server, principal, attempt)
  } catch (thrown) {
    const error = attempt.judge(thrown)
    // A repeat that was not sent says nothing of the first attempt.
    throw first.outcome === 'unknown' ? error.withOutcome('unknown') : error
  }
}

/** One call on its way to one server, as a session sees it. */
class Attempt implements UpstreamRequest {
  readonly method: string
  readonly name: string
  readonly paramHeaders: Readonly<Record<string, string>>
  readonly onNotification: ((message: Message) => void) | undefined
  readonly signal: CallSignal
  readonly #exchange: Exchange
  readonly #rename: string | undefined
  readonly #envelope: Envelope
  #sent = false

  constructor(
    call: Call,
    target: Target,
    envelope: Envelope,
    paramHeaders: Readonly<Record<string, string>>,
  ) {
    const { exchange } = call
    this.#exchange = exchange
    this.#envelope = envelope
    this.#rename = exchange.scope === '' ? target.name : undefined
    this.method = exchange.message.method
    this.name = target.name
    this.paramHeaders = paramHeaders
    this.signal = exchange.controller.signal
    this.onNotification = relayProgress(exchange)
  }

  encode(wire: Wire): Buffer {
    this.#sent = true
    return encodeRequest(this.#exchange.message, this.#rename, this.#envelope, wire)
  }

  /** Gives a rejection its outcome: once encoded, the bytes may have reached the server. */
  judge(thrown: unknown): AppError {
    const error = AppError.from(thrown)
    return error.outcome === undefined
      ? error.withOutcome(this.#sent ? 'unknown' : 'not_sent')
      : error
  }
}

/** Passes progress on under the client's own token; undefined when none was asked for. */
function relayProgress(exchange: Exchange): ((message: Message) => void) | undefined {
  const { message, notify } = exchange
  if (!notify || message.meta.start === -1) return undefined
  const own = listMembers(message.bytes, message.meta).find(({ key }) => key === 'progressToken')
  if (!own) return undefined
  const { start } = message.meta
  const token = message.bytes.subarray(start + own.valueStart, start + own.end)
  return (progress) => {
    if (progress.method !== 'notifications/progress') return
    const place = listMembers(progress.bytes, progress.params).find(
      ({ key }) => key === 'progressToken',
    )
    if (!place) return
    const from = progress.params.start
    const range = { start: from + place.valueStart, end: from + place.end }
    notify(splice(progress.bytes, [{ ...range, text: token }]))
  }
}

/** Checks and computes the headers that mirror arguments; only tools that declare some pay for it. */
function judgeHeaders(
  exchange: Exchange,
  target: Target,
): { headers: Readonly<Record<string, string>> } | { refusal: CallResult } {
  const declared = target.tool?.headers ?? []
  const modern = exchange.era === 'modern'
  const remote = target.config.kind === 'http'
  if (declared.length === 0) {
    return {
      headers: modern && remote ? foreignParamHeaders(declared, exchange.headers) : NO_HEADERS,
    }
  }
  const { message } = exchange
  const text =
    message.arguments.start === -1 ? '{}' : slice(message.bytes, message.arguments).toString()
  const args: unknown = JSON.parse(text)
  const fault = modern ? judgeParamHeaders(declared, args, exchange.headers) : undefined
  if (fault !== undefined)
    return { refusal: encodeRefusal(exchange, RPC.headerMismatch, fault, 400) }
  const foreign = modern ? foreignParamHeaders(declared, exchange.headers) : NO_HEADERS
  return { headers: { ...foreign, ...writeParamHeaders(declared, args) } }
}

/** A missing name and a hidden one are answered alike. Source: MCP, Tools, "Error handling". */
function unknownTool(exchange: Exchange): CallResult {
  const name = exchange.message.name ?? paramText(exchange.message, 'name')
  return encodeRefusal(exchange, RPC.invalidParams, `Unknown tool: ${name ?? '(no name)'}`)
}
