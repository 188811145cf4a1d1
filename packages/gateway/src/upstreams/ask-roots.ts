import type { CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import { type ClientSession, slice } from '@sallyport/kit/mcp'
import type { SessionEvents } from './session.ts'

/** No person is asked: a client knows its roots. */
const ANSWER_MS_MAX = 30_000

/** Asks the client that an upstream session belongs to, while none of its calls is there to be asked. */
export function askRoots(
  session: ClientSession,
  ended: AbortSignal,
): NonNullable<SessionEvents['onRootsAsked']> {
  return async ({ bytes, params, method }, withdrawn) => {
    const text = params.start === -1 ? undefined : bytes.toString('utf8', params.start, params.end)
    const waiting = new AbortController()
    const ends: readonly CallSignal[] = [ended, withdrawn]
    const leave = (): void => waiting.abort(ends.find(({ aborted }) => aborted)?.reason)
    const timer = setTimeout(() => {
      waiting.abort(new AppError('question_unanswered', 'the client did not tell its roots'))
    }, ANSWER_MS_MAX)
    for (const end of ends) end.addEventListener('abort', leave, { once: true })
    try {
      const answer = await session.ask({ method, params: text, signal: waiting.signal })
      return answer.kind === 'error'
        ? { kind: 'error', text: slice(answer.bytes, answer.error) }
        : { kind: 'result', text: slice(answer.bytes, answer.result) }
    } finally {
      clearTimeout(timer)
      for (const end of ends) end.removeEventListener('abort', leave)
    }
  }
}
