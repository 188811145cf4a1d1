import { join } from 'node:path'
import {
  type ConfigProblem,
  ConfigProblems,
  type Environment,
  problemText,
  readEnvironment,
} from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { hosts, logLevel, networks, origins } from './fields.ts'
import { readAddresses } from './read-addresses.ts'
import { readApps } from './read-apps.ts'
import { readCallers } from './read-callers.ts'
import { readAuditKeep, readLimits, readTimes } from './read-limits.ts'
import { readStore } from './read-store.ts'
import { readFileRules, readToolsets } from './read-toolsets.ts'
import type { SlackSettings } from './settings.ts'
import { parseTenantTeams } from './tenant-teams.ts'
import { readTokens } from './tokens.ts'
import { judgeVariables } from './variable-names.ts'
import { VariableReader } from './variable-reader.ts'

export interface SlackSettingsRequest {
  /** The process environment; the `.env` in `cwd` is added below it. */
  readonly env: Environment
  /** Absolute; what relative paths start at. */
  readonly cwd: string
  /** Where the embedded store is when SALLYPORT_STORE is not set. */
  readonly stateFolder: string
}

export type SlackSettingsReading =
  | { readonly ok: true; readonly settings: SlackSettings }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/**
 * Reads the environment of a Slack server. Opens nothing but files, for reading. Total: everything that is wrong
 * is in `problems`, all of it at once; none holds a value that may be secret.
 */
export function readSlackSettings(request: SlackSettingsRequest): SlackSettingsReading {
  const { env, problems } = readEnvironment(join(request.cwd, 'slack'), request.env)
  const reader = new VariableReader(env)
  reader.take(problems)
  judgeVariables(env, reader)
  const settings = read(reader, { ...request, env })
  const found = reader.problems
  if (settings === undefined || reader.failed) return { ok: false, problems: found }
  return { ok: true, settings: { ...settings, warnings: found } }
}

/**
 * The settings of an environment that can be run.
 *
 * @throws {AppError} `config_invalid`, whose message has a line for each thing that is wrong
 */
export function requireSlackSettings(request: SlackSettingsRequest): SlackSettings {
  const reading = readSlackSettings(request)
  if (reading.ok) return reading.settings
  throw settingsError(reading.problems)
}

function settingsError(problems: readonly ConfigProblem[]): AppError {
  const errors = problems.filter(({ severity }) => severity === 'error')
  return new AppError('config_invalid', errors.map(problemText).join('\n'), {
    cause: new ConfigProblems(problems),
    details: { problems: errors.length },
  })
}

/** Undefined only where something was refused. */
function read(
  reader: VariableReader,
  request: SlackSettingsRequest,
): Omit<SlackSettings, 'warnings'> | undefined {
  const addresses = readAddresses(reader)
  const tokens = readTokens(reader)
  const callers = readCallers(reader, tokens)
  const apps = readApps(reader, request)
  const kept = readStore(reader, request)
  const limits = readLimits(reader)
  const tools = readToolsets(reader)
  const files = readFileRules(reader, request.cwd)
  const times = readTimes(reader)
  const level = reader.read('LOG_LEVEL', logLevel)
  if (level === 'debug') {
    const message = 'debug lines tell more than a deployment should keep'
    reader.warn('LOG_LEVEL', { message, remedy: 'set it to `info` or `warn`' })
  }
  const tenantTeams = parseTenantTeams(reader.text('SLACK_TENANT_TEAMS'), (fault) =>
    reader.refuse('SLACK_TENANT_TEAMS', fault),
  )
  const shown = {
    allowedHosts: reader.read('ALLOWED_HOSTS', hosts) ?? [],
    origins: reader.read('ALLOWED_ORIGINS', origins) ?? [],
    trustedProxies: reader.read('TRUSTED_PROXIES', networks) ?? [],
  }
  if (
    addresses === undefined ||
    kept === undefined ||
    limits === undefined ||
    tools === undefined ||
    files === undefined ||
    times === undefined ||
    level === undefined
  ) {
    return undefined
  }
  return {
    ...{ ...addresses, ...shown, ...kept, ...tools, ...files, ...times },
    auditKeepMs: readAuditKeep(reader, kept.store),
    ...{ tokens, callers, apps, tenantTeams, limits, logLevel: level },
  }
}
