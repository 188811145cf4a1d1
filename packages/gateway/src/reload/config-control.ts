import type { ConfigProblem } from '@sallyport/kit/config'
import type { GenerationRecord } from '@sallyport/kit/store'
import type { ServerChanges } from '../upstreams/upstream.ts'

/** Who wants another configuration, and how they said so. */
export interface ReloadRequest {
  readonly cause: Exclude<GenerationRecord['cause'], 'start'>
  /** Principal id; empty where no principal asked for it. */
  readonly by: string
}

/** What became of a wish for another configuration. */
export interface ReloadReport {
  /** Whether it is in force. Otherwise nothing has changed. */
  readonly ok: boolean
  /** The generation in force now. */
  readonly generation: number
  /** The generation that a rollback went back to; null for others. */
  readonly of: number | null
  /** Whether anything differs from what was in force before. */
  readonly changed: boolean
  readonly servers: ServerChanges
  /** Why it is not in force, and warnings. */
  readonly problems: readonly ConfigProblem[]
  readonly cause: GenerationRecord['cause']
  /** Milliseconds since 1970. */
  readonly atMs: number
}

/** One value that two configurations have differently. Secrets are never shown, only that they differ. */
export interface ConfigDifference {
  /** As in problems: `mcpServers.files.args[0]`. */
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** JSON text; undefined where there was none. References stand as they are written. */
  readonly before: string | undefined
  readonly after: string | undefined
}

/** What the file would change if it were read now. */
export interface ConfigDiff {
  readonly differences: readonly ConfigDifference[]
  /** Errors and warnings of the file as it is now. */
  readonly problems: readonly ConfigProblem[]
}

/** One configuration that was in force. */
export interface Generation extends Omit<GenerationRecord, 'body'> {
  readonly current: boolean
  /** The generation that a rollback brought back; null for others. */
  readonly of: number | null
}

/** The configuration of a running gateway. */
export interface ConfigControl {
  /** The generation in force. */
  readonly generation: number
  /** The last wish for another configuration; undefined before the first. */
  readonly last: ReloadReport | undefined
  /** Reads the file again and goes over to it at once, or changes nothing. One after the other. */
  reload(request: ReloadRequest): Promise<ReloadReport>
  diff(): Promise<ConfigDiff>
  /** Newest first, at most 50. */
  history(): Promise<readonly Generation[]>
  /** The merged text of a generation as YAML, references as they are written, literal secrets redacted. @throws {AppError} `not_found` */
  show(id: number): Promise<string>
  /**
   * Goes back to an earlier generation; the file stays as it is.
   *
   * @param id the generation before what is in force by default
   * @throws {AppError} `not_found`
   */
  rollback(id: number | undefined, by: string): Promise<ReloadReport>
}
