import { AppError } from '@sallyport/kit/errors'
import { findMember, type Message, type Range, memberTexts, parseText } from '@sallyport/kit/mcp'
import { ELICITATION, type Question, ROOTS, SAMPLING } from './question.ts'

/** What a modern server wants to know before it goes on. */
export interface InputRequired {
  /** Its questions by the keys it gave them. */
  readonly questions: ReadonlyMap<string, Question>
  readonly requests: Range | undefined
  /** Its own state, which comes back to it unchanged. */
  readonly state: string | undefined
  readonly stateRange: Range | undefined
}

/** Methods that may be answered with questions. Source: MCP 2026-07-28, "Multi round-trip requests". */
export const ASKING_METHODS: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
])

/** What may be asked. Source: as `ASKING_METHODS`. */
const ASKABLE: ReadonlySet<string> = new Set([ELICITATION, SAMPLING, ROOTS])

/** Questions of one round; more are refused. */
const QUESTIONS_MAX = 16

/**
 * Reads an `input_required` result.
 *
 * @throws {AppError} `server_protocol` when it asks nothing, too much, or something that is no question
 */
export function readInputRequired(reply: Message): InputRequired {
  const { bytes, result } = reply
  const requests = findMember(bytes, result, 'inputRequests')
  const stateRange = findMember(bytes, result, 'requestState')
  const text = (range: Range | undefined): string | undefined =>
    range && bytes.toString('utf8', range.start, range.end)
  const state = parseText(text(stateRange))
  const questions = new Map<string, Question>()
  for (const [key, request] of memberTexts(text(requests))) {
    const members = memberTexts(request)
    const method = parseText(members.get('method'))
    if (method === undefined || !ASKABLE.has(method))
      throw broken(`its question ${JSON.stringify(key.slice(0, 40))} is none that may be asked`)
    questions.set(key, { method, params: members.get('params') })
  }
  if (questions.size === 0 && state === undefined)
    throw broken('it asks nothing and gives no state')
  if (questions.size > QUESTIONS_MAX) throw broken(`it asks ${questions.size} questions at once`)
  return { questions, requests, state, stateRange }
}

/** The text of `inputRequests` for questions. */
export function requestsText(questions: ReadonlyMap<string, Question>): string {
  const entries = [...questions].map(([key, { method, params }]) => {
    const own = params === undefined ? '' : `,"params":${params}`
    return `${JSON.stringify(key)}:{"method":${JSON.stringify(method)}${own}}`
  })
  return `{${entries.join()}}`
}

function broken(reason: string): AppError {
  return new AppError('server_protocol', `the server wants input, but ${reason}`, {
    outcome: 'unknown',
  })
}
