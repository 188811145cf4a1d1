import type { ServerResponse } from 'node:http'

/**
 * What every answer tells browsers: nothing of it is to be run, framed, guessed at or kept as a referrer. Pages
 * replace the policy by their own. The same headers as Helmet's defaults, without those that only matter where
 * scripts run.
 *
 * Source: OWASP, "HTTP Security Response Headers Cheat Sheet"; Fetch Standard, "`Cross-Origin-Resource-Policy`".
 */
const HEADERS: readonly (readonly [string, string])[] = [
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
]

/** A year. Source: RFC 6797 §6.1. */
const STRICT_TRANSPORT = 'max-age=31536000; includeSubDomains'

/** Sets them on an answer that has not begun; `https` = whether the server is reached by it. */
export function applySecurityHeaders(res: ServerResponse, https: boolean): void {
  for (const [name, value] of HEADERS) res.setHeader(name, value)
  if (https) res.setHeader('strict-transport-security', STRICT_TRANSPORT)
}
