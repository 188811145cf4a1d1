import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Deployment, fact } from '../deployment.ts'
import { type ComposeService, composeFacts } from './compose.ts'
import { type EnvironmentFile, environmentFiles, type FileVariable } from './environment-files.ts'
import { deploymentFiles, shownPath } from './files.ts'
import { givenVariables } from './given-variables.ts'
import { readSmall } from './read-small.ts'

/** One instance behind the gateway, such as a Discord identity. */
export interface Instance {
  /** Name of its folder, or of its service. */
  readonly name: string
  /** Where it is set up, as it is shown. */
  readonly where: string
  /** Its folder; undefined for one that only a compose file knows. */
  readonly folder: string | undefined
  /** Services of compose files that run it. */
  readonly services: readonly string[]
  /** Ports of this host that lead to it. */
  readonly ports: readonly string[]
  /** What it is given. Values may be secrets: they are compared, never told. */
  readonly variables: ReadonlyMap<string, FileVariable>
  readonly prefix: FileVariable | undefined
  /** Device and inode of its `.env` and `config.toml`, by the name of the file. */
  readonly files: ReadonlyMap<string, string>
}

/** One entry of `INSTANCES`, or a remote server of the configuration. */
export interface Listed {
  readonly name: string
  readonly url: URL | undefined
}

/** What instances there are, and which of them the gateway knows. */
export interface Instances {
  readonly instances: readonly Instance[]
  /** Undefined where nothing lists any. */
  readonly listed: readonly Listed[] | undefined
  /** What lists them: `INSTANCES (.env:2)`, `mcpServers`. */
  readonly by: string
  /** The variable itself, where there is one. */
  readonly variable: FileVariable | undefined
}

/**
 * Instances: folders with an environment file that holds `DISCORD_TOKEN`, `MCP_BIND_ADDR` or `DB_SCHEMA`, or with a
 * `config.toml` below `instances`, and services of compose files with these variables.
 *
 * @throws the signal's own reason
 */
export const instancesFact = fact(async (deployment, signal): Promise<Instances> => {
  const given = await givenVariables(deployment, signal)
  const variable = given.find(({ name, value }) => name === 'INSTANCES' && value.trim() !== '')
  const { services } = await composeFacts(deployment, signal)
  const folders = await inFolders(deployment, services, signal)
  const instances = [...folders, ...inServices(services, folders)]
  if (variable !== undefined) {
    const by = `INSTANCES (${variable.at})`
    return { instances, listed: parseList(variable.value), by, variable }
  }
  const servers = Object.values(deployment.config?.servers ?? {})
  const remote = servers.flatMap((server): Listed[] =>
    server.kind === 'http' && server.child === undefined
      ? [{ name: server.name, url: URL.parse(server.url) ?? undefined }]
      : [],
  )
  const listed = deployment.config === undefined ? undefined : remote
  return { instances, listed, by: '`mcpServers`', variable }
})

const MARKS = ['DISCORD_TOKEN', 'MCP_BIND_ADDR', 'DB_SCHEMA'] as const

function isMarked(variables: ReadonlyMap<string, unknown>): boolean {
  return MARKS.some((name) => variables.has(name))
}

async function inFolders(
  deployment: Deployment,
  services: readonly ComposeService[],
  signal: AbortSignal,
): Promise<Instance[]> {
  const { files } = await environmentFiles(deployment, signal)
  const { entries } = await deploymentFiles(deployment, signal)
  const folders = new Set<string>()
  for (const { path, use, variables } of files) {
    if (use === 'live' && isMarked(variables)) folders.add(dirname(path))
  }
  for (const { path, kind } of entries) {
    const isConfig = kind !== 'folder' && basename(path) === 'config.toml'
    const folder = dirname(path)
    const isExample = basename(folder) === 'example'
    if (isConfig && !isExample && basename(dirname(folder)) === 'instances') folders.add(folder)
  }
  const live = files.filter(({ use }) => use === 'live')
  // What is beside the instances is given to all of them.
  const root = live.filter(({ path }) => dirname(path) === deployment.folder)
  const isBot = root.some(({ variables }) => variables.has('DISCORD_TOKEN'))
  if (folders.size > 1 && !isBot) folders.delete(deployment.folder)
  return Promise.all([...folders].map((one) => toInstance(deployment, one, { live, services })))
}

interface Around {
  readonly live: readonly EnvironmentFile[]
  readonly services: readonly ComposeService[]
}

async function toInstance(
  deployment: Deployment,
  folder: string,
  { live, services }: Around,
): Promise<Instance> {
  const own = live.filter(({ path }) => dirname(path) === folder)
  const running = services.filter((service) => runs(service, folder))
  const variables = new Map(own.flatMap((file) => [...file.variables]))
  // What the compose file says itself wins over the file that it reads.
  for (const service of running) {
    for (const [name, variable] of composeVariables(service)) variables.set(name, variable)
  }
  return {
    name: folder === deployment.folder ? '.' : basename(folder),
    where: shownPath(deployment, own[0]?.path ?? join(folder, 'config.toml')),
    folder,
    services: alike(running).map(({ name }) => name),
    ports: portsOf(running, variables),
    variables,
    prefix: await prefixOf(deployment, folder, variables),
    files: await identities(folder),
  }
}

function runs({ envFiles, mounts, environment }: ComposeService, folder: string): boolean {
  if (!isMarked(environment)) return false
  return (
    envFiles.some(({ path }) => dirname(path) === folder) ||
    mounts.some(({ type, source }) => type === 'bind' && source === folder)
  )
}

/** Those that run the same: one that migrates or backs up has the folder as well. */
function alike(services: readonly ComposeService[]): readonly ComposeService[] {
  const runs = ({ image, build, command, entrypoint }: ComposeService) =>
    JSON.stringify([image, build?.context, command, entrypoint])
  const groups = [...Map.groupBy(services, runs).values()]
  return groups.toSorted((one, other) => other.length - one.length)[0] ?? []
}

function portsOf(
  services: readonly ComposeService[],
  variables: ReadonlyMap<string, FileVariable>,
): string[] {
  if (services.length === 0) return [variables.get('MCP_PORT')?.value || '9090']
  return services.flatMap(({ ports }) => ports.flatMap(({ published }) => published ?? []))
}

function composeVariables({ environment }: ComposeService): [string, FileVariable][] {
  return [...environment].flatMap(([name, { value, from, at }]) =>
    value === undefined || from === 'file' ? [] : [[name, { name, value, at }]],
  )
}

/** Services with an instance's variables and no folder of their own. */
function inServices(services: readonly ComposeService[], folders: readonly Instance[]): Instance[] {
  const known = folders.flatMap(({ folder }) => folder ?? [])
  return services
    .filter((service) => isMarked(service.environment) && !known.some((one) => runs(service, one)))
    .map((service) => ({
      name: service.name,
      where: service.at(),
      folder: undefined,
      services: [service.name],
      ports: portsOf([service], new Map()),
      variables: new Map(
        [...service.environment].flatMap(([name, { value, at }]): [string, FileVariable][] =>
          value === undefined ? [] : [[name, { name, value, at }]],
        ),
      ),
      prefix: undefined,
      files: new Map(),
    }))
}

async function prefixOf(
  deployment: Deployment,
  folder: string,
  variables: ReadonlyMap<string, FileVariable>,
): Promise<FileVariable | undefined> {
  const path = join(folder, 'config.toml')
  const reading = await readSmall(path)
  if ('fault' in reading) return variables.get('COMMAND_PREFIX')
  for (const [index, line] of reading.text.split('\n').entries()) {
    const [, , value] = /^\s*command_prefix\s*=\s*(["'])(.*?)\1/.exec(line) ?? []
    const at = `${shownPath(deployment, path)}:${index + 1}`
    if (value !== undefined) return { name: 'command_prefix', value, at }
  }
  return undefined
}

async function identities(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const name of ['.env', 'config.toml']) {
    const status = await stat(join(folder, name)).catch(() => undefined) // absent
    if (status !== undefined) found.set(name, `${status.dev}:${status.ino}`)
  }
  return found
}

/** `name=http://host:9090,other=http://host2:9090`. */
function parseList(text: string): Listed[] {
  return text.split(',').flatMap((entry): Listed[] => {
    const [name = '', ...rest] = entry.split('=')
    const url = URL.parse(rest.join('=').trim()) ?? undefined
    return name.trim() === '' ? [] : [{ name: name.trim(), url }]
  })
}
