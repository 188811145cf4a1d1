import { AppError, type ErrorCode } from '@sallyport/kit/errors'
import type { Installation } from '../installations/installation.ts'
import type { Verdict } from './verdict.ts'

/** What failed, for the sentence and for the log. */
export interface FailedCall {
  readonly method: string
  readonly write: boolean
  readonly signal: AbortSignal
  readonly installation: Installation
}

type Lost = Extract<Verdict, { kind: 'lost' }>
type Refused = Extract<Verdict, { kind: 'refused' }>

/** Codes by which Slack refuses a token rather than a call. Source: Slack, `auth.test`, "Errors". */
const TOKEN_CODES: ReadonlySet<string> = new Set([
  'account_inactive',
  'invalid_auth',
  'not_authed',
  'token_expired',
  'token_revoked',
])

const CODES: Readonly<Record<string, ErrorCode>> = {
  channel_not_found: 'slack_channel_unknown',
  user_not_found: 'slack_user_unknown',
  users_not_found: 'slack_user_unknown',
  missing_scope: 'slack_scope_missing',
}

/** What to do about some of Slack's codes. */
const REMEDIES: Readonly<Record<string, string>> = {
  channel_not_found: 'slack_list_channels lists the channels that this app can see',
  user_not_found: 'slack_search_users finds people',
  users_not_found: 'slack_search_users finds people',
  not_in_channel: 'invite the app to the channel in Slack, or let it join',
  is_archived: 'the channel is archived',
  not_allowed_token_type: 'Slack wants another kind of token for this',
  restricted_action: 'a setting of the workspace forbids it',
  ekm_access_denied: 'an administrator of the workspace has suspended access',
  msg_too_long: 'make the text shorter',
  no_text: 'give a text',
  cant_update_message: 'only messages of the app itself can be changed',
  cant_delete_message: 'only messages of the app itself can be deleted',
  message_not_found: 'there is no message with that ts in the channel',
  thread_not_found: 'there is no thread with that ts in the channel',
  already_reacted: 'the reaction is there already',
  invalid_cursor: 'begin the list anew, without a cursor',
}

/** Whether Slack refused the token: nothing was done, and another one may be good. */
export function refusesToken(verdict: Verdict): boolean {
  return verdict.kind === 'refused' && TOKEN_CODES.has(verdict.error)
}

/** Slack's no, in our words. Names Slack's own code and scopes, and nothing else of the answer. */
export function refusedError({ error, needed }: Refused, call: FailedCall): AppError {
  const code = CODES[error] ?? 'slack_refused'
  const details = { method: call.method, team: call.installation.team, slackError: error }
  if (code === 'slack_scope_missing') {
    const scope = needed === undefined ? 'a scope' : `the scope ${needed}`
    const remedy = `add it to the app in Slack and to SLACK_SCOPES, then install it again`
    return new AppError(code, `the Slack app lacks ${scope}: ${remedy}`, { details })
  }
  const remedy = REMEDIES[error]
  const sentence = `Slack refused ${call.method} with ${error}`
  return new AppError(code, remedy === undefined ? sentence : `${sentence}: ${remedy}`, { details })
}

/** The tokens of an installation are dead. */
export function reinstallError({ app, team, teamName }: Installation, error: string): AppError {
  return new AppError(
    'slack_reinstall',
    `the Slack app no longer has access to the workspace ${teamName} (${team}): install it again at /slack/install`,
    { details: { app, team, slackError: error } },
  )
}

/** Slack asks for a pause that the deadline does not allow, or asks again and again. */
export function limitedError(retryAfterMs: number, call: FailedCall): AppError {
  const seconds = Math.ceil(retryAfterMs / 1_000)
  return new AppError(
    'slack_rate_limited',
    `Slack asks for fewer requests: try again in ${seconds} s`,
    {
      details: { method: call.method, team: call.installation.team },
      retryAfterMs: seconds * 1_000,
      outcome: 'not_sent',
    },
  )
}

/** No answer, or one that tells nothing. */
export function lostError(lost: Lost, call: FailedCall): AppError {
  const details = { method: call.method, team: call.installation.team, detail: lost.detail }
  const outcome = lost.sent ? 'unknown' : 'not_sent'
  if (lost.why === 'aborted' && !endsByDeadline(call)) {
    return AppError.from(call.signal.reason, 'cancelled').withOutcome(outcome)
  }
  if (call.write && lost.sent) return unknownError(details)
  if (lost.why === 'aborted' || lost.why === 'timeout') {
    const sentence = 'Slack did not answer in time'
    return new AppError('deadline_exceeded', sentence, { details, outcome })
  }
  if (lost.why === 'too_large') {
    const sentence = "Slack's answer is over the size limit: ask for less at once"
    return new AppError('result_too_large', sentence, { details })
  }
  if (lost.why === 'unreadable') {
    return new AppError('slack_protocol', 'the answer is not one of the Web API', { details })
  }
  return new AppError('slack_unavailable', 'Slack cannot be reached', { details, outcome })
}

/** What was to be changed may have been changed; whoever tries again may do it twice. */
export function unknownError(details: AppError['details']): AppError {
  return new AppError(
    'slack_outcome_unknown',
    'Slack was asked, and it is not known whether it did it: look in Slack before trying again',
    { details, outcome: 'unknown' },
  )
}

function endsByDeadline({ signal, write }: FailedCall): boolean {
  const { reason } = signal
  const code = reason instanceof AppError ? reason.code : undefined
  // A server that stops still answers: whoever asked for a change is told that it may have happened.
  return code === 'deadline_exceeded' || (write && code === 'shutting_down')
}
