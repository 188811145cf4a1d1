import { type Exchange, RPC, slice } from '@sallyport/kit/mcp'
import {
  foreignParamHeaders,
  judgeParamHeaders,
  writeParamHeaders,
} from '../routing/param-headers.ts'
import type { Target } from '../routing/target.ts'
import type { CallResult } from './call.ts'
import { encodeRefusal } from './encode-answer.ts'

const NO_HEADERS: Readonly<Record<string, string>> = {}

/** Checks and computes the headers that mirror arguments; only tools that declare some pay for it. */
export function judgeHeaders(
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
  // Over stdio there are no headers that could disagree; a modern request over HTTP always has some.
  const mirrored = modern && exchange.headers['mcp-protocol-version'] !== undefined
  const fault = mirrored ? judgeParamHeaders(declared, args, exchange.headers) : undefined
  if (fault !== undefined)
    return { refusal: encodeRefusal(exchange, RPC.headerMismatch, fault, { status: 400 }) }
  const foreign = modern ? foreignParamHeaders(declared, exchange.headers) : NO_HEADERS
  return { headers: { ...foreign, ...writeParamHeaders(declared, args) } }
}
