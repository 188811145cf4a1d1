import type { IncomingMessage } from 'node:http'
import { isRandomText } from './install-states.ts'

/** The cookie that ties an installation to the browser it was begun in. */
export interface BrowserCookie {
  /** The value that this browser sent; undefined when it sent none, or several. */
  read(req: IncomingMessage): string | undefined
  /** A `Set-Cookie` line. */
  write(value: string, lifeMs: number): string
}

/**
 * The rules follow where Slack sends the browser back to: over https the cookie is `Secure` and of that host alone;
 * plain http, which only loopback may use, has neither. `Lax`, because the way back is a link from another site.
 *
 * Source: RFC 6265bis §4.1.2, §4.1.3.2, "The __Host- Prefix".
 *
 * @param redirectUri where Slack sends the browser
 */
export function createBrowserCookie(redirectUri: URL): BrowserCookie {
  const isHttps = redirectUri.protocol === 'https:'
  const name = isHttps ? '__Host-sallyport-slack' : 'sallyport-slack'
  const place = isHttps ? 'Path=/; Secure' : 'Path=/slack'
  return {
    read: (req) => {
      const values = readCookies(req.headers.cookie ?? '', name)
      const [value] = values
      return values.length === 1 && value !== undefined && isRandomText(value) ? value : undefined
    },
    write: (value, lifeMs) =>
      `${name}=${value}; Max-Age=${Math.ceil(lifeMs / 1_000)}; ${place}; HttpOnly; SameSite=Lax`,
  }
}

function readCookies(header: string, name: string): string[] {
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}
