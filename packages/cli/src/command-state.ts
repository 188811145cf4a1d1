import { openState, type State } from '@sallyport/gateway/state'
import { createLog, type Log, parseLogOptions } from '@sallyport/kit/log'
import { AUDIT_WORKER } from './audit-worker.ts'
import type { Configuration } from './configuration.ts'
import type { Context } from './context.ts'

/**
 * The state of a gateway that does not run, held under its lock until disposed, and the log for what a command
 * does with it.
 *
 * @throws {AppError} see `openState`
 */
export async function openCommandState(
  { clock, environment }: Context,
  { config, stateFolder }: Pick<Configuration, 'config' | 'stateFolder'>,
): Promise<{ readonly state: State; readonly log: Log }> {
  // Lines about an ordinary opening are for a gateway's log, not for the reader of a command.
  const log = createLog(parseLogOptions({ MCP_LOG_LEVEL: 'warn', ...environment }, process.stderr))
  const worker = AUDIT_WORKER && { workerUrl: AUDIT_WORKER }
  return { state: await openState({ config, stateFolder, clock, log, ...worker }), log }
}
