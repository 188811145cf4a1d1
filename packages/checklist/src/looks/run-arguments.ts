import { resolve } from 'node:path'
import { toMount, toPorts } from './compose/mounts-and-ports.ts'
import type { ComposeEnvironment, ComposeMount, ComposeService } from './compose/service.ts'

/** Options of `docker run` without a value of their own. */
const SWITCHES =
  /^(?:--(?:rm|init|interactive|tty|detach|privileged|read-only|publish-all|no-healthcheck|oom-kill-disable|quiet|sig-proxy|disable-content-trust|help)|-[itdPq]+)$/
const SHORT: Readonly<Record<string, string>> = {
  ...{ m: 'memory', u: 'user', e: 'env', v: 'volume', p: 'publish', w: 'workdir', h: 'hostname' },
  ...{ l: 'label', a: 'attach', c: 'cpu-shares', net: 'network' },
}

/** What `docker run` is told to run. */
interface RunLine {
  readonly image: string | undefined
  readonly command: readonly string[]
  /** Values by the long name of the option; `true` for a switch. */
  readonly options: ReadonlyMap<string, readonly string[]>
}

/**
 * A server whose command is `docker run ...`, as a service that says the same.
 *
 * @param at where its arguments stand
 * @param folder where relative paths start
 * @returns undefined where the arguments run no image: `docker exec`, `docker mcp`
 * Source: docker documentation, "docker container run".
 */
export function toRunService(
  name: string,
  args: readonly string[],
  { at, folder }: { readonly at: string; readonly folder: string },
): ComposeService | undefined {
  const line = readRunLine(args)
  if (line?.image === undefined) return undefined
  const { image, command, options } = line
  const all = (option: string): readonly string[] => options.get(option) ?? []
  const last = (option: string): string | undefined => all(option).at(-1)
  const isSet = (option: string): boolean => last(option) !== undefined && last(option) !== 'false'
  return {
    ...{
      name,
      project: 'mcpServers',
      isServer: true,
      at: () => at,
      image,
      command,
      gap: undefined,
    },
    build: undefined,
    ports: toPorts({ kind: 'list', at, items: all('publish').map((text) => scalar(text, at)) }),
    environment: new Map(all('env').map((text) => variable(text, at))),
    envFiles: all('env-file').map((path) => ({ path: resolve(folder, path), required: true, at })),
    mounts: mountsOf(options, at, folder),
    ...{ secrets: [], configs: [], dependsOn: [], profiles: [], restart: last('restart') },
    memoryLimit: last('memory'),
    cpuLimit: last('cpus') ?? last('cpu-quota'),
    user: last('user'),
    readOnly: isSet('read-only'),
    privileged: isSet('privileged'),
    capAdd: all('cap-add'),
    capDrop: all('cap-drop'),
    securityOpt: all('security-opt'),
    devices: all('device'),
    networkMode: last('network'),
    pid: last('pid'),
    ipc: last('ipc'),
    networks: [last('network') ?? 'default'],
    healthcheck: undefined,
    logging: undefined,
    entrypoint: all('entrypoint'),
  }
}

function readRunLine(args: readonly string[]): RunLine | undefined {
  const start = args[0] === 'container' ? 1 : 0
  if (args[start] !== 'run') return undefined
  const options = new Map<string, string[]>()
  const add = (option: string, value: string) =>
    options.set(option, [...(options.get(option) ?? []), value])
  let index = start + 1
  for (; index < args.length; index += 1) {
    const word = args[index] ?? ''
    if (!word.startsWith('-') || word === '-') break
    if (SWITCHES.test(word)) {
      add(word.replace(/^--/, ''), 'true')
      continue
    }
    const [, dashes = '', option = '', , value] = /^(--?)([\w-]+?)(=(.*))?$/s.exec(word) ?? []
    // `-eX=1` and `-m512m` hold their value.
    const joined = dashes === '-' && option.length > 1 && !(option in SHORT)
    const long = joined ? (SHORT[option.slice(0, 1)] ?? option) : (SHORT[option] ?? option)
    if (joined) add(long, word.slice(2))
    else if (value !== undefined) add(long, value)
    else {
      index += 1
      add(long, args[index] ?? '')
    }
  }
  return { image: args[index], command: args.slice(index + 1), options }
}

function variable(text: string, at: string): [string, ComposeEnvironment] {
  const [name = '', ...rest] = text.split('=')
  if (rest.length === 0) return [name, { value: undefined, from: 'reference', at }]
  return [name, { value: rest.join('='), from: 'literal', at }]
}

function mountsOf(options: RunLine['options'], at: string, folder: string): ComposeMount[] {
  const short = (options.get('volume') ?? []).flatMap(
    (text) => toMount(scalar(text, at), folder) ?? [],
  )
  const long = (options.get('mount') ?? []).flatMap((text) => {
    const parts = new Map(text.split(',').map((part) => [part.split('=')[0] ?? '', part]))
    const valueOf = (...names: readonly string[]) => {
      const part = names.map((name) => parts.get(name)).find((one) => one !== undefined)
      return part?.slice(part.indexOf('=') + 1)
    }
    const target = valueOf('target', 'dst', 'destination')
    if (target === undefined) return []
    const type = valueOf('type')
    const mount: ComposeMount = {
      type: type === 'bind' || type === 'tmpfs' ? type : 'volume',
      source: valueOf('source', 'src'),
      target,
      readOnly: parts.has('readonly') || parts.has('ro'),
      at,
    }
    return [mount]
  })
  return [...short, ...long]
}

function scalar(text: string, at: string) {
  return { kind: 'scalar', at, text, literal: true } as const
}
