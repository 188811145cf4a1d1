import { AppError } from '@sallyport/kit/errors'
import { type ClientSession, type Message, slice } from '@sallyport/kit/mcp'
import type { QuestionAnswer } from './upstream.ts'

/** No person is asked: a client knows its roots. */
const ANSWER_MS_MAX = 30_000

/** Asks the client that an upstream session belongs to, while none of its calls is there to be asked. */
export function askRoots(
  session: ClientSession,
  ended: AbortSignal,
): (question: Message) => Promise<QuestionAnswer> {
  return async ({ bytes, params, method }) => {
    const text = params.start === -1 ? undefined : bytes.toString('utf8', params.start, params.end)
    const waiting = new AbortController()
    const leave = (): void => waiting.abort(ended.reason)
    const timer = setTimeout(() => {
      waiting.abort(new AppError('question_unanswered', 'the client did not tell its roots'))
    }, ANSWER_MS_MAX)
    ended.addEventListener('abort', leave, { once: true })
    try {
      const answer = await session.ask({ method, params: text, signal: waiting.signal })
      return answer.kind === 'error'
        ? { kind: 'error', text: slice(answer.bytes, answer.error) }
        : { kind: 'result', text: slice(answer.bytes, answer.result) }
    } finally {
      clearTimeout(timer)
      ended.removeEventListener('abort', leave)
    }
  }
}
