import { type Environment, suggest } from '@sallyport/kit/config'
import { LIMIT_VARIABLES } from './read-limits.ts'
import type { VariableReader } from './variable-reader.ts'

/** Every variable that is read, but for MCP_JSON_LOGS. */
export const SLACK_VARIABLES: readonly string[] = [
  'SLACK_CLIENT_ID',
  'SLACK_CLIENT_SECRET',
  'SLACK_REDIRECT_URI',
  'SLACK_SCOPES',
  'SLACK_SIGNING_SECRET',
  'SLACK_USER_SCOPES',
  'SLACK_APPS',
  'SLACK_DISTRIBUTION',
  'SLACK_TENANT_TEAMS',
  'SLACK_TOOLSETS',
  'SLACK_WRITE_CHANNELS',
  'SLACK_UPLOAD_KINDS',
  'SLACK_UPLOAD_BYTES',
  'SLACK_UPLOAD_FOLDER',
  'SLACK_FILE_BYTES',
  'SLACK_SEARCH',
  'SLACK_API_URL',
  'SLACK_AUTHORIZE_URL',
  'SLACK_TEST_CALLS_PER_MINUTE',
  'SALLYPORT_CALLERS',
  'SALLYPORT_CALLERS_AUDIENCE',
  'SALLYPORT_TOKEN',
  'AFFINITYBOTS_MCP_API_KEY',
  'SALLYPORT_MASTER_KEY',
  'SALLYPORT_STORE',
  'SALLYPORT_ALLOW_TEST_HOSTS',
  'ALLOWED_ORIGINS',
  'ALLOWED_HOSTS',
  'TRUSTED_PROXIES',
  'PUBLIC_BASE_URL',
  'HOST',
  'PORT',
  'LOG_LEVEL',
  ...LIMIT_VARIABLES,
]

/** What is not looked at for a placeholder: its own rules say more. */
const OWN_RULES: ReadonlySet<string> = new Set(['SALLYPORT_TOKEN', 'AFFINITYBOTS_MCP_API_KEY'])

/** What stands in templates, the seed's own `required` and `recommended` among it. */
const PLACEHOLDER =
  /^(?:required|recommended|todo|x{3,}|\.{3})$|your[-_ ]|your-?domain|change[-_ ]?me|replace[-_ ]|paste[-_ ]|placeholder|<.*>/i

/** Refuses what was left as a template has it, and warns of names that are almost one of ours. */
export function judgeVariables(env: Environment, reader: VariableReader): void {
  for (const name of SLACK_VARIABLES) {
    const value = reader.text(name)
    if (value === undefined || OWN_RULES.has(name) || !PLACEHOLDER.test(value)) continue
    reader.refuse(name, { message: 'is a placeholder', remedy: 'write the value itself' })
  }
  for (const name of Object.keys(env)) {
    if (!/^(?:SLACK|SALLYPORT)_/.test(name) || SLACK_VARIABLES.includes(name)) continue
    const meant = suggest(name, SLACK_VARIABLES)
    if (meant === undefined || reader.text(meant) !== undefined) continue
    const message = 'is not read by anything'
    reader.warn(name, { message, remedy: `did you mean ${meant}?` })
  }
}
