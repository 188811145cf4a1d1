/**
 * The one error type and the one table of codes. Runtime-neutral: `contract` and browsers use it too.
 */

export interface ErrorSpec {
  /** HTTP status where HTTP speaks (the door, the admin API). Behind the door MCP answers 200. */
  readonly http: number
  /** `rejection`: the caller is wrong. `failure`: a dependency is. `defect`: we are. */
  readonly family: 'rejection' | 'failure' | 'defect'
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean
  /** Whether the message may leave the process. Otherwise only `summary` does. */
  readonly exposeMessage: boolean
  readonly summary: string
}

function rejection(http: number, summary: string, retryable = false): ErrorSpec {
  return { http, family: 'rejection', retryable, exposeMessage: true, summary }
}

function failure(http: number, summary: string, retryable = true): ErrorSpec {
  return { http, family: 'failure', retryable, exposeMessage: false, summary }
}

/** A failure whose message is always our own words and tells the caller more than the summary does. */
function told(http: number, summary: string, retryable = true): ErrorSpec {
  return { ...failure(http, summary, retryable), exposeMessage: true }
}

/** Every failure this product reports. `docs/errors.md` is generated from this table. */
export const ERRORS = {
  // Start and configuration
  config_invalid: rejection(422, 'The configuration was rejected.'),
  usage: rejection(400, 'The command was used wrongly.'),
  store_locked: rejection(409, 'Another gateway uses this store.', true),
  store_newer: rejection(409, 'The store was written by a newer version.'),
  store_unwritable: failure(503, 'The store cannot be written.'),
  master_key_wrong: rejection(409, 'The master key does not fit this store.'),
  port_taken: rejection(409, 'The address cannot be listened on.', true),
  node_too_old: rejection(400, 'This program needs Node 24 or newer.'),
  not_running: rejection(404, 'No gateway runs on this configuration.', true),
  // The door
  host_not_allowed: rejection(403, 'The Host header names no address of this gateway.'),
  origin_not_allowed: rejection(403, 'The Origin is not allowed.'),
  forwarded_not_allowed: rejection(403, 'Forwarded requests are refused without authentication.'),
  credential_missing: rejection(401, 'A key or token is needed.'),
  credential_invalid: rejection(401, 'The key or token is not valid.'),
  forbidden: rejection(403, 'The role of this key does not allow that.'),
  insufficient_scope: rejection(403, 'The token lacks a scope that this needs.'),
  address_not_allowed: rejection(403, 'The caller may not come from this address.'),
  suspended: rejection(403, 'An operator suspended this caller or session.'),
  tenant_required: rejection(403, 'Only callers of a tenant are let in.'),
  csrf_failed: rejection(403, 'The request lacks the proof that a page of ours sent it.'),
  login_failed: rejection(401, 'The name or the password is wrong.'),
  issuer_unavailable: told(503, 'The keys of the identity provider cannot be read.'),
  rate_limited: rejection(429, 'Too many requests.', true),
  locked_out: rejection(429, 'Too many bad credentials from this address.', true),
  overloaded: failure(503, 'The gateway is at a limit; try again.'),
  shutting_down: failure(503, 'The gateway is stopping.'),
  // The request
  request_invalid: rejection(400, 'The request is not valid.'),
  not_found: rejection(404, 'There is nothing at this address.'),
  method_not_allowed: rejection(405, 'This address does not take that HTTP method.'),
  not_acceptable: rejection(406, 'The answer is JSON or an event stream, and neither is accepted.'),
  media_type: rejection(415, 'The body must be application/json.'),
  request_too_large: rejection(413, 'The request exceeds the size limit.'),
  request_slow: rejection(408, 'The request took too long to arrive.', true),
  conflict: rejection(409, 'That exists already, or is in use.'),
  version_required: rejection(428, 'The change must name the version it is based on.'),
  version_conflict: rejection(412, 'Somebody else changed it meanwhile.'),
  command_not_allowed: rejection(403, 'The command is not on the allow list.'),
  url_not_allowed: rejection(403, 'The address is private, or not allowed.'),
  // A call
  server_unavailable: failure(503, 'The server cannot be reached.'),
  server_start_failed: failure(503, 'The server could not be started.'),
  server_protocol: failure(502, 'The server broke the protocol.'),
  server_unauthorized: failure(502, 'The server refused our credential.', false),
  server_lost: failure(502, 'The connection to the server was lost.'),
  deadline_exceeded: failure(504, 'The server did not answer in time.'),
  breaker_open: told(
    503,
    'The server failed several times in a row; calls to it are refused for a moment.',
  ),
  group_unhealthy: told(503, 'Too few servers of the group are healthy.'),
  server_blocked: rejection(403, 'An operator blocked the server.'),
  server_draining: told(503, 'The server takes no new calls for now.'),
  caps_unavailable: rejection(503, 'A cap of the server cannot be enforced on this host.'),
  quota_exceeded: rejection(429, 'A quota is used up.', true),
  idempotency_conflict: rejection(409, 'The idempotency key was used for another call.'),
  outcome_unknown: rejection(
    409,
    'An earlier call with this idempotency key ended without a known outcome.',
  ),
  handle_unknown: rejection(404, 'There is no such kept result.'),
  queue_full: failure(503, 'Too many calls wait for this server.'),
  question_unanswered: rejection(400, 'A question of the server was not answered.'),
  cancelled: rejection(499, 'The caller cancelled the call.'),
  // Its sentences name sizes and nothing else.
  result_too_large: told(502, 'The result exceeds the size limit.', false),
  // Slack
  slack_refused: told(502, 'Slack refused the request.', false),
  slack_scope_missing: told(403, 'The Slack app lacks a scope that this needs.', false),
  slack_reinstall: told(409, 'The Slack app must be installed again.', false),
  slack_rate_limited: told(429, 'Slack asks for fewer requests.'),
  slack_unavailable: failure(503, 'Slack cannot be reached.'),
  slack_protocol: failure(502, 'Slack answered with something else than was asked for.'),
  slack_outcome_unknown: told(502, 'Nobody knows whether Slack did it.', false),
  slack_team_unknown: rejection(404, 'There is no such workspace.'),
  slack_channel_unknown: rejection(404, 'There is no such channel.'),
  slack_user_unknown: rejection(404, 'There is no such person.'),
  slack_write_refused: rejection(403, 'Writing there is not allowed.'),
  slack_signature_invalid: rejection(401, 'The request is not signed by Slack.'),
  internal: {
    http: 500,
    family: 'defect',
    retryable: false,
    exposeMessage: false,
    summary: 'Unexpected failure; see the log of the gateway.',
  },
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERRORS

/** What is known about a call that failed: whether the server may have acted on it. */
export type CallOutcome = 'not_sent' | 'unknown'

export interface AppErrorOptions {
  readonly cause?: unknown
  /** Structured facts for the log. Never a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean>>
  /** When trying again makes sense, in milliseconds from now. */
  readonly retryAfterMs?: number
  /** What is left of the quota that refused, calls. */
  readonly remaining?: number
  readonly outcome?: CallOutcome
}

/** Every expected failure. `code` is stable; `message` is one lower-case sentence without full stop. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, string | number | boolean>>
  readonly retryAfterMs: number | undefined
  readonly remaining: number | undefined
  readonly outcome: CallOutcome | undefined

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    this.retryAfterMs = options.retryAfterMs
    this.remaining = options.remaining
    this.outcome = options.outcome
  }

  get spec(): ErrorSpec {
    return ERRORS[this.code]
  }

  /**
   * A copy that says what is known about the call, or nothing of it; errors may be shared, so this one stays as it
   * is.
   */
  withOutcome(outcome: CallOutcome | undefined): AppError {
    if (this.outcome === outcome) return this
    const { code, message, details, cause = this, retryAfterMs, remaining } = this
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
    const left = remaining === undefined ? {} : { remaining }
    const known = outcome === undefined ? {} : { outcome }
    return new AppError(code, message, { cause, details, ...known, ...wait, ...left })
  }

  /** Gives any thrown value a code, keeping the original as `cause`. */
  static from(thrown: unknown, code: ErrorCode = 'internal'): AppError {
    if (thrown instanceof AppError) return thrown
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return new AppError(code, message, { cause: thrown })
  }
}

/** The sentence a caller outside the process may see. */
export function publicMessage(error: AppError): string {
  return error.spec.exposeMessage ? error.message : error.spec.summary
}
