import type { AppError } from '../errors.ts'

/**
 * The exit code of a command that ended with this error: 2 for wrong usage or configuration, else 1.
 *
 * Source: design, "The command".
 */
export function exitCodeOf(error: AppError): 1 | 2 {
  switch (error.code) {
    case 'usage':
    case 'config_invalid':
    case 'master_key_wrong':
    case 'node_too_old':
      return 2
    default:
      return 1
  }
}
