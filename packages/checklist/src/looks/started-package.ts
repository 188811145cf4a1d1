import { basename } from 'node:path'

/** What a command starts, as far as its version matters. */
export type Started =
  /** Fetched when it starts: a package or an image, with its version or without. */
  | {
      readonly kind: 'fetched'
      readonly name: string
      readonly pinned: boolean
      readonly how: string
    }
  /** A script, which has packages of its own. */
  | { readonly kind: 'script'; readonly path: string; readonly runtime: 'node' | 'python' }
  /** A program of this host. */
  | { readonly kind: 'program' }

const NPX = /^(?:npx|bunx|pnpx)$/
const UVX = /^uvx$/
const CONTAINERS = /^(?:docker|podman|nerdctl)$/
const NODE = /^(?:node|bun|deno|tsx)$/
const PYTHON = /^python(?:\d[\d.]*)?$/

/** Understands the command of a server. */
export function startedBy(command: string, args: readonly string[]): Started {
  const program = basename(command).replace(/\.(?:cmd|exe)$/i, '')
  const rest = afterVerb(program, args)
  if (rest !== undefined) return fetchedByNode(program, rest)
  if (UVX.test(program)) return fetchedByPython('uvx', args)
  if (program === 'pipx' && args[0] === 'run') return fetchedByPython('pipx', args.slice(1))
  if (program === 'uv' && args[0] === 'tool' && args[1] === 'run') {
    return fetchedByPython('uv', args.slice(2))
  }
  if (CONTAINERS.test(program) && args.includes('run')) {
    return fetchedAsImage(program, args.slice(args.indexOf('run') + 1))
  }
  const runtime = NODE.test(program) ? 'node' : PYTHON.test(program) ? 'python' : undefined
  const script = args.find((arg) => /\.(?:[cm]?[jt]s|py)$/.test(arg))
  if (runtime === undefined || script === undefined) return { kind: 'program' }
  return { kind: 'script', path: script, runtime }
}

/** Arguments of a command that fetches a package of npm. */
function afterVerb(program: string, args: readonly string[]): readonly string[] | undefined {
  if (NPX.test(program)) return args
  const [verb, ...rest] = args
  const fetches =
    (program === 'npm' && (verb === 'exec' || verb === 'x')) ||
    ((program === 'pnpm' || program === 'yarn') && verb === 'dlx') ||
    (program === 'bun' && verb === 'x')
  return fetches ? rest : undefined
}

function fetchedByNode(how: string, args: readonly string[]): Started {
  const named = flagValue(args, ['-p', '--package'])
  const name = named ?? args.find((arg) => !arg.startsWith('-'))
  if (name === undefined) return { kind: 'program' }
  const isSource = /^(?:git\+|git:|github:|https?:)/.test(name)
  const pinned = isSource
    ? /#[0-9a-f]{40}$/.test(name)
    : /.@\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(name)
  return { kind: 'fetched', name, pinned, how }
}

function fetchedByPython(how: string, args: readonly string[]): Started {
  const named = flagValue(args, ['--from', '--spec'])
  const name = named ?? args.find((arg) => !arg.startsWith('-'))
  if (name === undefined) return { kind: 'program' }
  const pinned = /(?:==|@)\d+(?:\.\d+)+[\w.+-]*$/.test(name) || /@[0-9a-f]{40}$/.test(name)
  return { kind: 'fetched', name, pinned, how }
}

function flagValue(args: readonly string[], flags: readonly string[]): string | undefined {
  for (const [index, arg] of args.entries()) {
    const [flag = '', value] = arg.split('=', 2)
    if (flags.includes(flag)) return value ?? args[index + 1]
  }
  return undefined
}

/** Flags of `run` that stand alone; the value of every other one is the next argument. */
const ALONE =
  /^(?:-[ditP]+|--(?:rm|init|interactive|tty|detach|privileged|read-only|no-healthcheck|publish-all|quiet|oom-kill-disable|sig-proxy))$/

function fetchedAsImage(how: string, args: readonly string[]): Started {
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? ''
    if (!arg.startsWith('-')) {
      return { kind: 'fetched', name: arg, pinned: isPinnedImage(arg), how }
    }
    if (!ALONE.test(arg) && !arg.includes('=')) index += 1
  }
  return { kind: 'program' }
}

/** Whether the name of an image says which version: a digest, or a tag that is not `latest`. */
function isPinnedImage(image: string): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true
  const [, tag] = /[^/]:([\w][\w.-]*)$/.exec(image) ?? []
  return tag !== undefined && tag !== 'latest'
}
