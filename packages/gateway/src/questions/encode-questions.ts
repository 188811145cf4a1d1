import {
  type Edit,
  type Exchange,
  idOf,
  type Message,
  paramText,
  type Range,
  RPC,
  memberTexts,
  objectText,
} from '@sallyport/kit/mcp'
import type { CallResult } from '../call/call.ts'
import { encodeRefusal, idEdit } from '../call/encode-answer.ts'
import type { ParamEdit } from '../call/encode-request.ts'
import type { QuestionAnswer } from '../upstreams/upstream.ts'
import type { Capabilities } from './abilities.ts'
import { type InputRequired, requestsText } from './input-required.ts'
import { type Question } from './question.ts'

/** The answers a retry brings, as JSON texts by key. A wrapped answer is none. Source: as `Questions`. */
export function answersOf(message: Message): Map<string, string> {
  const answers = memberTexts(paramText(message, 'inputResponses'))
  for (const [key, text] of answers) if (!text.startsWith('{')) answers.delete(key)
  return answers
}

/** Members of a retry towards a modern server: the answers, and its own state. */
export function retryParams(
  answers: ReadonlyMap<string, string>,
  state: string | undefined,
): ParamEdit[] {
  const params: ParamEdit[] = [{ path: ['inputResponses'], text: objectText(answers) }]
  if (state !== undefined) params.push({ path: ['requestState'], text: JSON.stringify(state) })
  return params
}

/** What a modern client gets in place of a result: questions, and the state it comes back with. */
export function inputRequired(
  exchange: Exchange,
  questions: ReadonlyMap<string, Question>,
  state: string,
): CallResult {
  const text = `{"jsonrpc":"2.0","id":${idOf(exchange.message)},"result":{"resultType":"input_required","inputRequests":${requestsText(questions)},"requestState":${JSON.stringify(state)}}}`
  return {
    answer: { bytes: Buffer.from(text), status: 200 },
    outcome: 'ok',
    code: 'input_required',
  }
}

/** A modern server's questions in the client's bytes: the client's id, what is shown otherwise, and our state. */
export function forwardEdits(
  exchange: Exchange,
  reply: Message,
  asked: InputRequired,
  to: { readonly others: ReadonlyMap<string, Question>; readonly sealed: string | undefined },
): Edit[] {
  const edits = [idEdit(reply, idOf(exchange.message))]
  const same = [...asked.questions].every(([key, question]) => to.others.get(key) === question)
  if (asked.requests && !same) {
    edits.push({ ...asked.requests, text: shownRequests(reply, asked.requests, to.others) })
  }
  if (to.sealed !== undefined) {
    const state = JSON.stringify(to.sealed)
    const at = reply.result.start + 1
    if (asked.stateRange) edits.push({ ...asked.stateRange, text: state })
    else edits.push({ start: at, end: at, text: `"requestState":${state},` })
  }
  return edits.toSorted((one, other) => one.start - other.start)
}

/** The server's questions as the client gets them; what we do not know in them stays. */
function shownRequests(
  { bytes }: Message,
  range: Range,
  shown: ReadonlyMap<string, Question>,
): string {
  const requests = memberTexts(bytes.toString('utf8', range.start, range.end))
  for (const [key, text] of requests) {
    const question = shown.get(key)
    const members = memberTexts(text)
    if (question?.params !== undefined) members.set('params', question.params)
    if (question) requests.set(key, objectText(members))
    else requests.delete(key)
  }
  return objectText(requests)
}

/** Source: MCP 2026-07-28, "Multi round-trip requests", "Error handling". */
export function invalidState(exchange: Exchange): CallResult {
  return encodeRefusal(exchange, RPC.invalidParams, 'Invalid or expired requestState')
}

/** Source: MCP 2026-07-28, "Error codes", -32021. */
export function incapable(exchange: Exchange, missing: Capabilities): CallResult {
  const names = Object.keys(missing).join(', ')
  return encodeRefusal(
    exchange,
    RPC.missingCapability,
    `Missing required client capabilities: ${names}`,
    {
      status: exchange.era === 'modern' ? 400 : 200,
      data: { requiredCapabilities: missing },
    },
  )
}

/** What a server hears whose question the client cannot answer. */
export function unknownQuestion({ method }: Question): QuestionAnswer {
  const message = `the client cannot answer ${method}`
  return { kind: 'error', text: JSON.stringify({ code: RPC.methodNotFound, message }) }
}
