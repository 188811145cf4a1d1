import { resolve } from 'node:path'
import type { Deployment } from '../../deployment.ts'
import { MISSING_TEXT, readText } from '../../looks/read-text.ts'

/** A file that the settings name: its text, or why there is none. */
export type ConfigFile =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly text?: never; readonly fault: string }

/** Reads a file that the settings name, relative to the deployment; undefined where they name none. */
export async function configFile(
  { folder }: Pick<Deployment, 'folder'>,
  name: string | undefined,
  signal: AbortSignal,
): Promise<ConfigFile | undefined> {
  if (name === undefined) return undefined
  const path = resolve(folder, name)
  const { text, missing } = await readText(path, signal)
  return text === undefined ? { path, fault: `${path} ${MISSING_TEXT[missing]}` } : { path, text }
}
