import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet from 'helmet'

const NOTHING = ["'none'"]
const YEAR_SECONDS = 31_536_000

/** Sets them on an answer that has not begun. */
export type SecurityHeaders = (req: IncomingMessage, res: ServerResponse) => void

/**
 * Helmet's headers on every answer, with a policy by which nothing is to be run or framed; pages replace that by
 * their own.
 *
 * @param https whether the server is reached by it
 */
export function createSecurityHeaders(https: boolean): SecurityHeaders {
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: NOTHING, frameAncestors: NOTHING, baseUri: NOTHING },
    },
    xFrameOptions: { action: 'deny' },
    // RFC 6797 §7.2: not to be sent over http.
    strictTransportSecurity: https && { maxAge: YEAR_SECONDS, includeSubDomains: true },
  })
  return (req, res) => {
    setHeaders(req, res, (error) => {
      if (error !== undefined) throw error
    })
  }
}
