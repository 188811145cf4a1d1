import type { ComposeReference, ComposeVariables } from './interpolate.ts'
import type { ComposeService } from './service.ts'

/** Compose files that are run together. */
export interface ComposeProject {
  readonly name: string
  /** Absolute: where relative paths and `.env` are. */
  readonly folder: string
  /** Absolute, in the order in which they are merged; included files are not among them. */
  readonly files: readonly string[]
  readonly services: readonly ComposeService[]
  readonly secrets: ReadonlyMap<string, ComposeSource>
  readonly configs: ReadonlyMap<string, ComposeSource>
  readonly volumes: ReadonlyMap<string, ComposeVolume>
  readonly networks: ReadonlyMap<string, { readonly internal: boolean; readonly at: string }>
  /** Every use of a variable. */
  readonly references: readonly ComposeReference[]
  /** Values may be secrets: compare them, never show them. */
  readonly variables: ComposeVariables
  /** What could not be followed, so that more may hold than is known here. */
  readonly gaps: readonly ComposeGap[]
}

/** Where a secret or config of the top level comes from. */
export interface ComposeSource {
  /** Absolute. */
  readonly file: string | undefined
  /** Name of a variable. */
  readonly environment: string | undefined
  readonly external: boolean
  readonly at: string
}

/** A volume of the top level. */
export interface ComposeVolume {
  readonly driver: string | undefined
  /** `tmpfs` where it is kept in memory. */
  readonly type: string | undefined
  readonly external: boolean
  readonly at: string
}

/** Something that could not be followed. */
export interface ComposeGap {
  /** `compose.yaml:12` */
  readonly at: string
  /** What, as a sentence without the place. */
  readonly text: string
  /** The only service that it concerns; undefined = it may concern every one. */
  readonly service?: string
}
