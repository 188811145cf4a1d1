import { isLoopback } from '@sallyport/kit/http'

/** The part of the configuration that says how people reach the admin listener. */
export interface PageSettings {
  readonly admin: { readonly host: string }
  readonly publicUrl?: string | undefined
}

/**
 * Whether people come over https: everywhere but on loopback without a public https address. Cookies are made so
 * that browsers keep them for https alone, then.
 */
export function isSecure({ admin, publicUrl }: PageSettings): boolean {
  return !isLoopback(admin.host) || publicUrl?.startsWith('https:') === true
}

/**
 * The origins that our own pages have, for a request to this host.
 *
 * @param host the request's, after trusted proxies and judged by the door
 */
export function ownOrigins({ admin, publicUrl }: PageSettings, host: string): readonly string[] {
  const authority = host.toLowerCase()
  const name = authority.replace(/:\d*$/, '')
  const local = isLoopback(admin.host) && isLoopback(name) ? [`http://${authority}`] : []
  const known = publicUrl === undefined ? [] : [new URL(publicUrl).origin]
  return [`https://${authority}`, ...local, ...known]
}
