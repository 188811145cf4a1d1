import { AppError } from '@sallyport/kit/errors'
import type { InstallFailure } from './install-pages.ts'

/** Codes that say that the app's own settings are wrong. Source: Slack, "oauth.v2.access", "Errors". */
const MISCONFIGURED: ReadonlySet<string> = new Set([
  'bad_client_secret',
  'bad_redirect_uri',
  'invalid_client',
  'invalid_client_id',
  'invalid_redirect_uri',
  'missing_client_secret',
  'oauth_authorization_url_mismatch',
])
const UNAVAILABLE: ReadonlySet<string> = new Set([
  'fatal_error',
  'internal_error',
  'ratelimited',
  'request_timeout',
  'service_unavailable',
])

/** What a code that Slack refused an exchange with means for whoever installs. */
export function failureOfSlack(code: string): InstallFailure {
  if (MISCONFIGURED.has(code)) return 'misconfigured'
  return UNAVAILABLE.has(code) ? 'unavailable' : 'refused'
}

/** What an exception on the way means, with the error for the log. */
export function failureOfThrown(thrown: unknown): {
  readonly failure: InstallFailure
  readonly error: AppError
} {
  const error = AppError.from(thrown)
  return { failure: failureOfCode(error), error }
}

function failureOfCode({ code }: AppError): InstallFailure {
  switch (code) {
    case 'overloaded':
    case 'shutting_down':
      return 'busy'
    case 'store_unwritable':
      return 'not_kept'
    case 'slack_unavailable':
    case 'slack_rate_limited':
    case 'slack_protocol':
      return 'unavailable'
    default:
      return 'internal'
  }
}
