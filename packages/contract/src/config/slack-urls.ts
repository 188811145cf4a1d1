/** Why a value is refused. */
export interface UrlFault {
  readonly message: string
  readonly remedy: string
}

/** Where Slack sends browsers back to, below the public address. */
export const CALLBACK_PATH = '/slack/oauth/callback'

const SLACK_HOST = /^(?:[a-z0-9-]+\.)*slack(?:-gov)?\.com$/

/** An http or https URL without user, query and fragment, and without a slash at its end; undefined otherwise. */
export function parseWebUrl(text: string): string | undefined {
  const url = URL.parse(text.trim())
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  if (`${url.username}${url.password}${url.search}${url.hash}` !== '') return undefined
  return url.href.replace(/\/+$/, '')
}

/** Scheme, host and port of a web page, and nothing else; undefined otherwise. */
export function parseOrigin(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  return text.toLowerCase().replace(/\/$/, '') === url.origin ? url.origin : undefined
}

/** Why an address that Slack or browsers are sent to cannot be used; undefined = it can. */
export function judgePublic(url: string): UrlFault | undefined {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || isLoopback(hostname)) return undefined
  return {
    message: 'is not https, and its host is not loopback',
    remedy: 'write its https address; Slack takes http only for tests on one machine',
  }
}

/** Why a redirect address is not the callback of what is reached at `publicUrl`; undefined = it is. */
export function judgeRedirect(redirect: string, publicUrl: string): UrlFault | undefined {
  const expected = `${new URL(publicUrl).pathname.replace(/\/+$/, '')}${CALLBACK_PATH}`
  if (new URL(redirect).pathname === expected) return undefined
  return {
    message: `its path is not ${expected}, where this server answers`,
    remedy: `write it like \`${publicUrl}${CALLBACK_PATH}\`, and enter the same at your Slack app`,
  }
}

/** The address of what has this callback; undefined when it is none. */
export function publicUrlOf(redirect: string): string | undefined {
  return redirect.endsWith(CALLBACK_PATH) ? redirect.slice(0, -CALLBACK_PATH.length) : undefined
}

/** Whether it is Slack itself, over https at its usual port. */
export function isSlack(url: string): boolean {
  const { protocol, hostname, port } = new URL(url)
  return protocol === 'https:' && port === '' && SLACK_HOST.test(hostname)
}

/**
 * Why tokens and browsers are not sent to such an address; undefined = they are: Slack itself, loopback, or
 * whatever a test has allowed.
 */
export function judgeSlackUrl(url: string, allowsTestHosts: boolean): UrlFault | undefined {
  if (isSlack(url) || allowsTestHosts || isLoopback(new URL(url).hostname)) return undefined
  return {
    message: 'its host is neither Slack nor loopback, and would be given tokens',
    remedy: 'unset it; for a test on other hosts set SALLYPORT_ALLOW_TEST_HOSTS=1',
  }
}

/** Whether the host of a URL, as `URL` spells it, is this machine alone. */
function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/.test(
    hostname,
  )
}
