import { basename } from 'node:path'
import type { Deployment } from '../deployment.ts'

const RUNTIMES = new Set(['docker', 'podman', 'nerdctl'])

/** Servers of the configuration that are run in a container by a command, with that command's name. */
export function containerServers({
  config,
}: Pick<Deployment, 'config'>): { readonly name: string; readonly command: string }[] {
  return Object.entries(config?.servers ?? {}).flatMap(([name, server]) => {
    const command = server.kind === 'stdio' ? basename(server.command) : ''
    return RUNTIMES.has(command) ? [{ name, command }] : []
  })
}
