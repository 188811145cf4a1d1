import {
  ANSWERS,
  confinedTo,
  ITEMS,
  type Item,
  runCheck,
  selectItems,
  type Selection,
} from '@sallyport/checklist'
import { formatText, verdictOf } from '@sallyport/checklist/report'
import type { Phase, Profile, Report } from '@sallyport/contract/checklist'
import { openDeployment } from '../checklist/open-deployment.ts'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { withProgress } from '../progress.ts'
import { untilSignal } from '../until-signal.ts'
import { COMMAND, VERSION } from '../version.ts'

export interface CheckOptions extends ConfigOptions {
  readonly profile?: Profile
  readonly only?: readonly string[]
  readonly phase?: Phase
  readonly against?: string
  readonly json?: boolean
  readonly verbose?: boolean
}

/** `check`: 0 when everything is proved, attested or not applicable, 1 when something fails, 3 when unproved. */
export async function check(context: Context, options: CheckOptions): Promise<number> {
  const selection = { only: options.only ?? [], phase: options.phase }
  const items = selectItems(ITEMS, selection)
  return untilSignal(context, async (signal) => {
    const report = await runOnce(context, { options, selection, items }, signal)
    context.terminal.print(options.json ? JSON.stringify(report) : asText(context, report, options))
    return verdictOf(report).code
  })
}

interface Run {
  readonly options: CheckOptions
  readonly selection: Selection
  readonly items: readonly Item[]
}

async function runOnce(
  context: Context,
  { options, selection, items }: Run,
  signal: AbortSignal,
): Promise<Report> {
  await using opened = await openDeployment(context, options, signal)
  const only = confinedTo(selection)
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

function asText({ terminal, environment }: Context, report: Report, options: CheckOptions): string {
  return formatText(report, {
    width: terminal.columns,
    colour: terminal.isInteractive && !environment['NO_COLOR'],
    verbose: options.verbose === true,
    command: COMMAND,
  })
}
