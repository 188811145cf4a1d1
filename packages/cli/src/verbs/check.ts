import { ITEMS, selectItems } from '@sallyport/checklist'
import { verdictOf } from '@sallyport/checklist/report'
import type { Phase } from '@sallyport/contract/checklist'
import type { DeploymentOptions } from '../checklist/open-deployment.ts'
import type { Context } from '../context.ts'
import { type OutputOptions, putOut } from './check-output.ts'
import { runOnce } from './check-run.ts'
import { untilSignal } from '../until-signal.ts'

interface CheckOptions extends DeploymentOptions, OutputOptions {
  readonly only?: readonly string[]
  readonly phase?: Phase
  readonly watch?: boolean
  readonly every?: string
  readonly explain?: string
  readonly acceptBaseline?: boolean
}

/** `check`: 0 when everything is proved, attested or not applicable, 1 when something fails, 3 when unproved. */
export async function check(context: Context, options: CheckOptions): Promise<number> {
  if (options.explain !== undefined) {
    const { explain } = await import('./check-explain.ts')
    return explain(context, options.explain, options)
  }
  if (options.acceptBaseline) {
    const { acceptBaseline } = await import('./check-baseline.ts')
    return acceptBaseline(context, options)
  }
  const selection = { only: options.only ?? [], phase: options.phase }
  const items = selectItems(ITEMS, selection)
  if (options.watch) {
    const { watchCheck } = await import('./check-watch.ts')
    return watchCheck(context, { ...options, selection, items })
  }
  return untilSignal(context, async (signal) => {
    const run = { options, selection, items, keep: () => true }
    const report = await runOnce(context, run, signal)
    await putOut(context, report, options)
    return verdictOf(report).code
  })
}
