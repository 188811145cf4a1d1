import { once } from 'node:events'
import { problemText } from '@sallyport/kit/config'
import type { AppError } from '@sallyport/kit/errors'
import { runUntilSignal } from '@sallyport/kit/lifecycle'
import { createLog, parseLogOptions } from '@sallyport/kit/log'
import { announce } from '../announce.ts'
import {
  findOrWriteConfiguration,
  readConfiguration,
  requireConfiguration,
  type ConfigOptions,
  type Configuration,
} from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { followConfiguration, hangupStops } from '../follow-configuration.ts'
import { ForcedEnd } from '../forced-end.ts'
import { pendingOf } from '../pending.ts'
import { startGateway } from '../start-gateway.ts'

const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const STOPS_WITHOUT_HANGUP = ['SIGINT', 'SIGTERM'] as const

interface UpOptions extends ConfigOptions {
  readonly plan?: boolean
  readonly json?: boolean
}

/** `up`: runs the gateway until a signal; with `--plan` shows what a start would change in the store. */
export async function up(context: Context, options: UpOptions): Promise<number> {
  if (options.plan) return plan(context, options)
  const source = await findOrWriteConfiguration(context, options)
  const configuration = await readConfiguration(context, source)
  for (const problem of configuration.problems) {
    context.terminal.note(`${problem.severity}: ${problemText(problem)}`)
  }
  const forcedEnd = new ForcedEnd()
  let failure: AppError | undefined
  const exitCode = await runUntilSignal(
    (signal, started) => serve(context, { configuration, options, signal, started, forcedEnd }),
    (error) => (failure = error),
    {
      ...{ clock: context.clock, source: process, force: forcedEnd.end },
      signals: hangupStops() ? STOPS : STOPS_WITHOUT_HANGUP,
    },
  )
  if (failure !== undefined) throw failure
  return exitCode
}

interface Serving {
  readonly configuration: Configuration
  readonly options: UpOptions
  readonly signal: AbortSignal
  readonly started: () => void
  readonly forcedEnd: ForcedEnd
}

async function serve(context: Context, serving: Serving): Promise<void> {
  const { configuration, options, signal, started, forcedEnd } = serving
  const logOptions = parseLogOptions(context.environment, process.stderr)
  const startOptions = { logOptions, forcedEnd }
  await using gateway = await startGateway(context, configuration, startOptions, signal)
  started()
  using _following = await followConfiguration(gateway, createLog(logOptions))
  // Where logs are JSON, what goes where they go is JSON too: no person sees it.
  const json = options.json === true || (logOptions.json && !context.terminal.isInteractive)
  await announce(context, gateway, { configuration, json })
  const stopped = signal.aborted ? undefined : once(signal, 'abort')
  await Promise.race([stopped, gateway.handedOver])
}

async function plan(context: Context, options: UpOptions): Promise<number> {
  const { config } = await requireConfiguration(context, options)
  const { isNew, migrations } = await pendingOf(config.store)
  const words = isNew ? 'a start makes the store anew' : 'a start migrates the store'
  const lines = migrations.map(({ text }) => `  ${text}`)
  const text = lines.length === 0 ? 'the store is up to date' : `${words}:\n${lines.join('\n')}`
  const items = migrations.map(({ name, text: shown }) => ({ name, text: shown }))
  context.terminal.print(options.json ? JSON.stringify({ isNew, items }) : text)
  return EXIT.ok
}
