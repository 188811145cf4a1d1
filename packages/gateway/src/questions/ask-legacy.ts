import { CallController, type CallSignal } from '@sallyport/kit/call-signal'
import { AppError } from '@sallyport/kit/errors'
import type { Deadlines } from '@sallyport/kit/limits'
import { slice } from '@sallyport/kit/mcp'
import type { Call } from '../call/call.ts'
import type { QuestionAnswer } from '../upstreams/upstream.ts'
import type { ParkedCalls } from './parked-calls.ts'
import type { Question } from './question.ts'

export interface AskDeps {
  readonly deadlines: Deadlines
  readonly parked: ParkedCalls
  /** How long a person has, milliseconds. */
  readonly timeoutMs: number
}

/**
 * Asks a legacy client in the middle of its call and waits for the person. The call's own deadline stands
 * still meanwhile.
 *
 * @param over each tells when the server needs no answer any more: the question is taken back then
 * @throws {AppError} `question_unanswered`, `overloaded`, or what the call was aborted with
 */
export async function askLegacy(
  call: Call,
  question: Question,
  { deadlines, parked, timeoutMs }: AskDeps,
  over: readonly CallSignal[] = [],
): Promise<QuestionAnswer> {
  const { exchange, deadline } = call
  if (!exchange.ask) throw new AppError('question_unanswered', 'the client takes no stream')
  const done = parked.hold(exchange.caller.principal.id, call)
  const wait = new CallController()
  const { signal } = exchange.controller
  const ends = [signal, ...over]
  const leave = (): void => wait.abort(ends.find(({ aborted }) => aborted)?.reason)
  const expiry = deadlines.add(timeoutMs, () => {
    const text = `the client did not answer a question within ${timeoutMs} ms`
    wait.abort(new AppError('question_unanswered', text))
  })
  for (const end of ends) end.addEventListener('abort', leave, { once: true })
  deadline.pause()
  try {
    const gone = ends.find(({ aborted }) => aborted)
    if (gone) throw AppError.from(gone.reason)
    const answer = await exchange.ask({ ...question, signal: wait.signal })
    return answer.kind === 'error'
      ? { kind: 'error', text: slice(answer.bytes, answer.error) }
      : { kind: 'result', text: slice(answer.bytes, answer.result) }
  } finally {
    deadline.resume()
    expiry.cancel()
    for (const end of ends) end.removeEventListener('abort', leave)
    done()
  }
}
