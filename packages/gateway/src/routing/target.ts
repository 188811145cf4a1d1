import type { ServerConfig } from '@sallyport/contract/config'
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
 * Describes where a prompt or a resource is read. Both are reads: a repeat does no more than the first.
 *
 * Source: MCP, "Prompts" and "Resources".
 */
export function describeRead(
  config: ServerConfig,
  kind: 'prompt' | 'resource',
  name: string,
): Target {
  return {
    ...{ kind, server: config.name, name, tool: undefined, config },
    ...{ readOnly: true, repeatable: true },
  }
}

/** The destination of what may change something and has no pins: a task, an extension's method. */
export function describeOther(config: ServerConfig, kind: 'task' | 'other', name: string): Target {
  return {
    ...{ kind, server: config.name, name, tool: undefined, config },
    ...{ readOnly: false, repeatable: false },
  }
}
