import { plainName } from '@sallyport/contract/config'
import { type ConfigProblem, type Environment, loadConfig } from '@sallyport/kit/config'
import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { clientId } from './fields.ts'
import { DISTRIBUTIONS, type SlackApp } from './settings.ts'

const APPS_MAX = 1_000
const SCOPES_MAX = 200
const SECRET_MAX = 256

const secret = z
  .string()
  .min(1)
  .max(SECRET_MAX)
  .transform((text) => new Secret(text))
const scope = z.string().regex(/^[a-z0-9_.-]+(?::[a-z0-9_.-]+)*$/, {
  error: 'expected a scope such as `channels:read`',
})

const app = z.strictObject({
  name: plainName,
  clientId,
  clientSecret: secret,
  signingSecret: secret.optional(),
  scopes: z.array(scope).min(1).max(SCOPES_MAX),
  userScopes: z.array(scope).max(SCOPES_MAX).default([]),
  distribution: z.enum(DISTRIBUTIONS).default('internal'),
  tenant: plainName.optional(),
})

const appsFile = z.strictObject({ apps: z.array(app).min(1).max(APPS_MAX) })

/** The apps of a file, or why there are none. */
export type AppsReading =
  | { readonly ok: true; readonly apps: readonly SlackApp[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/**
 * Reads a YAML file `apps: [{ name, clientId, clientSecret, signingSecret?, scopes, userScopes?, distribution?,
 * tenant? }]`, whose values may be references. Total: everything that is wrong is in `problems`.
 */
export function readAppsFile(file: string, env: Environment): AppsReading {
  const loaded = loadConfig({
    ...{ file, env, schema: appsFile },
    rules: ({ apps }, report) => {
      for (const [index, { name, clientId: id }] of apps.entries()) {
        const before = apps.slice(0, index)
        if (name === 'default' || before.some((other) => other.name === name)) {
          const message = `the name \`${name}\` is taken`
          report(['apps', index, 'name'], message, { remedy: 'rename the app' })
        }
        if (before.some((other) => other.clientId === id)) {
          const message = 'another app has the same client id'
          report(['apps', index, 'clientId'], message, { remedy: 'remove one of the two' })
        }
      }
    },
  })
  if (!loaded.ok) return { ok: false, problems: loaded.problems }
  const apps = loaded.config.apps.map(({ tenant, signingSecret, ...rest }) => ({
    ...rest,
    signingSecret,
    tenant: tenant ?? null,
  }))
  return { ok: true, apps }
}
