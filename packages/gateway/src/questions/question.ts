import { randomUUID } from 'node:crypto'
import {
  type Era,
  type Message,
  objectText,
  memberTexts,
  rangeText,
  parseText,
} from '@sallyport/kit/mcp'

/** What a server asks of a client in the middle of a call. */
export interface Question {
  /** `elicitation/create`, `sampling/createMessage`, `roots/list`, or an extension's own. */
  readonly method: string
  /** JSON text of `params`, as the server wrote it; undefined = none. */
  readonly params: string | undefined
}

export const ELICITATION = 'elicitation/create'
export const SAMPLING = 'sampling/createMessage'
export const ROOTS = 'roots/list'

/** The question in a request of a legacy server. */
export function questionOf(message: Message): Question {
  return { method: message.method, params: rangeText(message.bytes, message.params) }
}

/**
 * The same question in the words of the client's era: an elicitation by URL has an id in the legacy era
 * and none in the modern one.
 *
 * Source: MCP 2025-11-25 and 2026-07-28, "Elicitation", URL mode.
 */
export function inEra(question: Question, era: Era): Question {
  if (question.method !== ELICITATION) return question
  const members = memberTexts(question.params)
  if (members.get('mode') !== '"url"') return question
  if (members.has('elicitationId') === (era === 'legacy')) return question
  if (era === 'legacy') members.set('elicitationId', JSON.stringify(randomUUID()))
  else members.delete('elicitationId')
  return { method: question.method, params: objectText(members) }
}

/**
 * The same question, saying which server asks: its name stands before the text a person reads.
 *
 * Source: facts, rule I9 (the user must be told who asks).
 */
export function saying(question: Question, server: string): Question {
  if (question.method !== ELICITATION) return question
  const members = memberTexts(question.params)
  const text = parseText(members.get('message'))
  if (text === undefined) return question
  members.set('message', JSON.stringify(`[${server}] ${text}`))
  return { method: question.method, params: objectText(members) }
}
