import type { GatewayConfig } from '@sallyport/contract/config'
import type { Deployment } from '../deployment.ts'
import type { CopyProgram } from './copy/gateway-copy.ts'
import type { DrillReport } from './drill-report.ts'
import type { KeyTarget } from './key-target.ts'

/** Why a drill could not be run: what is missing, and one sentence on how to get it. */
export interface Missing {
  readonly text: string
  readonly remedy: string
}

/** What a drill works with. */
export interface Stage {
  readonly deployment: Deployment & { readonly config: GatewayConfig }
  /** How a copy is started. */
  readonly program: CopyProgram
  /** The running gateway, where its own door is to be tried and not that of a copy. */
  readonly live: KeyTarget | undefined
  /** How long the drill `stream` holds its stream, milliseconds. */
  readonly holdMs: number
}

/**
 * Tells what it does and finds in the report. What was opened is closed when it returns, also by throwing.
 *
 * @returns what kept it from being run; undefined when it ran
 */
export type DrillProgram = (
  stage: Stage,
  report: DrillReport,
  signal: AbortSignal,
) => Promise<Missing | undefined>
