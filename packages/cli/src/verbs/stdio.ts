import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { problemText } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { runUntilSignal } from '@sallyport/kit/lifecycle'
import { parseLogOptions } from '@sallyport/kit/log'
import {
  findOrWriteConfiguration,
  readConfiguration,
  type ConfigOptions,
  type Configuration,
} from '../configuration.ts'
import type { Context } from '../context.ts'
import { ForcedEnd } from '../forced-end.ts'
import { LineRelay } from '../line-relay.ts'
import { Station } from '../station.ts'

/** After its input is over, a client has so long to take what is left. */
const LAST_WORDS_MS = 2_000

interface StdioOptions extends ConfigOptions {
  readonly endpoint?: string
  readonly server?: string
}

/**
 * `stdio`: serves one client on the standard streams, by the gateway that runs or by one in this process. On
 * stdout there is nothing but MCP.
 */
export async function stdio(context: Context, options: StdioOptions): Promise<number> {
  const source = await findOrWriteConfiguration(context, options)
  const configuration = await readConfiguration(context, source)
  for (const problem of configuration.problems) {
    context.terminal.note(`${problem.severity}: ${problemText(problem)}`)
  }
  const url = servedUrl(configuration, options)
  const forcedEnd = new ForcedEnd()
  let failure: AppError | undefined
  const exitCode = await runUntilSignal(
    (signal, started) => serve({ context, configuration, url, signal, started, forcedEnd }),
    (error) => (failure = error),
    { clock: context.clock, source: process, force: forcedEnd.end },
  )
  process.stdin.destroy()
  if (failure !== undefined) throw failure
  await flushed(process.stdout)
  // What a client leaves unread keeps the process from ending by itself.
  if (process.stdout.writableLength > 0) process.exit(exitCode)
  return exitCode
}

/** Waits a little for a reader to take what was written. */
async function flushed(output: Writable): Promise<void> {
  if (output.writableLength === 0) return
  const signal = AbortSignal.timeout(LAST_WORDS_MS)
  // Whether it was in time shows in what is left.
  await once(output, 'drain', { signal }).catch(() => undefined)
}

interface Serving {
  readonly context: Context
  readonly configuration: Configuration
  readonly url: string
  readonly signal: AbortSignal
  readonly started: () => void
  readonly forcedEnd: ForcedEnd
}

async function serve(serving: Serving): Promise<void> {
  const { context, configuration, url, signal, started, forcedEnd } = serving
  const { requestBytes, drainMs } = configuration.config.limits
  const logOptions = parseLogOptions(
    { MCP_LOG_LEVEL: 'warn', ...context.environment },
    process.stderr,
  )
  // A client that goes away ends only its own line: others may be using the gateway of this process.
  process.stdout.removeAllListeners('error')
  const relay = new LineRelay(process.stdin, process.stdout, requestBytes)
  await using station = new Station({ context, configuration, logOptions, url, forcedEnd })
  let line: Socket | undefined
  try {
    line = await station.connect(signal)
    started()
    const stopped = once(signal, 'abort').then(() => {
      relay.end()
      // Drained beside it, so that the client has its answers in time.
      return station[Symbol.asyncDispose]()
    })
    const late = stopped.then(() => wait(drainMs + LAST_WORDS_MS, undefined, { ref: false }))
    while ((await Promise.race([relay.over(line), late])) === 'lost' && !signal.aborted) {
      line = await station.connect(signal)
    }
    await Promise.race([station.othersEnded(), stopped])
  } finally {
    line?.destroy()
  }
}

/**
 * What of the gateway the client is served.
 *
 * @throws {AppError} `usage` for a name that the configuration does not have
 */
function servedUrl({ config, file }: Configuration, { endpoint, server }: StdioOptions): string {
  const known = (kind: string, name: string, names: readonly string[]): string => {
    if (names.includes(name)) return name
    const others = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`
    throw new AppError('usage', `${file} has no ${kind} "${name}": ${others}`)
  }
  if (endpoint !== undefined) {
    return `/stdio/${known('endpoint', endpoint, Object.keys(config.endpoints))}`
  }
  if (server === undefined) return '/stdio'
  return `/servers/${known('server', server, Object.keys(config.servers))}/stdio`
}
