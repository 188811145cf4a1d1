import type { DrillRun } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import { knowSecrets } from '../engine/know-secrets.ts'
import { DrillReport } from './drill-report.ts'
import type { DrillId } from './drill.ts'
import { PROGRAMS } from './programs/index.ts'
import type { Missing, Stage } from './stage.ts'

/** The longest that a drill may take, milliseconds; then it has failed. */
export const DRILL_MS_MAX = 120_000

/** How it went: a run to be kept, or why there was none. */
export type DrillResult =
  | { readonly kind: 'ran'; readonly run: DrillRun }
  | { readonly kind: 'not_run'; readonly drill: DrillId; readonly missing: Missing }

/**
 * Runs one drill to its end, within two minutes. Nothing of it is left, however it ends.
 *
 * @param onStep told each step
 * @throws the signal's own reason
 */
export async function runDrill(
  drill: DrillId,
  stage: Stage,
  signal: AbortSignal,
  onStep?: (text: string) => void,
): Promise<DrillResult> {
  const { clock } = stage.deployment
  const redactor = await knowSecrets(stage.deployment, signal)
  const report = new DrillReport((text) => redactor.clean(text), onStep)
  const startedMs = clock.nowMs()
  const deadline = AbortSignal.timeout(DRILL_MS_MAX)
  try {
    const bounded = AbortSignal.any([signal, deadline])
    const missing = await PROGRAMS[drill](stage, report, bounded)
    if (missing !== undefined) return { kind: 'not_run', drill, missing }
  } catch (thrown) {
    signal.throwIfAborted()
    const { message } = AppError.from(thrown)
    if (deadline.aborted) report.fault(`it did not end within ${DRILL_MS_MAX / 1_000} s`)
    else report.fault(message)
  }
  return { kind: 'ran', run: report.finish(drill, startedMs, clock.nowMs()) }
}
