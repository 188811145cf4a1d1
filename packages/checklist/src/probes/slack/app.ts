import { judged, notApplicable, type Seen, unproved } from '../../answers/answer.ts'
import type { SlackTeam } from '../../deployment.ts'
import { countOf, someOf } from '../needs.ts'
import { slackProbe } from './slack-probe.ts'

/** What each toolset cannot do without. Source: Slack, scopes of its Web API methods. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  read: ['channels:read', 'channels:history'],
  write: ['chat:write'],
  files: ['files:read'],
}
const CALLBACK = '/slack/oauth/callback'
const HOUR_MS = 3_600_000

/** The app is known to the server. */
export const configured = slackProbe(
  {
    title: 'The Slack server has an app, with its id and its secret, and starts',
    remedy:
      'set `slack.clientId` and `slack.clientSecret`, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET',
  },
  // A server without an app does not start, and settings that are wrong are no view.
  ({ view }) => judged([], [seen(`an app that asks for ${someOf(view.scopes)}`)]),
)

/** The app was given what its tools need. */
export const scopes = slackProbe(
  {
    title: 'Every installation was given the scopes that the switched-on toolsets need',
    remedy: 'add the scopes to `slack.scopes` and to the app at Slack, then install it again',
  },
  async ({ view }) => {
    const needed = view.toolsets.flatMap((toolset) => NEEDED[toolset] ?? [])
    const asked = needed.filter((scope) => !view.scopes.includes(scope))
    const active = (await view.teams()).filter(({ state }) => state === 'active')
    const lacking = active.flatMap(({ team, scopes: given }) => {
      const missing = needed.filter((scope) => !given.includes(scope))
      return missing.length === 0 ? [] : [seen(`${team} did not give ${someOf(missing)}`)]
    })
    const faults =
      asked.length === 0 ? lacking : [seen(`the app does not ask for ${someOf(asked)}`), ...lacking]
    if (faults.length === 0 && active.length === 0) {
      return unproved('gateway', 'the app is installed in no workspace')
    }
    return judged(faults, [
      seen(`needed: ${someOf(needed)}; given by ${countOf(active.length, 'workspace')}`),
    ])
  },
)

/** A token that leaks is worth little for long. */
export const rotation = slackProbe(
  {
    title: 'The tokens of every installation end and are refreshed',
    remedy: 'switch on token rotation in the settings of the app at Slack, or attest why not',
  },
  async ({ view }) => {
    const active = (await view.teams()).filter(({ state }) => state === 'active')
    if (active.length === 0) return unproved('gateway', 'the app is installed in no workspace')
    const lasting = active.filter(({ expiresAtMs }) => expiresAtMs === null)
    if (lasting.length === 0)
      return judged([], [seen(`${countOf(active.length, 'installation')}, rotated`)])
    return unproved('gateway', `tokens never end in ${someOf(lasting.map(({ team }) => team))}`)
  },
)

/** Tokens that end are made anew in time. */
export const refresh = slackProbe(
  {
    title: 'No token of an installation has run out',
    remedy: 'install the app again where it says so: `sallyport slack teams`',
  },
  async ({ view, deployment }) => {
    const rotated = (await view.teams()).filter(
      ({ state, expiresAtMs }) => state !== 'removed' && expiresAtMs !== null,
    )
    if (rotated.length === 0) return notApplicable('no installation has tokens that end')
    const nowMs = deployment.clock.nowMs()
    const late = rotated.filter(
      ({ state, expiresAtMs }) => state === 'reinstall' || (expiresAtMs ?? 0) < nowMs - HOUR_MS,
    )
    return judged(
      late.map(({ team }) => seen(`the token of ${team} has run out and was not refreshed`)),
      rotated.map(({ team, expiresAtMs }) =>
        seen(`${team}: until ${new Date(expiresAtMs ?? 0).toISOString()}`),
      ),
    )
  },
)

/** Slack sends people back to where somebody answers. */
export const redirect = slackProbe(
  {
    title: 'People come back from Slack over https, to the callback of this server',
    remedy: `set \`slack.redirectUri\` (SLACK_REDIRECT_URI) to https://YOUR-HOST${CALLBACK}`,
  },
  ({ view: { redirectUri, publicUrl } }) => {
    const url = new URL(redirectUri)
    const faults = [
      ...(url.pathname.endsWith(CALLBACK) ? [] : [seen(`${url.pathname} is not the callback`)]),
      ...(isSafe(url) ? [] : [seen(`${url.origin} is not https`)]),
      ...(url.host === new URL(publicUrl).host
        ? []
        : [seen(`${url.host} is not the host of ${publicUrl}`)]),
    ]
    return judged(faults, [seen(redirectUri)])
  },
)

/** What is reached from elsewhere is reached encrypted. */
export const https = slackProbe(
  {
    title: 'The public address of the Slack server is https',
    remedy: 'set `publicUrl` (PUBLIC_BASE_URL) to the https address of your proxy',
  },
  ({ view: { publicUrl } }) => {
    const url = new URL(publicUrl)
    return judged(isSafe(url) ? [] : [seen(`${url.origin} is not https`)], [seen(publicUrl)])
  },
)

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

/** Whoever may use a workspace finds it installed. */
export const teams = slackProbe(
  {
    title: 'The app is installed, and in every workspace that a token is bound to',
    remedy: 'install it at /slack/install, and look at `sallyport slack teams`',
  },
  async ({ view }) => {
    const all = await view.teams()
    const active = all.filter(({ state }) => state === 'active')
    // With nothing there at all it is the store that is asked.
    if (active.length === 0) return unproved('gateway', 'the app is installed in no workspace')
    const known = new Set(active.map(({ team }) => team))
    return judged(
      [
        ...view.boundTeams
          .filter((team) => !known.has(team))
          .map((team) => seen(`a token is bound to ${team}, where the app is not installed`)),
        ...all
          .filter(({ state }) => state === 'reinstall')
          .map(({ team }) => seen(`${team} must be installed again`)),
      ],
      active.map(say),
    )
  },
)

function say({ team, app, scopes: given }: SlackTeam): Seen {
  return seen(`${team} (app ${app}, ${given.length} scopes)`)
}

function seen(text: string): Seen {
  return { kind: 'gateway', text }
}
