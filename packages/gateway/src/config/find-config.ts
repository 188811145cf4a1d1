import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Environment } from '@sallyport/kit/config'

/** Where the configuration comes from. */
export type ConfigSource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'instances' }
  /** First run: there is none, and a starter belongs at `file`. */
  | { readonly kind: 'none'; readonly file: string }

export interface ConfigSearch {
  /** Value of `--config`. */
  readonly flag?: string | undefined
  readonly env: Environment
  /** Working folder of the process. */
  readonly cwd: string
}

const INSTANCES_VARIABLES = [
  'GATEWAY_PORT',
  'GATEWAY_BIND_ADDR',
  'MCP_GATEWAY_AUTH_TOKEN',
  'MCP_AUTH_TOKEN',
]

/**
 * Finds the configuration: `--config`, `SALLYPORT_CONFIG` (or `MCP_CONFIG`), `./sallyport.yaml`, `INSTANCES`,
 * else first run. A named file need not exist: loading it says so. The other variables of `INSTANCES` count
 * as meaning it, so that forgetting the list is refused and not taken for a first run.
 */
export function findConfig({ flag, env, cwd }: ConfigSearch): ConfigSource {
  const named = flag || env['SALLYPORT_CONFIG'] || env['MCP_CONFIG']
  if (named) return { kind: 'file', file: resolve(cwd, named) }
  const file = resolve(cwd, 'sallyport.yaml')
  if (existsSync(file)) return { kind: 'file', file }
  const meant = env['INSTANCES'] !== undefined || INSTANCES_VARIABLES.some((name) => env[name])
  return meant ? { kind: 'instances' } : { kind: 'none', file }
}
