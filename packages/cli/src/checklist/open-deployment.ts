import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Deployment } from '@sallyport/checklist'
import type { Profile } from '@sallyport/contract/checklist'
import { checklist, type ChecklistSettings } from '@sallyport/contract/config'
import {
  findState,
  type GatewayConfigLoad,
  validateConfig,
  withCommands,
} from '@sallyport/gateway/config'
import { toValue } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { findConfiguration, type ConfigOptions, type FoundSource } from '../configuration.ts'
import type { Context } from '../context.ts'
import { isListening, localSocketOf } from '../local.ts'
import { COMMAND } from '../version.ts'
import { findBook } from './find-book.ts'
import { judgeProfile } from './judge-profile.ts'
import { openSlack } from './open-slack.ts'
import { openGateway, type OpenGateway } from './open-gateway.ts'
import type { RunKey } from './run-key.ts'

export interface DeploymentOptions extends ConfigOptions {
  readonly profile?: Profile
  /** Folder of another deployment. */
  readonly against?: string
  /** One that outlives this look; without it a look has its own. */
  readonly key?: RunKey
}

/** A deployment that is looked at; dispose lets go of it. */
export interface OpenDeployment extends AsyncDisposable {
  readonly deployment: Deployment
}

/**
 * What a run of the checklist looks at: a configuration, also one that cannot be run, and the gateway that runs on
 * it, if one does.
 *
 * @throws {AppError} `usage` where there is no configuration at all, or no such folder; `forbidden` where the
 *   gateway belongs to another user
 */
export async function openDeployment(
  context: Context,
  options: DeploymentOptions,
  signal: AbortSignal,
): Promise<OpenDeployment> {
  const against = await findAgainst(context, options.against)
  const source = findSource(context, options)
  const { environment: variables, cwd, clock } = context
  const loaded = await withCommands(validateConfig, { source, env: variables, cwd })
  const reading = toReading(loaded, source, cwd)
  const { settings, folder } = reading
  const profile = judgeProfile({ flag: options.profile, settings, folder, environment: variables })
  await using opening = new AsyncDisposableStack()
  const { gateway, hung } = await findGateway(context, { source, loaded, key: options.key }, signal)
  if (gateway !== undefined) opening.use(gateway)
  const running = hung === undefined ? gateway !== undefined : 'hung'
  const { book } = opening.use(await findBook(context, { options, loaded, running }))
  const deployment: Deployment = {
    ...reading,
    ...{ profile, variables, against, clock, book },
    gateway: gateway?.view,
    ...(hung !== undefined && { hung }),
    slack: await openSlack(context, options, {
      settings,
      gateway: gateway?.view,
      isBehind: keyOf(reading.source, 'slack') !== undefined,
    }),
    discord: undefined,
  }
  const held = opening.move()
  return { deployment, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

function findSource(context: Context, options: ConfigOptions): FoundSource {
  const source = findConfiguration(context, options)
  const named = source.kind === 'file' && !existsSync(source.file)
  if (source.kind !== 'none' && !named) return source
  throw new AppError(
    'usage',
    `there is no ${source.file}: give --config FILE, or write a first one with \`${COMMAND} up\``,
  )
}

async function findAgainst(
  { cwd }: Context,
  folder: string | undefined,
): Promise<string | undefined> {
  if (folder === undefined) return undefined
  const path = resolve(cwd, folder)
  const found = await stat(path).catch(() => undefined) // whatever keeps it from being seen, it is not there for us
  if (found?.isDirectory()) return path
  throw new AppError('usage', `--against takes the folder of another deployment: ${path} is none`)
}

type Reading = Pick<
  Deployment,
  'environment' | 'file' | 'folder' | 'config' | 'source' | 'problems' | 'settings'
>

function toReading(loaded: GatewayConfigLoad, source: FoundSource, cwd: string): Reading {
  const { file, problems } = loaded
  const folder = source.kind === 'file' ? dirname(file) : cwd
  if (loaded.ok) {
    const { config, text } = loaded
    const { environment, checklist: settings } = config
    return { environment, file, folder, config, source: JSON.parse(text), problems, settings }
  }
  const tree = loaded.read && toValue(loaded.read.root)
  const said = keyOf(tree, 'environment')
  return {
    ...{ file, folder, problems, config: undefined },
    environment: typeof said === 'string' && said !== '' ? said : 'local',
    source: loaded.read === undefined ? {} : JSON.parse(loaded.read.text),
    settings: settingsOf(keyOf(tree, 'checklist')),
  }
}

/** What a configuration that cannot be run says of the checklist, where that much of it is right. */
function settingsOf(said: unknown): ChecklistSettings {
  const parsed = checklist.safeParse(said)
  return parsed.success ? parsed.data : checklist.parse(undefined)
}

function keyOf(tree: unknown, key: string): unknown {
  if (typeof tree !== 'object' || tree === null) return undefined
  return Object.entries(tree).find(([name]) => name === key)?.[1]
}

interface Place {
  readonly source: FoundSource
  readonly loaded: GatewayConfigLoad
  readonly key: RunKey | undefined
}

interface Found {
  readonly gateway?: OpenGateway
  /** Why it cannot be asked though it runs. */
  readonly hung?: string
}

/** The gateway of this configuration, also where its file was broken after it had started. */
async function findGateway(
  context: Context,
  { source, loaded, key }: Place,
  signal: AbortSignal,
): Promise<Found> {
  const place = findState(source, context.environment) ?? (loaded.ok ? loaded : undefined)
  if (place === undefined) return {}
  const path = localSocketOf(place)
  if (!(await isListening(path))) return {}
  try {
    return { gateway: await openGateway(context, { path, key }, signal) }
  } catch (thrown) {
    // That it hangs is what a report is then wanted for.
    if (!(thrown instanceof AppError) || thrown.code !== 'deadline_exceeded') throw thrown
    return { hung: thrown.message }
  }
}
