import { dirname } from 'node:path'
import { runCommands } from '@sallyport/kit/config'
import type { GatewayConfigLoad, GatewayConfigRequest } from './load-gateway-config.ts'

const COMMAND_TIMEOUT_MS = 10_000

/**
 * Loads a configuration together with what its `${command:...}` print: they run beside whatever else this
 * process does, ten seconds each at most, and nothing is read from them but their output.
 */
export async function withCommands(
  load: (request: GatewayConfigRequest) => GatewayConfigLoad,
  request: GatewayConfigRequest,
): Promise<GatewayConfigLoad> {
  const first = load(request)
  if (first.commands.length === 0) return first
  const { env } = request
  const cwd = dirname(first.file)
  const commands = await runCommands(first.commands, { cwd, env, timeoutMs: COMMAND_TIMEOUT_MS })
  return load({ ...request, commands })
}
