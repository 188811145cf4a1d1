import { resolve } from 'node:path'
import type { Environment } from '@sallyport/kit/config'
import { parsedText } from '@sallyport/contract/config'
import { Secret } from '@sallyport/kit/secret'
import { readAppsFile } from './apps-file.ts'
import { clientId, scopes, word } from './fields.ts'
import { DISTRIBUTIONS, type SlackApp } from './settings.ts'
import type { VariableReader } from './variable-reader.ts'

const OWN = ['SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET', 'SLACK_SCOPES'] as const
const CREDENTIALS = 'copy it from "Basic Information" of your app at api.slack.com/apps'
const SCOPES =
  'set it to the scopes of the bot, such as `channels:read,channels:history,users:read,chat:write`'

const secret = parsedText({
  parse: (text) => (/^[\x21-\x7e]{1,256}$/.test(text) ? new Secret(text) : undefined),
  expected: 'a secret of a Slack app, without spaces',
  remedy: CREDENTIALS,
})

/** The app of the environment, then those of SLACK_APPS. Where something was refused, not all of them. */
export function readApps(
  reader: VariableReader,
  { env, cwd }: { readonly env: Environment; readonly cwd: string },
): readonly SlackApp[] {
  const file = reader.text('SLACK_APPS')
  const wantsOwn = file === undefined || OWN.some((name) => reader.text(name) !== undefined)
  const own = wantsOwn ? readOwn(reader) : []
  if (file === undefined) return own
  const reading = readAppsFile(resolve(cwd, file), env)
  if (!reading.ok) {
    reader.take(reading.problems)
    return own
  }
  const taken = new Set(own.map((app) => app.clientId))
  if (reading.apps.some((app) => taken.has(app.clientId))) {
    const message = 'has an app with the client id of SLACK_CLIENT_ID'
    reader.refuse('SLACK_APPS', { message, remedy: 'remove it there or here' })
  }
  return [...own, ...reading.apps]
}

function readOwn(reader: VariableReader): SlackApp[] {
  const id = reader.require('SLACK_CLIENT_ID', clientId, CREDENTIALS)
  const clientSecret = reader.require('SLACK_CLIENT_SECRET', secret, CREDENTIALS)
  const asked = reader.require('SLACK_SCOPES', scopes, SCOPES)
  const signingSecret = reader.read('SLACK_SIGNING_SECRET', secret)
  const userScopes = reader.read('SLACK_USER_SCOPES', scopes) ?? []
  const distribution = reader.read('SLACK_DISTRIBUTION', word(DISTRIBUTIONS, 'internal'))
  if (
    id === undefined ||
    clientSecret === undefined ||
    asked === undefined ||
    distribution === undefined
  ) {
    return []
  }
  const app = { name: 'default', clientId: id, clientSecret, signingSecret, userScopes }
  return [{ ...app, scopes: asked, distribution, tenant: null }]
}
