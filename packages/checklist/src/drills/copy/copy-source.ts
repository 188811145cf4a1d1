import { isAbsolute, resolve } from 'node:path'
import { isPem } from '@sallyport/contract/config'
import { type CommandOutputs, ownReference } from '@sallyport/kit/config'

/** How a copy differs from what it is a copy of. */
export interface CopyChanges {
  /** Folder of the configuration's file: where its relative paths start. */
  readonly folder: string
  /** Folder of the copy. */
  readonly own: string
  /** Names of the callers, each with the variable that holds its token. */
  readonly callers: readonly CopyCaller[]
  /** Addresses of relays, by the remote server that they lead to. */
  readonly relays: ReadonlyMap<string, string>
  /** Whether callers are held to the limits of the deployment; otherwise a drill never meets them. */
  readonly keepsLimits: boolean
  /** Whether servers that are started with the gateway are so in the copy. */
  readonly prestarts: boolean
  /** What the commands that are referenced printed. */
  readonly commands: CommandOutputs
}

/** A static token of a copy. */
export interface CopyCaller {
  readonly name: string
  readonly variable: string
  readonly role: string
}

/** What a copy is started with. */
export interface CopySource {
  /** Its configuration file; no secret is in it. */
  readonly tree: Tree
  /** Variables for what must not be in the file. */
  readonly variables: Readonly<Record<string, string>>
}

export type Tree = Readonly<Record<string, unknown>>

/** Keys of the file that a copy takes over; everything else would reach beyond it. */
const TAKEN = ['version', 'names'] as const
const FREE = { rate: '100000/s', burst: 1_000_000, concurrent: 1_000, daily: 1_000_000_000 }

/**
 * The configuration of a copy: the servers and groups of the file, with a store, addresses and callers of its
 * own. References stay references; a secret that stands in the file itself goes into a variable, and so does what
 * commands print.
 *
 * @param source what the file says, references as they are written
 */
export function copySource(source: Tree, changes: CopyChanges): CopySource {
  const writing = new Writing(changes)
  const servers = mapOf(source['mcpServers'], (entry, name) => writing.server(name, entry))
  const groups = mapOf(source['groups'], (entry) =>
    groupOf(treeOf(writing.resolved(entry)), servers),
  )
  const taken = TAKEN.filter((key) => key in source).map((key): [string, unknown] => [
    key,
    source[key],
  ])
  const tree = {
    ...Object.fromEntries(taken),
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    store: `sqlite:${changes.own}/sallyport.db`,
    auth: { ...anonymousOf(source), tokens: changes.callers.map(toToken) },
    limits: limitsOf(treeOf(writing.resolved(source['limits'] ?? {})), changes),
    mcpServers: servers,
    groups,
  }
  return { tree, variables: writing.variables }
}

/** A member that is hidden could not be called by its name, and the Slack server is none of a copy. */
function groupOf(group: Tree, servers: Tree): Tree {
  const isThere = (member: unknown): boolean =>
    Object.hasOwn(servers, String(typeof member === 'string' ? member : treeOf(member)['server']))
  const { members } = group
  const there = Array.isArray(members) ? members.filter(isThere) : members
  return { ...group, members: there, hideMembers: false }
}

function anonymousOf(source: Tree): Tree {
  const { anonymous } = treeOf(source['auth'])
  return anonymous === undefined ? {} : { anonymous }
}

function toToken({ name, variable, role }: CopyCaller): Tree {
  return { name, value: `\${env:${variable}}`, roles: [role] }
}

function limitsOf(limits: Tree, { keepsLimits }: CopyChanges): Tree {
  const { perTenant: _unused, ...rest } = limits
  return keepsLimits ? rest : { ...rest, perPrincipal: { ...FREE, writes: { daily: FREE.daily } } }
}

class Writing {
  readonly variables: Record<string, string> = {}
  readonly #changes: CopyChanges

  constructor(changes: CopyChanges) {
    this.#changes = changes
  }

  server(name: string, entry: Tree): Tree {
    const { folder, relays, keepsLimits, prestarts } = this.#changes
    const { limits, prestart, cwd, command, tls, env, headers, ...rest } = entry
    const relay = relays.get(name)
    const kept = treeOf(this.resolved(rest))
    const base = {
      ...kept,
      ...(keepsLimits && limits !== undefined && { limits: this.resolved(limits) }),
      ...(prestarts && prestart !== undefined && { prestart }),
      ...(env !== undefined && { env: this.#hidden(treeOf(env)) }),
      ...(headers !== undefined && { headers: this.#hidden(treeOf(headers)) }),
    }
    if (command !== undefined) {
      const place = cwd === undefined ? folder : this.#path(cwd)
      return { ...base, command: this.#program(command), cwd: place }
    }
    const { proxy } = kept
    return {
      ...base,
      ...(proxy !== undefined && { proxy: this.#hide(proxy) }),
      ...(tls !== undefined && { tls: this.#tls(treeOf(tls)) }),
      ...(relay !== undefined && { proxy: relay }),
    }
  }

  /** The same with references that hold wherever the file is. */
  resolved(value: unknown): unknown {
    if (typeof value === 'string') return this.#text(value)
    if (Array.isArray(value)) return value.map((item) => this.resolved(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, this.resolved(item)]),
    )
  }

  #text(text: string): string {
    return text.replaceAll(/\$\$\{|\$\{([^}]*)\}/g, (whole, expression?: string) => {
      const reference = expression === undefined ? undefined : ownReference(expression)
      if (reference?.kind === 'file')
        return `\${file:${resolve(this.#changes.folder, reference.path)}}`
      if (reference?.kind !== 'command') return whole
      const output = this.#changes.commands.get(reference.command)
      return output !== undefined && 'text' in output ? this.#keep(output.text) : whole
    })
  }

  #path(value: unknown): unknown {
    if (typeof value !== 'string') return value
    const text = this.#text(value)
    return text.startsWith('${') || isAbsolute(text) ? text : resolve(this.#changes.folder, text)
  }

  /** A bare name is looked up on PATH. */
  #program(value: unknown): unknown {
    return typeof value === 'string' && /[/\\]/.test(value)
      ? this.#path(value)
      : this.resolved(value)
  }

  #tls(tls: Tree): Tree {
    const pem = (value: unknown): unknown =>
      typeof value === 'string' && isPem(value) ? this.#hide(value) : this.#path(value)
    return Object.fromEntries(Object.entries(tls).map(([key, value]) => [key, pem(value)]))
  }

  #hidden(texts: Tree): Tree {
    return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, this.#hide(text)]))
  }

  /** What stands there as text, and may be a secret, is kept off the disk. */
  #hide(value: unknown): unknown {
    if (typeof value !== 'string' || value === '') return value
    return value.includes('${') ? this.#text(value) : this.#keep(value)
  }

  #keep(text: string): string {
    const variable = `SALLYPORT_DRILL_VALUE_${Object.keys(this.variables).length + 1}`
    this.variables[variable] = text
    return `\${env:${variable}}`
  }
}

function mapOf(map: unknown, change: (entry: Tree, name: string) => Tree): Tree {
  const changed = Object.entries(treeOf(map)).map(([name, entry]): [string, Tree] => [
    name,
    change(treeOf(entry), name),
  ])
  return Object.fromEntries(changed)
}

/** A map of the file; anything else is as one without keys. */
export function treeOf(value: unknown): Tree {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isMap ? (value as Tree) : {} // just looked at
}

/** The commands that are referenced anywhere in it. */
export function commandsOf(value: unknown): string[] {
  if (typeof value === 'string') {
    return [...value.matchAll(/\$\$\{|\$\{([^}]*)\}/g)].flatMap(([, expression]) => {
      const reference = expression === undefined ? undefined : ownReference(expression)
      return reference?.kind === 'command' ? [reference.command] : []
    })
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(commandsOf)
}
