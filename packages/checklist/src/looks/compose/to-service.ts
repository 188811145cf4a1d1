import { resolve } from 'node:path'
import { toMount, toPorts } from './mounts-and-ports.ts'
import type {
  ComposeBuild,
  ComposeDependency,
  ComposeEnvironment,
  ComposeFile,
  ComposeFileUse,
  ComposeHealthcheck,
  ComposeLogging,
  ComposeService,
} from './service.ts'
import { entriesOf, isTrue, type MapTree, type Tree, textOf, textsOf, under } from './tree.ts'

/** What is known around a service. */
export interface ServiceSurroundings {
  readonly project: string
  /** Where relative paths start. */
  readonly folder: string
  /** Of the service's `env_file`s, the last of a name last. */
  readonly fileEnvironment: ReadonlyMap<string, ComposeEnvironment>
  /** What is passed on by a name without a value. */
  passed(name: string): string | undefined
  readonly gap: string | undefined
}

/** A service as compose would run it, of its tree after merging and interpolation. */
export function toService(
  name: string,
  tree: MapTree,
  around: ServiceSurroundings,
): ComposeService {
  const key = (...keys: readonly string[]) => under(tree, ...keys)
  const limits = key('deploy', 'resources', 'limits')
  const networks = [...named(key('networks')).keys()]
  return {
    ...{ name, project: around.project, gap: around.gap },
    at: (one) => (one === undefined ? undefined : tree.entries.get(one)?.at) ?? tree.at,
    image: textOf(key('image')),
    build: toBuild(key('build'), around),
    ports: toPorts(key('ports')),
    environment: environmentOf(key('environment'), around),
    envFiles: envFilesOf(key('env_file'), around.folder),
    mounts: mountsOf(tree, around.folder),
    secrets: toUses(key('secrets'), (source) => `/run/secrets/${source}`),
    configs: toUses(key('configs'), (source) => `/${source}`),
    memoryLimit: textOf(key('mem_limit')) ?? textOf(under(limits, 'memory')),
    cpuLimit: textOf(key('cpus')) ?? textOf(under(limits, 'cpus')) ?? textOf(key('cpu_quota')),
    user: textOf(key('user')),
    readOnly: isTrue(key('read_only')),
    privileged: isTrue(key('privileged')),
    capAdd: textsOf(key('cap_add')),
    capDrop: textsOf(key('cap_drop')),
    securityOpt: textsOf(key('security_opt')),
    devices: textsOf(key('devices')),
    networkMode: textOf(key('network_mode')),
    pid: textOf(key('pid')),
    ipc: textOf(key('ipc')),
    networks: networks.length === 0 ? ['default'] : networks,
    healthcheck: toHealthcheck(key('healthcheck')),
    dependsOn: toDependencies(key('depends_on')),
    restart: textOf(key('restart')) ?? restartPolicy(key('deploy', 'restart_policy')),
    logging: toLogging(key('logging')),
    command: wordsOf(key('command')),
    entrypoint: wordsOf(key('entrypoint')),
    profiles: textsOf(key('profiles')),
  }
}

/** The files of a service's `env_file`. */
export function envFilesOf(tree: Tree | undefined, folder: string): ComposeFile[] {
  const items = tree?.kind === 'list' ? tree.items : tree === undefined ? [] : [tree]
  return items.flatMap((item) => {
    const path = textOf(item) ?? textOf(under(item, 'path'))
    if (path === undefined) return []
    const required = textOf(under(item, 'required')) !== 'false'
    return [{ path: resolve(folder, path), required, at: item.at }]
  })
}

function mountsOf(tree: MapTree, folder: string): ComposeService['mounts'] {
  const volumes = under(tree, 'volumes')
  const listed = volumes?.kind === 'list' ? volumes.items : []
  const inMemory = under(tree, 'tmpfs')
  return [
    ...listed.flatMap((item) => toMount(item, folder) ?? []),
    ...textsOf(inMemory).map((text) => ({
      type: 'tmpfs' as const,
      source: undefined,
      target: text.split(':')[0] ?? text,
      readOnly: false,
      at: inMemory?.at ?? tree.at,
    })),
  ]
}

function toBuild(
  tree: Tree | undefined,
  { folder, passed }: ServiceSurroundings,
): ComposeBuild | undefined {
  if (tree === undefined) return undefined
  const { at } = tree
  const args = new Map(
    [...entriesOf(under(tree, 'args'))].map(
      ([name, value]) => [name, { value: textOf(value) ?? passed(name), at: value.at }] as const,
    ),
  )
  const context = textOf(tree) ?? textOf(under(tree, 'context')) ?? '.'
  if (/^(?:https?|git|ssh):|^git@/.test(context)) {
    return { context, dockerfile: undefined, args, at }
  }
  const absolute = resolve(folder, context)
  const file = textOf(under(tree, 'dockerfile')) ?? 'Dockerfile'
  return { context: absolute, dockerfile: resolve(absolute, file), args, at }
}

function environmentOf(
  tree: Tree | undefined,
  { fileEnvironment, passed }: ServiceSurroundings,
): ReadonlyMap<string, ComposeEnvironment> {
  const own = [...entriesOf(tree)].flatMap(([name, value]): [string, ComposeEnvironment][] => {
    if (value.kind !== 'scalar') return []
    if (value.text === null)
      return [[name, { value: passed(name), from: 'reference', at: value.at }]]
    const from = value.literal ? 'literal' : 'reference'
    return [[name, { value: value.text, from, at: value.at }]]
  })
  return new Map([...fileEnvironment, ...own])
}

function toUses(tree: Tree | undefined, place: (source: string) => string): ComposeFileUse[] {
  const items = tree?.kind === 'list' ? tree.items : []
  return items.flatMap((item) => {
    const source = textOf(item) ?? textOf(under(item, 'source'))
    if (source === undefined) return []
    const target = textOf(under(item, 'target'))
    const absolute = target?.startsWith('/') ? target : place(target ?? source)
    return [{ source, target: absolute, at: item.at }]
  })
}

function toHealthcheck(tree: Tree | undefined): ComposeHealthcheck | undefined {
  if (tree === undefined) return undefined
  const test = under(tree, 'test')
  const texts = test?.kind === 'list' ? textsOf(test) : textsOf(test).map(String)
  const shell = test?.kind === 'list' ? texts : ['CMD-SHELL', ...texts]
  const disabled = isTrue(under(tree, 'disable')) || shell[0] === 'NONE'
  return { disabled, test: test === undefined ? undefined : shell, at: test?.at ?? tree.at }
}

function toDependencies(tree: Tree | undefined): ComposeDependency[] {
  return [...named(tree)].map(([service, { at, condition }]) => ({ service, condition, at }))
}

function named(tree: Tree | undefined): Map<string, { at: string; condition: string }> {
  const started = 'service_started'
  if (tree?.kind === 'list') {
    return new Map(textsOf(tree).map((name) => [name, { at: tree.at, condition: started }]))
  }
  return new Map(
    [...entriesOf(tree)].map(([name, value]) => [
      name,
      { at: value.at, condition: textOf(under(value, 'condition')) ?? started },
    ]),
  )
}

function restartPolicy(tree: Tree | undefined): string | undefined {
  if (tree === undefined) return undefined
  const condition = textOf(under(tree, 'condition')) ?? 'any'
  return { any: 'always', 'on-failure': 'on-failure', none: 'no' }[condition]
}

function toLogging(tree: Tree | undefined): ComposeLogging | undefined {
  if (tree === undefined) return undefined
  const options = [...entriesOf(under(tree, 'options'))].map(
    ([name, value]) => [name, textOf(value) ?? ''] as const,
  )
  return { driver: textOf(under(tree, 'driver')), options: new Map(options), at: tree.at }
}

/** Words of a command, as a shell would part them as far as quotes go. */
function wordsOf(tree: Tree | undefined): string[] {
  if (tree?.kind === 'list') return textsOf(tree)
  const words = (textOf(tree) ?? '').match(/"[^"]*"|'[^']*'|\S+/g) ?? []
  return words.map((word) => word.replaceAll(/^["']|["']$/g, ''))
}
