import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, extname, isAbsolute, join } from 'node:path'
import type { ApiConfig, ServerConfig, StdioServerConfig } from '@sallyport/contract/config'
import type { Environment, ReportPath } from '@sallyport/kit/config'
import { lookUpPem } from './pem-lookup.ts'
import { type ProgramPlaces, resolveProgram } from './resolve-command.ts'

/** Sees whether what the servers need is there: programs, folders, certificates. Starts and opens nothing. */
export function lookUpServers(
  servers: Readonly<Record<string, ServerConfig>>,
  report: ReportPath,
  env: Environment,
): void {
  for (const [name, server] of Object.entries(servers)) {
    const at = ['mcpServers', name] as const
    if (server.kind === 'stdio') {
      lookUpCommand(
        server,
        (key, message, remedy) => report([...at, key], message, { remedy }),
        env,
      )
      continue
    }
    lookUpPem(server.tls, (key, message, remedy) =>
      report([...at, 'tls', key], message, { remedy }),
    )
  }
}

/** Sees whether the programs that may be added over the admin API are there. */
export function lookUpAllowed(
  { commands }: Pick<ApiConfig, 'commands'>,
  report: ReportPath,
  places: ProgramPlaces,
): void {
  for (const [index, { command }] of commands.entries()) {
    const file = resolveProgram(command, places)
    if (file !== undefined && isFile(file, constants.X_OK)) continue
    report(['api', 'commands', index, 'command'], 'there is no such program, so this allows none', {
      severity: 'warning',
      remedy: 'install it or correct the name',
    })
  }
}

type ReportKey = (key: string, message: string, remedy: string) => void

function lookUpCommand(server: StdioServerConfig, report: ReportKey, env: Environment): void {
  if (statSync(server.cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    report('cwd', 'there is no such folder', 'create it or correct the path')
  }
  const path = server.env['PATH']?.reveal() ?? env['PATH'] ?? ''
  if (isRunnable(server.command, path, env['PATHEXT'])) return
  const searched = isAbsolute(server.command) ? 'at this path' : 'on PATH'
  report('command', `no executable of that name is ${searched}`, 'install it or correct the name')
}

function isRunnable(command: string, path: string, extensions: string | undefined): boolean {
  const folders = isAbsolute(command) ? [''] : path.split(delimiter).filter((part) => part !== '')
  const endings =
    process.platform === 'win32' && extname(command) === ''
      ? (extensions ?? '.COM;.EXE;.BAT;.CMD').split(';')
      : ['']
  return folders.some((folder) =>
    endings.some((ending) => isFile(join(folder, command + ending), constants.X_OK)),
  )
}

function isFile(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return statSync(path).isFile()
  } catch {
    return false // absent, or not for us: both mean it cannot be used
  }
}
