import type { InstallOutcome } from '@sallyport/kit/metrics'
import type { Installation } from '../installations/installation.ts'
import type { SlackApp } from '../settings/settings.ts'
import type { Page } from './page.ts'

/** Why an installation came to nothing. */
export type InstallFailure = Exclude<InstallOutcome, 'installed'>

/** The address where an installation of this app begins. */
export function installPath(app: SlackApp): string {
  return `/slack/install?app=${encodeURIComponent(app.name)}`
}

/** Shown once the app is in the workspace and its tokens are kept. */
export function installedPage({ team, teamName, botScopes }: Installation): Page {
  return {
    status: 200,
    isGood: true,
    title: teamName === '' ? 'Installed' : `Installed in ${teamName}`,
    paragraphs: [
      'The app is in your Slack workspace and its tools can be used. You may close this page.',
      'Whoever sets up access tokens needs the team id.',
    ],
    facts: [
      { name: 'Team id', value: team },
      { name: 'Scopes', value: String(botScopes.length) },
    ],
  }
}

interface Words {
  readonly status: number
  readonly title: string
  readonly paragraphs: readonly string[]
  /** Whether beginning again may help. */
  readonly isWorthAgain: boolean
}

const NOTHING_INSTALLED = 'Nothing was installed, and nothing that was there has changed.'

const WORDS: Readonly<Record<InstallFailure, Words>> = {
  app_unknown: {
    status: 404,
    title: 'No such app',
    paragraphs: [
      'This server has no Slack app of that name, or has several and the address names none.',
      'Ask whoever runs it for the address to install from.',
    ],
    isWorthAgain: false,
  },
  busy: {
    status: 503,
    title: 'Too many installations at once',
    paragraphs: ['Wait a moment and begin again.', NOTHING_INSTALLED],
    isWorthAgain: true,
  },
  denied: {
    status: 403,
    title: 'Installation cancelled',
    paragraphs: ['Slack says that the installation was not allowed.', NOTHING_INSTALLED],
    isWorthAgain: true,
  },
  internal: {
    status: 500,
    title: 'Something went wrong',
    paragraphs: ['The log of the server says more, under the request named below.'],
    isWorthAgain: true,
  },
  misconfigured: {
    status: 502,
    title: 'Slack does not accept this server',
    paragraphs: [
      'The app’s client id, client secret or redirect address are not what Slack knows.',
      'Whoever runs the server finds the reason in its log, under the request named below.',
      NOTHING_INSTALLED,
    ],
    isWorthAgain: false,
  },
  not_kept: {
    status: 503,
    title: 'The installation could not be kept',
    paragraphs: [
      'Slack allowed it, but this server could not write it down. Begin again in a while.',
    ],
    isWorthAgain: true,
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    paragraphs: ['Wait a moment before you begin again.'],
    isWorthAgain: false,
  },
  refused: {
    status: 400,
    title: 'Slack refused the installation',
    paragraphs: ['The way back from Slack was used already or came too late.', NOTHING_INSTALLED],
    isWorthAgain: true,
  },
  request_invalid: {
    status: 400,
    title: 'The address is not complete',
    paragraphs: ['Slack sends browsers here with more than this one brought.', NOTHING_INSTALLED],
    isWorthAgain: true,
  },
  state_invalid: {
    status: 400,
    title: 'This link is used up',
    paragraphs: [
      'The installation was finished already, took too long, or was begun in another browser.',
      'If you have just seen that the app is installed, all is well. Otherwise begin again here, with cookies switched on.',
    ],
    isWorthAgain: true,
  },
  unavailable: {
    status: 503,
    title: 'Slack cannot be reached',
    paragraphs: ['Begin again in a while.', NOTHING_INSTALLED],
    isWorthAgain: true,
  },
  unsupported: {
    status: 422,
    title: 'Install it in one workspace',
    paragraphs: [
      'Slack answered with something other than an installation in a single workspace with a bot. ' +
        'Installations for a whole organisation are not supported.',
      NOTHING_INSTALLED,
    ],
    isWorthAgain: true,
  },
}

/** What becomes of a failure. */
export interface FailureFacts {
  /** Where beginning again leads; undefined = nowhere. */
  readonly app?: SlackApp | undefined
  readonly retryAfterMs?: number | undefined
}

/** Shown when an installation came to nothing. Holds nothing that came with the request. */
export function failurePage(failure: InstallFailure, facts: FailureFacts = {}): Page {
  const { status, title, paragraphs, isWorthAgain } = WORDS[failure]
  const { app, retryAfterMs } = facts
  return {
    status,
    isGood: false,
    title,
    paragraphs,
    ...(isWorthAgain && app !== undefined
      ? { link: { text: 'Begin again', path: installPath(app) } }
      : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}
