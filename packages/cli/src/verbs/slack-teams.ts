import { existsSync } from 'node:fs'
import { printable, silentLog } from '@sallyport/kit/log'
import { keyFileOf, openKeyedStore } from '@sallyport/kit/store'
import type { Installation } from '@sallyport/slack'
import type { SlackSettings } from '@sallyport/slack/settings'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { findSettings } from '../slack-settings.ts'
import { fitTable } from '../table.ts'

const TEXT_CHARACTERS_MAX = 80
const SQLITE = 'sqlite:'

interface Options extends ConfigOptions {
  readonly json?: boolean
}

/** `slack teams`: in which workspaces the Slack server is installed, and how each of them is. */
export async function slackTeams(context: Context, options: Options): Promise<number> {
  const { terminal, clock } = context
  const items = (await readTeams(context, await findSettings(context, options))).map(toItem)
  if (options.json) terminal.print(JSON.stringify({ items }))
  else if (items.length === 0) terminal.note('it is installed in no workspace yet')
  else terminal.print(formatTeams(items, clock.nowMs(), terminal.columns))
  return EXIT.ok
}

/** Every installation, by a look into the store; whoever runs on it may go on. @throws {AppError} as `openKeyedStore` */
export async function readTeams(
  { clock }: Context,
  { store: location, masterKeys }: SlackSettings,
): Promise<readonly Installation[]> {
  const path = location.startsWith(SQLITE) ? location.slice(SQLITE.length) : undefined
  const keyFile = keyFileOf(location)
  const isNew = masterKeys === undefined && keyFile !== undefined && !existsSync(keyFile)
  // Nothing is made by looking.
  if (path !== undefined && (isNew || !existsSync(path))) return []
  const { readInstallations } = await import('@sallyport/slack')
  const log = silentLog
  await using keyed = await openKeyedStore({ location, masterKeys, clock, log, migrate: false })
  return await readInstallations(keyed.store, log)
}

type TeamItem = ReturnType<typeof toItem>

function toItem(installation: Installation) {
  const { team, teamName, app, tenant, state, botScopes, user, installedBy } = installation
  const { installedAtMs, expiresAtMs } = installation
  return {
    ...{ team, name: teamName, app, tenant, state },
    scopes: botScopes,
    userScopes: user?.scopes ?? [],
    installedBy,
    installedAt: new Date(installedAtMs).toISOString(),
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
  }
}

const HEADING = ['TEAM', 'NAME', 'APP', 'TENANT', 'STATE', 'TOKEN ENDS', 'INSTALLED BY', 'SCOPES']
const SPARE = ['TENANT', 'APP', 'INSTALLED BY', 'TOKEN ENDS']

function formatTeams(items: readonly TeamItem[], nowMs: number, width: number | undefined): string {
  const rows = items.map(({ team, name, app, tenant, state, scopes, ...rest }) =>
    [
      ...[team, name, app, tenant ?? '-', STATES[state], endOf(rest.expiresAt, nowMs)],
      ...[rest.installedBy, scopes.join(' ')],
    ].map((cell, at) => (at === HEADING.length - 1 ? cell : printable(cell, TEXT_CHARACTERS_MAX))),
  )
  return fitTable(HEADING, rows, { width, spare: SPARE })
}

const STATES = {
  active: 'active',
  reinstall: 'install again',
  removed: 'removed',
} as const

function endOf(expiresAt: string | null, nowMs: number): string {
  if (expiresAt === null) return 'never'
  const minutes = Math.round((Date.parse(expiresAt) - nowMs) / 60_000)
  if (minutes < 0) return 'over'
  return minutes < 120 ? `in ${minutes} min` : `in ${Math.round(minutes / 60)} h`
}
