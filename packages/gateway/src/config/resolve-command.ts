import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, extname, isAbsolute, join, resolve } from 'node:path'
import type { Environment } from '@sallyport/kit/config'

/** Where programs are looked for. */
export interface ProgramPlaces {
  /** Relative paths start here. */
  readonly folder: string
  readonly env: Environment
}

/**
 * The absolute path of a program: a name is looked up on the PATH of the gateway, a path starts from `folder`.
 * Undefined where a name is found nowhere.
 */
export function resolveProgram(
  command: string,
  { folder, env }: ProgramPlaces,
): string | undefined {
  if (/[/\\]/.test(command)) return resolve(folder, command)
  for (const place of (env['PATH'] ?? '').split(delimiter)) {
    if (!isAbsolute(place)) continue
    const found = endingsOf(command, env)
      .map((ending) => join(place, command + ending))
      .find(isProgram)
    if (found !== undefined) return found
  }
  return undefined
}

function endingsOf(command: string, env: Environment): readonly string[] {
  if (process.platform !== 'win32' || extname(command) !== '') return ['']
  return (env['PATHEXT'] ?? '.COM;.EXE;.BAT;.CMD').split(';')
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false // absent, or not for us: both mean it cannot be used
  }
}
