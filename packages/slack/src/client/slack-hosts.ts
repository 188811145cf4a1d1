import { isLoopback } from '@sallyport/kit/http'

/** Whether a name or address is this machine. IPv6 as URLs write it, in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''))
}

/**
 * Whether a file's address is Slack's own: a host of Slack over https, or the very origin that the Web API is
 * called at.
 */
export function isSlackFileUrl(url: string, apiUrl: string): boolean {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.username !== '' || parsed.password !== '') return false
  if (parsed.origin === new URL(apiUrl).origin) return true
  return (
    parsed.protocol === 'https:' &&
    parsed.port === '' &&
    /(^|\.)slack(-files|-edge)?\.com$/.test(parsed.hostname)
  )
}
