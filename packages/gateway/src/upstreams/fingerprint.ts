import { createHash } from 'node:crypto'
import type { ServerConfig } from './server-config.ts'

/**
 * SHA-256, hex, over what reaches the server: another command or address is another server. Of environment
 * variables and headers only the names count, since values are secrets and this is stored.
 */
export function fingerprintOf(config: ServerConfig): string {
  const parts =
    config.kind === 'stdio'
      ? [config.kind, config.command, config.args, config.cwd, Object.keys(config.env).toSorted()]
      : [config.kind, config.url, config.hostHeader ?? null, Object.keys(config.headers).toSorted()]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
