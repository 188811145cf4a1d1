import { existsSync } from 'node:fs'
import path from 'node:path'

export interface SpawnPlan {
  readonly file: string
  readonly args: readonly string[]
  /** Windows only: the arguments are already quoted. */
  readonly verbatim: boolean
  /** What errors call it; `file` when undefined. */
  readonly shownAs?: string
  /** Written to its descriptor 3, which it has only then. */
  readonly input?: string
  /** In place of the child's own environment. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface SpawnWorld {
  readonly platform: NodeJS.Platform
  readonly environment: Readonly<Record<string, string>>
  exists(file: string): boolean
}

const SCRIPT = /\.(cmd|bat)$/i
const META = /([()\][%!^"`<>&|;, *?])/g

/**
 * Decides which program to start. Everywhere the command runs with an argument vector, never through a
 * shell; only Windows batch files (`npx.cmd`) need `cmd.exe`, with every character it would act on escaped.
 */
export function planSpawn(command: string, args: readonly string[], world: SpawnWorld): SpawnPlan {
  if (world.platform !== 'win32') return { file: command, args, verbatim: false }
  const file = findOnWindows(command, world) ?? command
  if (!SCRIPT.test(file)) return { file, args, verbatim: false }
  // Batch files are parsed twice, by cmd.exe and by the `%*` inside them.
  const line = [escapeOnce(path.win32.normalize(file)), ...args.map(escapeArgument)].join(' ')
  const shell = variable(world.environment, 'COMSPEC') ?? 'cmd.exe'
  return { file: shell, args: ['/d', '/s', '/c', `"${line}"`], verbatim: true }
}

/** The world of this process, for `planSpawn`. */
export function spawnWorld(environment: Readonly<Record<string, string>>): SpawnWorld {
  return { platform: process.platform, environment, exists: existsSync }
}

function variable(environment: Readonly<Record<string, string>>, name: string): string | undefined {
  const found = Object.keys(environment).find((key) => key.toUpperCase() === name)
  return found === undefined ? undefined : environment[found]
}

function findOnWindows(command: string, world: SpawnWorld): string | undefined {
  const { join, extname, dirname, isAbsolute } = path.win32
  const endings = (variable(world.environment, 'PATHEXT') ?? '.COM;.EXE;.BAT;.CMD').split(';')
  const folders =
    isAbsolute(command) || dirname(command) !== '.'
      ? ['']
      : (variable(world.environment, 'PATH') ?? '').split(';').filter((folder) => folder !== '')
  const names = extname(command) === '' ? endings.map((end) => command + end) : [command]
  for (const folder of folders) {
    for (const name of names) {
      const file = folder === '' ? name : join(folder, name)
      if (world.exists(file)) return file
    }
  }
  return undefined
}

function escapeOnce(text: string): string {
  return text.replaceAll(META, '^$1')
}

function escapeArgument(text: string): string {
  const quoted = `"${text.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\*)$/, '$1$1')}"`
  return escapeOnce(escapeOnce(quoted))
}
