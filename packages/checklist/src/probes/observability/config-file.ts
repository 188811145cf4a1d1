import { resolve } from 'node:path'
import { AppError } from '@sallyport/kit/errors'
import type { Deployment } from '../../deployment.ts'
import { MISSING_TEXT, readText } from '../../looks/read-text.ts'

/** A file that the settings name. */
export interface ConfigFile {
  readonly path: string
  /** Undefined where it is not there. */
  readonly text: string | undefined
}

/**
 * Reads a file that the settings name, relative to the deployment; undefined where they name none.
 *
 * @throws {AppError} `config_invalid` when it may not be read or is no text of a sensible size
 */
export async function configFile(
  { folder }: Pick<Deployment, 'folder'>,
  name: string | undefined,
  signal: AbortSignal,
): Promise<ConfigFile | undefined> {
  if (name === undefined) return undefined
  const path = resolve(folder, name)
  const { text, missing } = await readText(path, signal)
  if (missing === undefined || missing === 'absent') return { path, text }
  throw new AppError('config_invalid', `${path} ${MISSING_TEXT[missing]}`)
}
