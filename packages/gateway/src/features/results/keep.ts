import { AppError } from '@sallyport/kit/errors'
import {
  type Exchange,
  idOf,
  listMembers,
  resultMessage,
  scanReply,
  slice,
  wholeAnswer,
} from '@sallyport/kit/mcp'
import { holderOf } from '@sallyport/kit/principal'
import type { Call, CallResult, Interceptor } from '../../call/call.ts'
import type { Target } from '../../routing/target.ts'
import type { FeatureDeps } from '../feature.ts'
import { callBudget, type ResultBudgets } from './budgets.ts'
import type { KeptResult } from './kept-results.ts'
import { cutPart, parseAsked } from './read-more.ts'
import { READ_MORE } from './read-more-tool.ts'

/** Where an answer says how the result it stands for is read. */
export const META_MORE = 'dev.sallyport/more'

/** Below that a result is given whole, whatever its session was given. */
const ALWAYS_WHOLE_BYTES = 1_024
/** Largest part at once where no budget of a call says it. */
const PART_BYTES = 65_536

type KeepDeps = Pick<FeatureDeps, 'budgets' | 'kept' | 'given'>
type BudgetedDeps = KeepDeps & { readonly budgets: ResultBudgets }

/**
 * Keeps results that are too large for their reader, answers where they are in their place, and reads them
 * out in parts. Without a budget every call passes as it is.
 *
 * @throws {AppError} `result_too_large` where there is no room to keep; `handle_unknown`, `request_invalid`
 */
export function keepResults({ budgets, kept, given }: KeepDeps): Interceptor {
  if (!budgets) return (next) => next
  const deps: BudgetedDeps = { budgets, kept, given }
  return (next) => async (call) => {
    const { method, name } = call.exchange.message
    if (method !== 'tools/call') return next(call)
    if (name === READ_MORE) return readPart(call.exchange, deps)
    const result = await next(call)
    return call.target && mayBeKept(result) ? fit(call, call.target, result, deps) : result
  }
}

/** Errors of the protocol, refusals and questions are not kept. */
function mayBeKept({ outcome, code }: CallResult): boolean {
  return (outcome === 'ok' || outcome === 'tool_error') && code === null
}

function fit(
  { exchange }: Call,
  target: Target,
  result: CallResult,
  deps: BudgetedDeps,
): CallResult {
  const { budgets, given } = deps
  const budget = callBudget(target, budgets)
  const { perSessionBytes: max } = budgets
  const bytes = sizeOf(result)
  if (budget !== undefined && bytes > budget) {
    return keep(exchange, target, result, { ...deps, more: `the ${budget} that are given at once` })
  }
  if (max === undefined || given.give(readerOf(exchange), bytes, { ...budgets, max })) return result
  if (bytes <= ALWAYS_WHOLE_BYTES) return result
  return keep(exchange, target, result, { ...deps, more: `is left of the ${max} of this session` })
}

function readerOf({ session, caller }: Exchange): string {
  return session ? `session ${session.id}` : `principal ${holderOf(caller.principal)}`
}

/** Bytes of the result; of the whole answer where nobody knows its parts. */
function sizeOf({ reply, answer: { bytes, more = [] } }: CallResult): number {
  if (reply) return reply.result.end - reply.result.start
  return more.reduce((sum, piece) => sum + piece.length, bytes.length)
}

function textOf({ reply, answer }: CallResult): Buffer | undefined {
  const message = reply ?? scanReply(wholeAnswer(answer))
  return message && slice(message.bytes, message.result)
}

/** @param more what the size of the result is compared with */
function keep(
  exchange: Exchange,
  target: Target,
  result: CallResult,
  { kept, budgets, more }: BudgetedDeps & { readonly more: string },
): CallResult {
  const text = textOf(result)
  const { keepMs } = budgets
  const partBytesMax = callBudget(target, budgets) ?? PART_BYTES
  const entry = text && kept.keep(exchange.caller.principal, text, { keepMs, partBytesMax })
  if (!entry) {
    const sentence = `the result has ${sizeOf(result)} bytes, more than ${more}, and there is no room to keep it; ask for less, or read what is kept to its end first, which then gives way`
    throw new AppError('result_too_large', sentence)
  }
  return {
    ...result,
    answer: pointTo(exchange, entry, { more, isError: mustBeError(target, result) }),
    reply: undefined,
  }
}

/**
 * A tool that promises a form of its results could not keep the promise here, and clients that check it fail
 * the call without a word; what is an error they do not check.
 *
 * Source: MCP 2025-11-25, Tools, "Output schema".
 */
function mustBeError({ tool }: Target, { outcome }: CallResult): boolean {
  if (outcome === 'tool_error') return true
  if (!tool) return false
  const members = listMembers(tool.bytes, { start: 0, end: tool.bytes.length })
  return members.some(({ key }) => key === 'outputSchema')
}

function pointTo(
  exchange: Exchange,
  { handle, text, expiresAtMs }: KeptResult,
  { more, isError }: { readonly more: string; readonly isError: boolean },
): CallResult['answer'] {
  const expiresAt = new Date(expiresAtMs).toISOString()
  const bytes = text.length
  const sentence = `The result has ${bytes} bytes, more than ${more}; it is kept until ${expiresAt}: read it with the tool ${READ_MORE}, handle "${handle}", offset 0, then each offset that it names as next.`
  return answerOf(exchange, {
    content: [{ type: 'text', text: sentence }],
    ...(isError ? { isError } : {}),
    _meta: { [META_MORE]: { handle, bytes, expiresAt } },
  })
}

function readPart(exchange: Exchange, { kept }: BudgetedDeps): CallResult {
  const asked = parseAsked(exchange.message)
  const entry = kept.find(holderOf(exchange.caller.principal), asked.handle)
  if (!entry) {
    const sentence =
      'there is no kept result of this handle: it may have expired; make the call again'
    throw new AppError('handle_unknown', sentence, { outcome: 'not_sent' })
  }
  const { text, ...structuredContent } = cutPart(entry, asked)
  const answer = answerOf(exchange, { content: [{ type: 'text', text }], structuredContent })
  if (!exchange.reservation.grow(answer.bytes.length)) {
    throw new AppError('overloaded', 'too many bytes are buffered for this key')
  }
  if (structuredContent.next === null) kept.read(entry)
  return { answer, outcome: 'ok', code: null }
}

function answerOf({ era, message }: Exchange, result: object): CallResult['answer'] {
  const whole = era === 'modern' ? { resultType: 'complete', ...result } : result
  return { bytes: resultMessage(idOf(message), JSON.stringify(whole)), status: 200 }
}
