import { createHmac, timingSafeEqual } from 'node:crypto'
import { AppError } from '../errors.ts'

/** What of a request tells which page sent it. Repeated headers are joined, and so fit nothing. */
export interface PageSigns {
  readonly method: string
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly csrfToken: string | undefined
}

/** What it must be, for one session. */
export interface OwnPage {
  /** Origins of our own pages, in lower case. */
  readonly origins: readonly string[]
  readonly csrfToken: string
}

/**
 * The token that pages send as `X-CSRF-Token`. It follows from the session's secret, which no page can read,
 * so it is good for this session alone and the same in every process.
 *
 * Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "HMAC CSRF Token".
 */
export function csrfTokenOf(sessionSecret: string): string {
  return createHmac('sha256', sessionSecret).update('sallyport/csrf/1').digest('base64url')
}

/**
 * Lets pass what one of our own pages sent, or a person who typed the address. Whoever changes something must
 * bring the token too. A browser that says where the page came from must say that it is ours.
 *
 * Source: Fetch Metadata Request Headers §2.4; RFC 6454 §7; OWASP ASVS 5.0, 3.5.1.
 *
 * @throws {AppError} `csrf_failed`
 */
export function judgePage(signs: PageSigns, own: OwnPage): void {
  const { origin, fetchSite, method } = signs
  const isSafe = method === 'GET' || method === 'HEAD'
  if (origin !== undefined && !own.origins.includes(origin.toLowerCase())) throw foreign()
  if (fetchSite !== undefined && fetchSite !== 'same-origin') {
    if (!isSafe || fetchSite !== 'none') throw foreign()
  }
  if (isSafe || isEqual(signs.csrfToken ?? '', own.csrfToken)) return
  throw new AppError(
    'csrf_failed',
    'X-CSRF-Token is missing or of another session: send the csrfToken of GET /api/v1/auth/me',
  )
}

function foreign(): AppError {
  return new AppError(
    'csrf_failed',
    'a page of another site sent this request; a session is good for pages of this gateway only',
  )
}

function isEqual(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
