import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Environment } from '@sallyport/kit/config'

/**
 * The folder for the state of a configuration that names no store: the same for the same identity (a file's
 * absolute path), another for any other. It is not made here.
 *
 * Source: XDG Base Directory Specification, "Environment variables" (relative values are ignored).
 */
export function stateFolder(identity: string, env: Environment): string {
  const given = env['XDG_STATE_HOME'] ?? ''
  const home = env['HOME'] || homedir()
  const base = isAbsolute(given) ? given : join(home, '.local', 'state')
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 16)
  return join(base, 'sallyport', hash)
}
