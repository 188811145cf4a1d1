import type { ServerConfig } from '@sallyport/contract/config'
import type { ServerCatalogue } from './catalogue.ts'
import type { Tool, ToolPins } from './tool.ts'

/** What a target is. `task` and `other` (an extension's method) carry no name of a catalogue. */
export type TargetKind = 'tool' | 'prompt' | 'resource' | 'task' | 'other'

/** Where a public name leads. */
export interface Target {
  readonly kind: TargetKind
  readonly server: string
  /** The server's own name for the tool or prompt, its own URI, its own task id; empty for `other`. */
  readonly name: string
  /** As last read from the server; undefined while its list was never read or lacks the name. */
  readonly tool: Tool | undefined
  readonly config: ServerConfig
  /** Pinned by the operator, or a read by its nature: an audit intent is not needed, and a repeat is safe. */
  readonly readOnly: boolean
  /** Whether a second call does no more than the first: pinned, or hinted by a trusted server. */
  readonly repeatable: boolean
  /** Whether `server` is a group, which chooses a member for each call and repeats it with others by itself. */
  readonly group?: boolean
  /** The one member of the group that knows what is named. */
  readonly member?: string
}

/** Describes a tool call's destination under the operator's pins, those of its endpoint over its server's. */
export function describeTarget(
  config: ServerConfig,
  name: string,
  tool: Tool | undefined,
  endpointPins?: ToolPins,
): Target {
  const own = Object.hasOwn(config.tools, name) ? config.tools[name] : undefined
  const pins = endpointPins ? { ...own, ...endpointPins } : own
  const hints = config.trustAnnotations ? tool?.hints : undefined
  const readOnly = pins?.readOnly === true
  const repeatable =
    readOnly ||
    (pins?.readOnly === undefined && hints?.readOnly === true) ||
    (pins?.idempotent ?? hints?.idempotent) === true
  return { kind: 'tool', server: config.name, name, tool, config, readOnly, repeatable }
}

/**
 * The same for a server or a group, as it is known. A tool of a group is read-only or repeatable only if it
 * is at every member that may get the call: each that lists it, and each that was never read.
 */
export function describeKnown(
  known: ServerCatalogue,
  name: string,
  tool: Tool | undefined,
  endpointPins?: ToolPins,
): Target {
  const { config } = known
  if (known.members === undefined) return describeTarget(config, name, tool, endpointPins)
  const each = holdersOf(known, name).map((member) =>
    describeTarget(member.config, name, member.tools.byName.get(name), endpointPins),
  )
  return {
    ...{ kind: 'tool', server: config.name, name, tool, config, group: true },
    readOnly: each.every(({ readOnly }) => readOnly),
    repeatable: each.every(({ repeatable }) => repeatable),
  }
}

/**
 * Whether a tool is known to change nothing: pinned read-only by the operator, or hinted so by a server whose
 * hints are trusted. Of a group at every member that may get the call.
 *
 * @param endpointPins as `describeKnown`
 */
export function changesNothing(
  known: ServerCatalogue,
  name: string,
  tool: Tool | undefined,
  endpointPins?: ToolPins,
): boolean {
  const judge = ({ tools, trustAnnotations }: ServerConfig, own: Tool | undefined): boolean => {
    const pinned = Object.hasOwn(tools, name) ? tools[name]?.readOnly : undefined
    const pin = endpointPins?.readOnly ?? pinned
    return pin ?? (trustAnnotations && own?.hints.readOnly === true)
  }
  if (known.members === undefined) return judge(known.config, tool)
  return holdersOf(known, name).every((member) =>
    judge(member.config, member.tools.byName.get(name)),
  )
}

/** The members of a group that may get a call: each that lists the tool, and each that was never read. */
function holdersOf({ members = [] }: ServerCatalogue, name: string): readonly ServerCatalogue[] {
  const listing = members.filter(
    ({ tools }) => tools.byName.has(name) || tools.readAtMs === undefined,
  )
  return listing.length > 0 ? listing : members
}

/**
 * Describes where a prompt or a resource is read. Both are reads: a repeat does no more than the first.
 *
 * Source: MCP, "Prompts" and "Resources".
 */
export function describeRead(
  config: ServerConfig,
  kind: 'prompt' | 'resource',
  name: string,
  group = false,
): Target {
  return {
    ...{ kind, server: config.name, name, tool: undefined, config },
    ...{ readOnly: true, repeatable: true, group },
  }
}

/** The destination of what may change something and has no pins: a task, an extension's method. */
export function describeOther(
  config: ServerConfig,
  kind: 'task' | 'other',
  name: string,
  group = false,
): Target {
  return {
    ...{ kind, server: config.name, name, tool: undefined, config },
    ...{ readOnly: false, repeatable: false, group },
  }
}
