import { connectServers as startServers } from '@sallyport/gateway/connect'
import type { ConfigPlace, ConfigProblem } from '@sallyport/kit/config'
import type { AppError } from '@sallyport/kit/errors'
import { createLog, parseLogOptions } from '@sallyport/kit/log'
import type { Configuration } from './configuration.ts'
import type { Context } from './context.ts'
import { VERSION } from './version.ts'

const CONNECT_MS = 5 * 60_000
const SAID_AFTER_MS = 1_000

/** Starts every server once; a problem for each that could not be used. */
export async function connectServers(
  context: Context,
  { config, placeOf }: Pick<Configuration, 'config' | 'placeOf'>,
): Promise<ConfigProblem[]> {
  const options = parseLogOptions(
    { MCP_LOG_LEVEL: 'error', ...context.environment },
    process.stderr,
  )
  const names = Object.keys(config.servers)
  const said = setTimeout(
    () => context.terminal.note(`connecting to ${names.join(', ')} ...`),
    SAID_AFTER_MS,
  )
  try {
    const verdicts = await startServers(
      { config, version: VERSION, clock: context.clock, log: createLog(options) },
      AbortSignal.timeout(CONNECT_MS),
    )
    return verdicts.flatMap(({ server, failure }) =>
      failure === undefined ? [] : [problemOf(failure, placeOf(['mcpServers', server]))],
    )
  } finally {
    clearTimeout(said)
  }
}

function problemOf(failure: AppError, place: ConfigPlace): ConfigProblem {
  const { stderr } = failure.details
  const said = typeof stderr === 'string' ? `, after writing to stderr: ${stderr}` : ''
  const message = `${failure.message}${said}`
  return { ...place, severity: 'error', message, remedy: 'try its command or URL by hand' }
}
