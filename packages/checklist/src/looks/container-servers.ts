import { basename } from 'node:path'
import { type Deployment, fact } from '../deployment.ts'
import type { ComposeService } from './compose.ts'
import { configPlaces } from './config-places.ts'
import { toRunService } from './run-arguments.ts'

const RUNTIMES = new Set(['docker', 'podman', 'nerdctl'])

/** Names of servers of the configuration that are run in a container by a command. */
export function containerServers({ config }: Pick<Deployment, 'config'>): string[] {
  return Object.entries(config?.servers ?? {}).flatMap(([name, server]) =>
    server.kind === 'stdio' && RUNTIMES.has(basename(server.command)) ? [name] : [],
  )
}

/** Servers that the gateway runs by `docker run`, and those of which it cannot be told what is run. */
export interface RunServers {
  readonly services: readonly ComposeService[]
  /** Places of the others. */
  readonly unknown: readonly string[]
}

/** See {@link RunServers}. */
export const runServers = fact(async (deployment, signal): Promise<RunServers> => {
  const placeOf = await configPlaces(deployment, signal)
  const services: ComposeService[] = []
  const unknown: string[] = []
  for (const name of containerServers(deployment)) {
    const server = deployment.config?.servers[name]
    if (server?.kind !== 'stdio') continue
    const at = placeOf(['mcpServers', name, 'args'])
    const service = toRunService(name, server.args, { at, folder: server.cwd })
    if (service === undefined) unknown.push(at)
    else services.push(service)
  }
  return { services, unknown }
})
