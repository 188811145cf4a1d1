import { setTimeout as sleep } from 'node:timers/promises'
import { changesOf, type Item, type Selection } from '@sallyport/checklist'
import { formatChanges, verdictOf } from '@sallyport/checklist/report'
import type { Report } from '@sallyport/contract/checklist'
import { parseDuration } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import type { DeploymentOptions } from '../checklist/open-deployment.ts'
import { RunKey } from '../checklist/run-key.ts'
import type { Context } from '../context.ts'
import type { Terminal } from '../terminal.ts'
import { type OutputOptions, putOut } from './check-output.ts'
import { runOnce } from './check-run.ts'
import { untilSignal } from '../until-signal.ts'

const EVERY_MS_MIN = 5_000
const EVERY_MS_MAX = 86_400_000

interface Watch extends DeploymentOptions, OutputOptions {
  readonly every?: string
  readonly selection: Selection
  readonly items: readonly Item[]
}

/** `check --watch`: looks again and again, and prints what changed; the exit code is that of the last look. */
export async function watchCheck(context: Context, given: Watch): Promise<number> {
  const everyMs = toEveryMs(given.every ?? '60s')
  return untilSignal(context, async (signal) => {
    await using key = new RunKey(context, 'again')
    const watch = { ...given, key }
    const once = tellingOnce(context)
    let before = await look(context, watch, { before: undefined, signal })
    await putOut(context, before, watch)
    try {
      for (;;) {
        await sleep(everyMs, undefined, { signal })
        before = await lookAgain(once, watch, { before, signal })
      }
    } catch (thrown) {
      if (signal.aborted) return verdictOf(before).code
      throw thrown
    }
  })
}

/** What a look lacks is said when it is new, and not each minute; nor how far a look is. */
function tellingOnce(context: Context): Context {
  const { isInteractive, columns, print, note } = context.terminal
  let last = ''
  const terminal: Terminal = {
    ...{ isInteractive, columns, isWatched: false },
    print: (text) => print.call(context.terminal, text),
    note: (text) => {
      if (text !== last) note.call(context.terminal, text)
      last = text
    },
  }
  return { ...context, terminal }
}

interface Look<Before> {
  readonly before: Before
  readonly signal: AbortSignal
}

async function lookAgain(
  context: Context,
  watch: Watch,
  { before, signal }: Look<Report>,
): Promise<Report> {
  try {
    const now = await look(context, watch, { before, signal })
    const { terminal, environment } = context
    const colour = terminal.isInteractive && !environment['NO_COLOR']
    if (watch.json) terminal.print(JSON.stringify(now))
    else if (changesOf(before, now).length > 0) {
      terminal.print(formatChanges(before, now, { width: terminal.columns, colour }))
    }
    return now
  } catch (thrown) {
    signal.throwIfAborted()
    const { code, message } = AppError.from(thrown)
    if (code === 'internal') throw thrown
    // A file that is being written, a gateway that restarts: the next look tells.
    context.terminal.note(`could not look: ${message}`)
    return before
  }
}

/** Kept where it says something new: the book holds the last 50. */
function look(
  context: Context,
  { selection, items, ...options }: Watch,
  { before, signal }: Look<Report | undefined>,
): Promise<Report> {
  const keep = (now: Report): boolean => before === undefined || changesOf(before, now).length > 0
  return runOnce(context, { options, selection, items, keep }, signal)
}

function toEveryMs(text: string): number {
  const everyMs = parseDuration(text)
  if (everyMs !== undefined && everyMs >= EVERY_MS_MIN && everyMs <= EVERY_MS_MAX) return everyMs
  throw new AppError('usage', '--every takes a duration such as 60s or 10m, from 5s to 1d')
}
