import { parse } from 'node:path'
import { slackVariables, stateFolder } from '@sallyport/gateway/config'
import { requireSlackSettings, type SlackSettings } from '@sallyport/slack/settings'
import { findConfiguration, readConfiguration, type ConfigOptions } from './configuration.ts'
import type { Context } from './context.ts'

/**
 * What the Slack server of this environment runs on.
 *
 * @throws {AppError} `config_invalid`, with a line for each thing that is wrong
 */
export function environmentSettings(context: Context): SlackSettings {
  const { environment: env, cwd } = context
  return requireSlackSettings({ env, cwd, stateFolder: stateFolder(`slack:${cwd}`, env) })
}

/**
 * What the Slack server runs on that a gateway's configuration has, else that of this environment.
 *
 * @throws {AppError} `config_invalid`
 */
export async function findSettings(
  context: Context,
  options: ConfigOptions,
): Promise<SlackSettings> {
  const source = findConfiguration(context, options)
  if (source.kind === 'none') return environmentSettings(context)
  const configuration = await readConfiguration(context, source)
  const env = slackVariables(configuration.config, context.environment)
  if (env === undefined) return environmentSettings(context)
  const cwd = parse(process.execPath).root
  return requireSlackSettings({ env, cwd, stateFolder: configuration.stateFolder })
}
