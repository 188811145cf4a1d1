import type { ServerConfig } from '@sallyport/contract/config'
import type { Tool } from './tool.ts'

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
  /** Pinned by the operator: an audit intent is not needed, and a repeat is safe. */
  readonly readOnly: boolean
  /** Whether a second call does no more than the first: pinned, or hinted by a trusted server. */
  readonly repeatable: boolean
}

/** Describes one call's destination under the operator's pins. */
export function describeTarget(config: ServerConfig, name: string, tool: Tool | undefined): Target {
  const pins = Object.hasOwn(config.tools, name) ? config.tools[name] : undefined
  const hints = config.trustAnnotations ? tool?.hints : undefined
  const readOnly = pins?.readOnly === true
  const repeatable =
    readOnly ||
    (pins?.readOnly === undefined && hints?.readOnly === true) ||
    (pins?.idempotent ?? hints?.idempotent) === true
  return { server: config.name, name, tool, config, readOnly, repeatable }
}
