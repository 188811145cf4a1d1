import { readFigures } from '@sallyport/checklist'
import type { Baseline } from '@sallyport/contract/checklist'
import { AppError } from '@sallyport/kit/errors'
import { printable } from '@sallyport/kit/log'
import { type DeploymentOptions, openDeployment } from '../checklist/open-deployment.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { withProgress } from '../progress.ts'
import { formatTable } from '../table.ts'
import { untilSignal } from '../until-signal.ts'

const MEASURE_MS = 60_000
const WHY_CHARACTERS = 500

/** `check --accept-baseline`: keeps how the gateway does now; 1 when there was not a figure to keep. */
export function acceptBaseline(
  context: Context,
  options: DeploymentOptions & { readonly json?: boolean },
): Promise<number> {
  return untilSignal(context, async (signal) => {
    await using opened = await openDeployment(context, options, signal)
    const { book, gateway } = opened.deployment
    if (gateway === undefined) {
      throw new AppError('not_running', 'a baseline is measured on a gateway that runs: start it')
    }
    if (book === undefined) {
      throw new AppError('store_unwritable', 'no store is there that could keep a baseline')
    }
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(MEASURE_MS)])
    const progress = { doing: 'measuring', quiet: !context.terminal.isWatched }
    const measuring = readFigures(opened.deployment, bounded)
    const { figures, missing } = await withProgress(context.terminal, progress, measuring)
    const before = await book.baselines()
    const at = new Date(context.clock.nowMs()).toISOString()
    const items = figures.map((figure): Baseline => ({ ...figure, at }))
    for (const baseline of items) await book.setBaseline(baseline)
    print(context, { items, before, missing }, options)
    return items.length === 0 ? EXIT.failed : EXIT.ok
  })
}

interface Accepted {
  readonly items: readonly Baseline[]
  readonly before: readonly Baseline[]
  readonly missing: ReadonlyMap<string, string>
}

function print(
  { terminal }: Context,
  { items, before, missing }: Accepted,
  { json }: { readonly json?: boolean },
): void {
  if (json) {
    terminal.print(JSON.stringify({ items, missing: Object.fromEntries(missing) }))
    return
  }
  const rows = items.map(({ name, value, unit }) => {
    const earlier = before.find((one) => one.name === name)
    const was = earlier === undefined ? '-' : `${earlier.value} ${earlier.unit}`
    return [name, `${value} ${unit}`, was]
  })
  terminal.print(formatTable(['figure', 'accepted', 'before'], rows))
  for (const [name, why] of missing) {
    terminal.note(`${name} is not kept: ${printable(why, WHY_CHARACTERS)}`)
  }
}
