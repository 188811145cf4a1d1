import type { Secret } from '@sallyport/kit/secret'

/** Carries the mark by which a child and all it starts are found again. */
export const MARK_VARIABLE = 'SALLYPORT_CHILD'

const PASSED = new Set([
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'TZ',
  'TMPDIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
])

/** Without these no program starts on Windows. */
const PASSED_ON_WINDOWS = new Set([
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'PROGRAMFILES',
  'PROGRAMDATA',
])

function isPassed(name: string, platform: NodeJS.Platform): boolean {
  const upper = name.toUpperCase()
  if (platform === 'win32' && (PASSED.has(upper) || PASSED_ON_WINDOWS.has(upper))) return true
  if (name.startsWith('LC_')) return true
  if (PASSED.has(name)) return true
  // Proxy variables are customary in lower case too; PATH and HOME are not.
  return name === name.toLowerCase() && PASSED.has(upper) && /proxy|ssl_|extra_ca/.test(name)
}

/**
 * The whole environment of a child: an allow-list of the gateway's own, the server's `env`, and the mark.
 * Nothing else of the gateway's environment is inherited, so its secrets stay its own.
 *
 * Source: design §5; facts on the protocol's security guide, rule H5.
 */
export function childEnvironment(
  inherited: Readonly<Record<string, string | undefined>>,
  own: Readonly<Record<string, Secret>>,
  mark: string,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && isPassed(name, platform)) environment[name] = value
  }
  for (const [name, value] of Object.entries(own)) environment[name] = value.reveal()
  environment[MARK_VARIABLE] = mark
  return environment
}
