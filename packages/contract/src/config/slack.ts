import { Secret } from '@sallyport/kit/secret'
import { z } from 'zod'
import { server, type ServerEntry } from './server.ts'
import { parseWebUrl } from './slack-urls.ts'
import { parsedText, refuse } from './text.ts'
import { plainName } from './tokens.ts'
import { duration, flag, size } from './units.ts'

const SCOPES_MAX = 200
const CHANNELS_MAX = 1_000
const TEAMS_MAX = 1_000
const KINDS_MAX = 100

const credential = z
  .string()
  .regex(/^[\x21-\x7e]{1,256}$/, 'a secret of a Slack app has 1 to 256 characters and no spaces')
  .transform((text) => new Secret(text))

const scopes = z
  .array(z.string().regex(/^[a-z0-9_.-]+(?::[a-z0-9_.-]+)*$/, 'this is no scope of Slack'))
  .max(SCOPES_MAX)

const webUrl = parsedText({
  parse: parseWebUrl,
  expected: 'an http or https URL without user, query and fragment',
  remedy: 'write it like `https://mcp.example.com/slack/oauth/callback`',
})

const teamId = z.string().regex(/^T[A-Z0-9]{2,30}$/, 'a team id is `T` and capitals or digits')

const channel = z
  .string()
  .regex(/^!?#?[\p{L}\p{N}_-]{1,80}$/u, 'this is neither the id nor the name of a channel')

const shown = server.shape

/** The Slack server that runs as a child of the gateway, and what it is to the gateway as a server. */
export const slack = z
  .strictObject({
    clientId: z
      .string()
      .regex(/^[\x21-\x7e]{1,128}$/, 'a client id has 1 to 128 characters and no spaces')
      .optional()
      .meta({ description: 'Client id of your Slack app.' }),
    clientSecret: credential
      .optional()
      .meta({ description: 'Client secret of your Slack app, by reference.', 'x-kind': 'secret' }),
    signingSecret: credential.optional().meta({
      description:
        'Signing secret of your Slack app, by reference; without it no events are taken.',
      'x-kind': 'secret',
    }),
    scopes: scopes.prefault([]).meta({ description: 'Scopes of the bot.' }),
    userScopes: scopes
      .prefault([])
      .meta({ description: 'Scopes of whoever installs the app, such as `search:read`.' }),
    distribution: z.enum(['internal', 'marketplace', 'unlisted']).default('internal').meta({
      description:
        'How the app is given out, which decides the limits that Slack sets: `internal` to your own workspace, over the `marketplace`, or `unlisted` to others.',
    }),
    redirectUri: webUrl.optional().meta({
      description:
        'Where Slack sends browsers back to; `<publicUrl>/slack/oauth/callback` by default.',
    }),
    apps: z
      .string()
      .min(1)
      .max(4_096)
      .optional()
      .meta({ description: 'YAML file with further Slack apps, relative to this file.' }),
    tenantTeams: z.record(plainName, z.array(teamId).min(1).max(TEAMS_MAX)).prefault({}).meta({
      description:
        'Workspaces that the callers of a tenant may use besides those that its own apps are installed in.',
    }),
    toolsets: z
      .array(z.enum(['read', 'write', 'manage', 'files']))
      .min(1)
      .prefault(['read'])
      .meta({ description: 'Groups of tools that are there: `read`, `write`, `manage`, `files`.' }),
    writeChannels: z
      .union([z.literal('*'), z.array(channel).max(CHANNELS_MAX)])
      .prefault([])
      .meta({
        description:
          'Channels that may be written to, by id or name; each with `!` before it: all but these; `"*"`: all. None by default.',
      }),
    uploads: z
      .strictObject({
        kinds: z
          .array(z.string().regex(/^[a-z0-9]{1,16}$/, 'this is no end of a file name'))
          .max(KINDS_MAX)
          .prefault([])
          .meta({ description: 'Ends of file names that may be uploaded; none by default.' }),
        size: size({
          min: '1B',
          max: '10MiB',
          fallback: '1MiB',
          description: 'Largest file that is uploaded.',
        }),
        folder: z
          .string()
          .min(1)
          .max(4_096)
          .optional()
          .meta({ description: 'Folder whose files may be uploaded, relative to this file.' }),
      })
      .prefault({})
      .meta({ description: 'What may be uploaded.' }),
    fileSize: size({
      min: '1KiB',
      max: '8MiB',
      fallback: '5MiB',
      description: 'Largest file that is read.',
    }),
    searchPrivate: flag(
      false,
      'Whether search shows private channels and direct messages of whoever installed the app.',
    ),
    stateTtl: duration({
      min: '1s',
      max: '1h',
      fallback: '10m',
      description: 'How long an installation may take.',
    }),
    refreshMargin: duration({
      min: '0s',
      max: '11h',
      fallback: '1h',
      description: 'A token that ends within this time is refreshed.',
    }),
    apiUrl: webUrl
      .optional()
      .meta({ description: 'For tests: another address of the Web API of Slack.' }),
    authorizeUrl: webUrl
      .optional()
      .meta({ description: 'For tests: another address of the consent page of Slack.' }),
    requestSize: size({
      min: '1KiB',
      max: '16MiB',
      fallback: '1MiB',
      description: 'Largest request that it takes from the gateway.',
    }),
    callTimeout: shown.callTimeout,
    inFlight: shown.inFlight,
    queued: shown.queued,
    tools: shown.tools,
    owner: shown.owner,
    description: shown.description,
    runbook: shown.runbook,
    health: shown.health,
    breaker: shown.breaker,
    limits: shown.limits,
  })
  .superRefine((entry, context) => {
    const own = ['clientId', 'clientSecret'] as const
    const needsOwn = entry.apps === undefined || entry.clientId !== undefined
    for (const key of own) {
      if (!needsOwn || entry[key] !== undefined) continue
      refuse(context, 'this key is required', 'copy it from your app at api.slack.com/apps', [key])
    }
    if (needsOwn && entry.scopes.length === 0) {
      refuse(context, 'an app needs scopes', 'write them like `[channels:read, chat:write]`', [
        'scopes',
      ])
    }
    const { writeChannels } = entry
    if (writeChannels === '*') return
    const denied = writeChannels.filter((name) => name.startsWith('!'))
    if (denied.length === 0 || denied.length === writeChannels.length) return
    const message = 'some channels have `!` before them and some have not'
    refuse(context, message, 'write all of them with `!`, or none', ['writeChannels'])
  })
  .optional()
  .meta({
    id: 'Slack',
    description:
      'Runs the Slack server as a child of the gateway; its tools are those of a server named `slack`.',
  })

/** As it stands in the file, parsed. */
export type SlackConfig = NonNullable<z.output<typeof slack>>

/** Where the gateway reaches the Slack server; its port is known once it runs. */
const CHILD_URL = 'http://127.0.0.1/mcp'

/** The Slack server as one of the servers of the gateway. */
export function toSlackEntry(config: SlackConfig): ServerEntry {
  const { callTimeout, inFlight, queued, tools, owner, description, runbook } = config
  const { health, breaker, limits } = config
  const base = server.parse({
    ...{ url: CHILD_URL, transport: 'http', trustAnnotations: true, identity: 'assert' },
  })
  const own = { callTimeout, inFlight, queued, tools, owner, description, runbook }
  return { ...base, ...own, health, breaker, limits, prestart: true }
}
