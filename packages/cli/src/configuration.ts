import { writeFile } from 'node:fs/promises'
import {
  findConfig,
  loadGatewayConfig,
  starterConfig,
  withCommands,
  type ConfigSource,
  type GatewayConfigLoad,
} from '@sallyport/gateway/config'
import { configError } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import type { Context } from './context.ts'
import { COMMAND } from './version.ts'

export interface ConfigOptions {
  /** The value of `--config`. */
  readonly config?: string
}

/** A configuration that can be run. */
export type Configuration = Extract<GatewayConfigLoad, { ok: true }> & {
  readonly source: FoundSource
}

/** Where the configuration of this command comes from. */
export function findConfiguration(context: Context, options: ConfigOptions): ConfigSource {
  return findConfig({ flag: options.config, env: context.environment, cwd: context.cwd })
}

/** What `findConfiguration` found, where it found something. */
export type FoundSource = Exclude<ConfigSource, { kind: 'none' }>

/**
 * Reads what was found.
 *
 * @throws {AppError} `config_invalid`, with every problem as its cause
 */
export async function readConfiguration(
  context: Context,
  source: FoundSource,
): Promise<Configuration> {
  const { environment: env, cwd } = context
  const loaded = await withCommands(loadGatewayConfig, { source, env, cwd })
  if (!loaded.ok) throw configError(loaded.problems)
  return { ...loaded, source }
}

/**
 * The configuration of a command that works on an existing one.
 *
 * @throws {AppError} `usage` when there is none, `config_invalid`
 */
export async function requireConfiguration(
  context: Context,
  options: ConfigOptions,
): Promise<Configuration> {
  const source = findConfiguration(context, options)
  if (source.kind !== 'none') return readConfiguration(context, source)
  throw new AppError(
    'usage',
    `there is no ${source.file}: give --config FILE, or write a first one with \`${COMMAND} up\``,
  )
}

/**
 * What `findConfiguration` found; on the first run a starter, which is written.
 *
 * @throws {AppError} `usage` when it cannot be written
 */
export async function findOrWriteConfiguration(
  context: Context,
  options: ConfigOptions,
): Promise<FoundSource> {
  const source = findConfiguration(context, options)
  if (source.kind !== 'none') return source
  try {
    await writeFile(source.file, starterConfig(), { flag: 'wx' })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    const text = `there is no configuration, and a first one cannot be written to ${source.file} (${code}): give --config FILE`
    throw new AppError('usage', text, { cause })
  }
  context.terminal.note(`wrote ${source.file}, a first configuration: add your servers to it`)
  return { kind: 'file', file: source.file }
}
