import {
  calendarOf,
  type CopyProgram,
  DRILLS,
  type DrillId,
  type DrillResult,
  LIVE_DRILLS,
  type Missing,
  needless,
  runDrill,
  type Stage,
} from '@sallyport/checklist/drills'
import type { Deployment } from '@sallyport/checklist'
import type { ChecklistBook, DrillDue, DrillRun } from '@sallyport/contract/checklist'
import { parseDuration } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { LiveKeys } from '../checklist/live-keys.ts'
import { openDeployment } from '../checklist/open-deployment.ts'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { fitTable } from '../table.ts'
import { durationOf } from '../times.ts'
import { untilSignal } from '../until-signal.ts'
import { COMMAND } from '../version.ts'

/** A stream that is held for less proves nothing about proxies that cut after a minute, milliseconds. */
const HOLD_MS_MIN = 61_000
const HOLD_MS_MAX = 110_000
const NOT_RUN = 3
const LIST_MS = 30_000

export interface DrillOptions extends ConfigOptions {
  readonly list?: boolean
  readonly live?: boolean
  readonly hold: string
  readonly json?: boolean
}

/** `drill`: 0 when all succeeded, 1 when one failed, 3 when none failed and one could not be run. */
export async function drill(
  context: Context,
  names: readonly string[],
  options: DrillOptions,
): Promise<number> {
  if (options.list) return listDrills(context, options)
  const drills = choose(names, options)
  const holdMs = holdOf(options.hold)
  return untilSignal(context, async (signal) => {
    await using opened = await openDeployment(context, options, signal)
    const { deployment } = opened
    const wanted = drills.filter(
      (name) => names.length > 0 || needless(name, deployment) === undefined,
    )
    const running = { options, deployment, drills: wanted, holdMs }
    const results = await runAll(context, running, signal)
    if (options.json) context.terminal.print(JSON.stringify(toJson(results)))
    return exitCodeOf(results)
  })
}

interface Running {
  readonly options: DrillOptions
  readonly deployment: Deployment
  readonly drills: readonly DrillId[]
  readonly holdMs: number
}

async function runAll(
  context: Context,
  { options, deployment, drills, holdMs }: Running,
  signal: AbortSignal,
): Promise<DrillResult[]> {
  const { terminal } = context
  const told = options.json ? undefined : (text: string) => terminal.print(`  ${text}`)
  const stage = await stageOf(context, { options, deployment, holdMs })
  const results: DrillResult[] = []
  for (const name of drills) {
    if (!options.json) terminal.print(`${name}:`)
    const result: DrillResult =
      'remedy' in stage
        ? { kind: 'not_run', drill: name, missing: stage }
        : await runDrill(name, stage, signal, told)
    results.push(result)
    if (result.kind === 'ran')
      await keep(context, { book: deployment.book, run: result.run, holdMs })
    told?.(verdictOf(result))
  }
  return results
}

interface Staging {
  readonly options: DrillOptions
  readonly deployment: Deployment
  readonly holdMs: number
}

async function stageOf(
  context: Context,
  { options, deployment, holdMs }: Staging,
): Promise<Stage | Missing> {
  const { config, gateway } = deployment
  if (config === undefined) {
    return { text: 'the configuration cannot be run', remedy: `see \`${COMMAND} validate\`` }
  }
  const base = { deployment: { ...deployment, config }, program: ownProgram(), holdMs }
  if (!options.live) return { ...base, live: undefined }
  if (gateway === undefined) {
    return {
      text: 'no gateway runs on this configuration',
      remedy: `start it with \`${COMMAND} up\``,
    }
  }
  return { ...base, live: new LiveKeys(await localSocket(context, options), gateway) }
}

/** This command, as it was started. */
function ownProgram(): CopyProgram {
  return { command: process.execPath, args: [...process.execArgv, ...process.argv.slice(1, 2)] }
}

/** @throws {AppError} `usage` */
function choose(names: readonly string[], { live }: DrillOptions): readonly DrillId[] {
  const all: readonly DrillId[] = live ? LIVE_DRILLS : DRILLS
  const chosen = all.filter((name) => names.length === 0 || names.includes(name))
  const foreign = names.filter((name) => !all.some((one) => one === name))
  if (foreign.length === 0) return chosen
  throw new AppError(
    'usage',
    `--live is for ${LIVE_DRILLS.join(', ')}: ${foreign.join(', ')} need a copy or are live anyway`,
  )
}

/** @throws {AppError} `usage` */
function holdOf(text: string): number {
  const holdMs = parseDuration(text)
  if (holdMs !== undefined && holdMs >= 1_000 && holdMs <= HOLD_MS_MAX) return holdMs
  throw new AppError('usage', '--hold takes a duration such as 65s, from 1s to 110s')
}

function exitCodeOf(results: readonly DrillResult[]): number {
  if (results.some((one) => one.kind === 'ran' && !one.run.ok)) return EXIT.failed
  return results.some(({ kind }) => kind === 'not_run') ? NOT_RUN : EXIT.ok
}

function verdictOf(result: DrillResult): string {
  if (result.kind === 'not_run') {
    const { text, remedy } = result.missing
    return `could not be run: ${text}; ${remedy}`
  }
  const { ok, figures, startedAt, endedAt } = result.run
  const took = durationOf(Date.parse(endedAt) - Date.parse(startedAt))
  const measured = figures.map(({ name, value, unit }) => `${name} ${value} ${unit}`)
  return [`${ok ? 'ok' : 'FAILED'} in ${took}`, ...measured].join(', ')
}

function toJson(results: readonly DrillResult[]): object {
  return {
    runs: results.flatMap((one) => (one.kind === 'ran' ? [one.run] : [])),
    notRun: results.flatMap((one) =>
      one.kind === 'ran' ? [] : [{ drill: one.drill, ...one.missing }],
    ),
  }
}

interface Kept {
  /** Undefined where there is no store, which has been told. */
  readonly book: ChecklistBook | undefined
  readonly run: DrillRun
  readonly holdMs: number
}

/** Keeps a run in the book, at once: what comes after it may be interrupted. */
async function keep({ terminal }: Context, { book, run, holdMs }: Kept): Promise<void> {
  if (run.drill === 'stream' && holdMs < HOLD_MS_MIN) {
    const least = HOLD_MS_MIN / 1_000
    return terminal.note(`stream was held for less than ${least} s, so its run is not kept`)
  }
  try {
    await book?.recordDrill(run)
  } catch (thrown) {
    // What it showed is worth no less.
    const { code, message } = AppError.from(thrown)
    if (code === 'internal') throw thrown
    terminal.note(`the run of ${run.drill} is not kept: ${message}`)
  }
}

async function listDrills(context: Context, options: DrillOptions): Promise<number> {
  const { terminal } = context
  const signal = AbortSignal.timeout(LIST_MS)
  await using opened = await openDeployment(context, options, signal)
  const due = await calendarOf(opened.deployment)
  terminal.print(
    options.json ? JSON.stringify({ items: due }) : calendarTable(due, terminal.columns),
  )
  return EXIT.ok
}

function calendarTable(due: readonly DrillDue[], width: number | undefined): string {
  const rows = due.map(({ drill: name, lastAt, ok, nextAt, overdue }) => [
    name,
    lastAt ?? 'never',
    ok === null ? '-' : ok ? 'ok' : 'failed',
    overdue ? 'OVERDUE' : nextAt,
  ])
  return fitTable(['drill', 'last run', 'result', 'due'], rows, { width, spare: [] })
}
