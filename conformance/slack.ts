import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '@sallyport/kit/log'
import { systemClock } from '@sallyport/kit/clock'
import { SlackServer } from '@sallyport/slack'
import { requireSlackSettings } from '@sallyport/slack/settings'
import { Rig } from '@sallyport/slack/testing/rig'
import { freePort } from '../packages/cli/test/fixtures/free-port.ts'
import { type Reasons, reasonFor, slackOffers, staleEntries } from './exceptions.ts'
import { startForwarder } from './forwarder.ts'
import { requirementsOf, REVISIONS, type Revision, runServerSuite } from './suite.ts'

/** A check of the suite that the Slack server does not pass. */
export interface SlackFailure {
  readonly scenario: string
  readonly check: string
  readonly message: string
  /** What the server does not offer; none where the list does not say. */
  readonly reason?: string
}

/** What the suite says about the Slack server at one revision. */
export interface SlackReport {
  readonly revision: Revision
  /** Required scenarios that passed whole. */
  readonly passed: readonly string[]
  readonly failures: readonly SlackFailure[]
  /** Entries of the list that are needed no more. */
  readonly stale: readonly string[]
}

/** Runs the server scenarios of both revisions against a Slack server with all its tools, installed in one team. */
export async function runSlackConformance(only?: string): Promise<SlackReport[]> {
  await using server = await startSlack()
  const reasons = await slackOffers()
  const reports: SlackReport[] = []
  for (const revision of REVISIONS) reports.push(await runAt(revision, server.url, reasons, only))
  return reports
}

async function runAt(
  revision: Revision,
  url: string,
  reasons: Readonly<Record<Revision, Reasons>>,
  only: string | undefined,
): Promise<SlackReport> {
  const { required } = await requirementsOf(revision, 'server')
  const results = await runServerSuite(url, revision, only)
  const failures = [...results].flatMap(([scenario, checks]) =>
    checks
      .filter(({ status }) => status === 'FAILURE')
      .map(({ id, errorMessage }) => {
        const reason = reasonFor(reasons[revision], scenario, id)
        const failure = { scenario, check: id, message: errorMessage ?? '' }
        return reason === undefined ? failure : { ...failure, reason }
      }),
  )
  const failed = new Set(failures.map(({ scenario }) => scenario))
  return {
    revision,
    passed: required.filter((scenario) => results.has(scenario) && !failed.has(scenario)),
    failures,
    stale: staleEntries(reasons[revision], new Set(results.keys()), failures),
  }
}

/** A Slack server behind a forwarder that adds the token. */
async function startSlack(): Promise<AsyncDisposable & { readonly url: string }> {
  await using opening = new AsyncDisposableStack()
  const rig = opening.use(await Rig.open())
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-slack-conformance-'))
  opening.defer(() => rm(folder, { recursive: true, force: true }))
  const [port, token] = [await freePort(), randomBytes(32).toString('hex')]
  const url = `http://127.0.0.1:${port}`
  const settings = requireSlackSettings({
    cwd: folder,
    stateFolder: folder,
    env: {
      ...rig.env,
      PORT: String(port),
      SLACK_REDIRECT_URI: `${url}/slack/oauth/callback`,
      SALLYPORT_TOKEN: token,
      SLACK_TOOLSETS: 'read,write,manage,files',
      SLACK_WRITE_CHANNELS: '#general',
    },
  })
  opening.use(
    await SlackServer.start({
      settings,
      version: '0.0.0',
      clock: systemClock,
      log: createLog({ level: 'silent', json: true, destination: { write: () => undefined } }),
    }),
  )
  await rig.browse(`${url}/slack/install`)
  const forwarder = opening.use(await startForwarder(`${url}/mcp`, token))
  const owned = opening.move()
  return { url: forwarder.url, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
