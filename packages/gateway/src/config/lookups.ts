import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, extname, isAbsolute, join } from 'node:path'
import {
  isPem,
  type HttpServerConfig,
  type ServerConfig,
  type StdioServerConfig,
} from '@sallyport/contract/config'
import type { Environment, ReportPath } from '@sallyport/kit/config'

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

function lookUpPem(tls: HttpServerConfig['tls'], report: ReportKey): void {
  const files = { ca: tls?.ca, cert: tls?.cert, key: tls?.key?.reveal() }
  for (const [key, pem] of Object.entries(files)) {
    if (pem === undefined || isPem(pem) || isFile(pem, constants.R_OK)) continue
    const what = key === 'key' ? 'key' : 'certificate'
    report(key, `the ${what} file cannot be read`, 'correct the path, or paste the PEM text')
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
