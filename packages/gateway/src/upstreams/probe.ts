import type { ProbeCall } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import type { Message } from '@sallyport/kit/mcp'
import { ask } from './ask.ts'
import { judgeProbe } from './era.ts'
import { findDifference } from './expectation.ts'
import type { ClientInfo } from './own-messages.ts'
import { asObject, readJson, type Session } from './session.ts'

/** What every look at a session needs. */
export interface ProbeDeps {
  readonly clientInfo: ClientInfo
  /** How long an answer is waited for, milliseconds. */
  readonly withinMs: number
  /** Ends the wait. */
  readonly signal: AbortSignal
}

/** What one look at one session found. */
export interface Finding {
  /** What is wrong, without values the server sent; undefined when nothing is. */
  readonly fault: string | undefined
  /** Why no answer came; undefined when one did. */
  readonly error: AppError | undefined
}

const FINE: Finding = { fault: undefined, error: undefined }

/** Pings a legacy session, or asks a modern one who it is. Never throws. */
export async function probePing(session: Session, deps: ProbeDeps): Promise<Finding> {
  const { clientInfo, withinMs, signal } = deps
  const method = session.era === 'modern' ? 'server/discover' : 'ping'
  try {
    const answer = await ask(session, { method, clientInfo, withinMs, cancels: false }, signal)
    // An error is an answer too, but a modern server that denies being one has become another.
    const same = session.era === 'legacy' || judgeProbe(answer).kind === 'modern'
    return same ? FINE : wrong('the server no longer answers as a modern one')
  } catch (thrown) {
    return failed(AppError.from(thrown))
  }
}

/** Makes the configured call on a session and judges its result. Never throws. */
export async function probeCall(
  session: Session,
  call: ProbeCall,
  deps: ProbeDeps,
): Promise<Finding> {
  const { clientInfo, withinMs, signal } = deps
  const { tool: name } = call
  const params = { name, arguments: call.arguments }
  const about = { method: 'tools/call', name, params }
  try {
    const fault = judgeCall(
      await ask(session, { ...about, clientInfo, withinMs, cancels: true }, signal),
      call.expect,
    )
    return fault === undefined ? FINE : wrong(`the health call of ${name} failed: ${fault}`)
  } catch (thrown) {
    return failed(AppError.from(thrown))
  }
}

/** What is wrong with the answer to a health call; undefined when it is as expected. */
export function judgeCall(answer: Message, expected: unknown): string | undefined {
  if (answer.kind === 'error') {
    const code = asObject(readJson(answer, answer.error))?.['code']
    return `it was answered with the error ${typeof code === 'number' ? code : 'of no code'}`
  }
  const result = readJson(answer, answer.result)
  if (expected !== undefined) return findDifference(expected, result, 'result')
  const members = asObject(result)
  if (members === undefined) return 'result is not a map'
  if (members['isError'] === true) return 'result.isError is true'
  const { resultType = 'complete' } = members
  // Source: MCP 2026-07-28, "Multi round-trip requests": such a result is a question, and tasks are promises.
  return resultType === 'complete' ? undefined : 'the call is not complete'
}

function wrong(fault: string): Finding {
  return { fault, error: undefined }
}

function failed(error: AppError): Finding {
  return { fault: error.message, error }
}
