import { AppError } from '@sallyport/kit/errors'
import { type ConfigProblem, type MapNode, pathText, toNode } from '@sallyport/kit/config'
import type { GatewayConfig } from '@sallyport/contract/config'
import type { EntryKind } from '@sallyport/kit/store'
import { judgeRestricted, type ServerFault } from './restricted-server.ts'

/** A server, group or endpoint beside those of the file. */
export interface ConfigEntry {
  readonly kind: EntryKind
  readonly name: string
  /** As in the file, durations and sizes as text; never a reference. */
  readonly value: Readonly<Record<string, unknown>>
}

/** An entry that is not in force, and why. */
export interface LeftOut {
  readonly entry: ConfigEntry
  readonly code: ServerFault['code']
  /** Of severity `warning`. */
  readonly problems: readonly [ConfigProblem, ...ConfigProblem[]]
}

/** Where problems of entries say that they stand. */
export const ENTRY_FILE = 'the admin API'
/** The key of the file that an entry of this kind stands below. */
export const ENTRY_KEYS = { server: 'mcpServers', group: 'groups', endpoint: 'endpoints' } as const
const REMEDY = 'change or remove it over the admin API'

/** A configuration of the file with entries beside it. */
export type Extended<Load> =
  | { readonly ok: true; readonly load: Load; readonly config: GatewayConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

export interface MergeDeps<Load> {
  /** The file's own. */
  readonly root: MapNode
  readonly entriesMax: number
  /** Judges the file with these in it. */
  extend(entries: readonly ConfigEntry[]): Extended<Load>
}

/**
 * Lays entries beside the configuration of a file, so that one set of rules judges both. What the file defines
 * itself, what its rules refuse and what may not be added over the admin API is left out; the file alone is
 * known to be valid, so there always is a result.
 */
export function mergeEntries<Load>(
  entries: readonly ConfigEntry[],
  deps: MergeDeps<Load>,
): { readonly load: Load; readonly leftOut: readonly LeftOut[] } {
  const leftOut: LeftOut[] = []
  let rest = entries.filter((entry, at) => {
    const message = clashOf(entry, deps.root) ?? boundOf(at, deps.entriesMax)
    if (message !== undefined) leftOut.push(leave(entry, 'conflict', message))
    return message === undefined
  })
  for (;;) {
    const extended = deps.extend(rest)
    const faults = extended.ok ? faultsOf(rest, extended.config) : blame(rest, extended.problems)
    if (extended.ok && faults.length === 0) return { load: extended.load, leftOut }
    const gone = faults.length > 0 ? faults : oneByOne(rest, deps)
    leftOut.push(...gone)
    rest = rest.filter((entry) => !gone.some((one) => one.entry === entry))
  }
}

/** The file with entries in it; those it has itself must have been taken out. */
export function withEntries(root: MapNode, entries: readonly ConfigEntry[]): MapNode {
  const top = new Map(root.entries)
  for (const { kind, name, value } of entries) {
    const key = ENTRY_KEYS[kind]
    const below = top.get(key)
    const place = { file: ENTRY_FILE, line: 0, column: 0 }
    const map = below?.node.kind === 'map' ? below.node.entries : new Map()
    const own = { keyPlace: place, node: toNode(value, place, [key, name]) }
    const node = { kind: 'map' as const, place, path: [key], ...below?.node }
    const entriesNow = new Map(map).set(name, own)
    top.set(key, {
      keyPlace: below?.keyPlace ?? place,
      node: { ...node, kind: 'map', entries: entriesNow },
    })
  }
  return { ...root, entries: top }
}

function clashOf({ kind, name }: ConfigEntry, root: MapNode): string | undefined {
  // Servers and groups share one name space.
  const kinds = kind === 'endpoint' ? (['endpoint'] as const) : (['server', 'group'] as const)
  const owner = kinds.find((one) => {
    const below = root.entries.get(ENTRY_KEYS[one])?.node
    return below?.kind === 'map' && below.entries.has(name)
  })
  if (owner === undefined) return undefined
  return `the file defines the ${owner} \`${name}\`, which goes before what was added over the admin API`
}

function boundOf(at: number, max: number): string | undefined {
  return at < max ? undefined : `more than ${max} entries, the most that \`api.entries\` allows`
}

function faultsOf(entries: readonly ConfigEntry[], { servers }: GatewayConfig): LeftOut[] {
  return entries.flatMap((entry) => {
    const server = entry.kind === 'server' ? servers[entry.name] : undefined
    if (entry.kind !== 'server' || server?.restrictions === undefined) return []
    const fault = judgeRestricted(server, server.restrictions)
    return fault === undefined ? [] : [leave(entry, fault.code, fault.message, fault)]
  })
}

/** The entries that problems speak of. */
function blame(entries: readonly ConfigEntry[], problems: readonly ConfigProblem[]): LeftOut[] {
  return entries.flatMap((entry) => {
    const path = pathText([ENTRY_KEYS[entry.kind], entry.name])
    const own = problems.filter((one) => one.severity === 'error' && isAt(one.path, path))
    const [first, ...others] = own.map(toWarning)
    return first === undefined
      ? []
      : [{ entry, code: 'config_invalid', problems: [first, ...others] }]
  })
}

/** Whether a path is another one or goes on from there. */
function isAt(path: string, start: string): boolean {
  return path.startsWith(start) && /^(?:[.[]|$)/.test(path.slice(start.length))
}

/** Finds out which of several make a configuration invalid that no problem names. */
function oneByOne<Load>(entries: readonly ConfigEntry[], deps: MergeDeps<Load>): LeftOut[] {
  const kept: ConfigEntry[] = []
  const leftOut: LeftOut[] = []
  for (const entry of entries) {
    const extended = deps.extend([...kept, entry])
    if (extended.ok) kept.push(entry)
    else {
      const message = extended.problems.find(({ severity }) => severity === 'error')?.message
      leftOut.push(leave(entry, 'config_invalid', message ?? 'it makes the configuration invalid'))
    }
  }
  // Otherwise the same would be tried for ever.
  if (leftOut.length === 0)
    throw new AppError('internal', 'entries are refused together and not one by one')
  return leftOut
}

/** An entry that is not in force for one reason. */
export function leave(
  entry: ConfigEntry,
  code: LeftOut['code'],
  message: string,
  more: { readonly key?: string; readonly remedy?: string } = {},
): LeftOut {
  const path = pathText([ENTRY_KEYS[entry.kind], entry.name, ...(more.key ? [more.key] : [])])
  const place = { path, file: ENTRY_FILE, line: 0, column: 0 }
  const problem = { ...place, severity: 'warning' as const, message, remedy: more.remedy ?? REMEDY }
  return { entry, code, problems: [problem] }
}

function toWarning(problem: ConfigProblem): ConfigProblem {
  return { ...problem, severity: 'warning' }
}
