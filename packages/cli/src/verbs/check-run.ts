import { ANSWERS, confinedTo, type Item, runCheck, type Selection } from '@sallyport/checklist'
import type { Report } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import {
  type DeploymentOptions,
  type OpenDeployment,
  openDeployment,
} from '../checklist/open-deployment.ts'
import type { Context } from '../context.ts'
import { withProgress } from '../progress.ts'
import { VERSION } from '../version.ts'

export interface CheckRun {
  readonly options: DeploymentOptions
  readonly selection: Selection
  readonly items: readonly Item[]
  /** Whether the report is to be kept; asked once it is there. A confined one never is. */
  readonly keep: (report: Report) => boolean
}

/**
 * Looks at the deployment once. A report of everything is kept, signed and given back so.
 *
 * @throws {AppError} as `openDeployment`; the signal's own reason
 */
export async function runOnce(
  context: Context,
  { options, selection, items, keep }: CheckRun,
  signal: AbortSignal,
): Promise<Report> {
  await using opened = await openDeployment(context, options, signal)
  const only = confinedTo(selection)
  const report = await lookAt(context, { opened, items, ...(only && { only }) }, signal)
  return only === undefined && keep(report) ? kept(context, opened, report) : report
}

interface Look {
  readonly opened: OpenDeployment
  readonly items: readonly Item[]
  readonly only?: readonly string[]
}

/** Judges items, and says on stderr how far it is where a person waits. */
export function lookAt(
  context: Context,
  { opened, items, only }: Look,
  signal: AbortSignal,
): Promise<Report> {
  let done = 0
  const running = runCheck(
    opened.deployment,
    {
      ...{ items, answers: ANSWERS, version: VERSION },
      ...(only !== undefined && { only }),
      onItem: (_item, count) => (done = count),
    },
    signal,
  )
  const progress = {
    doing: 'checking',
    detail: async () => `${done} of ${items.length} items`,
    quiet: !context.terminal.isWatched,
  }
  return withProgress(context.terminal, progress, running)
}

/** Signed by the store; a report that cannot be kept is a report all the same. */
async function kept(
  { terminal }: Context,
  { deployment }: OpenDeployment,
  report: Report,
): Promise<Report> {
  try {
    return (await deployment.book?.save(report)) ?? report
  } catch (thrown) {
    const { code, message } = AppError.from(thrown)
    if (code === 'internal') throw thrown
    terminal.note(`the report is not kept and not signed: ${message}`)
    return report
  }
}
