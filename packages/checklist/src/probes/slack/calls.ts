import { failed, judged, proved, unproved } from '../../answers/answer.ts'
import { type Deployment, fact, type SlackView } from '../../deployment.ts'
import { isAnswer, type Reply } from '../../looks/exact-request.ts'
import { callSlack, resultOf } from '../../looks/slack-session.ts'
import { heard, slackProbe } from './slack-probe.ts'
import { SLACK_TOKEN } from './storage.ts'

/** What the server may take beyond its own deadline before it counts as silent. */
const LATE_MS = 2_000
/** Ids that Slack gives to nobody. */
const NO_CHANNEL = 'C0SALLYPORT0'
const NO_TEAM = 'T0SALLYPORT0'
const STACK = /\n? +at .+:\d+:\d+|\/node_modules\/|node:internal/
const TEAMS_MAX = 5

/** One look into the workspace, shared by all that judge it. */
const listing = fact(({ slack }: Deployment, signal): Promise<Reply> => {
  if (slack === undefined || 'unreadable' in slack) {
    return Promise.resolve({ unreached: 'there is no Slack server' })
  }
  const asked = { tool: 'slack_list_channels', args: teamArgs(slack, { limit: 1 }) }
  return call(slack, asked, signal)
})

interface Asked {
  readonly tool: string
  readonly args: object
}

function call(view: SlackView, asked: Asked, signal: AbortSignal): Promise<Reply> {
  return callSlack(view, { ...asked, deadlineMs: view.callMs + LATE_MS }, signal)
}

/** With several workspaces a call names one; a token that is bound to one needs none. */
function teamArgs({ boundTeams }: SlackView, args: object): object {
  const [team, ...others] = boundTeams
  return team !== undefined && others.length > 0 ? { ...args, team_id: team } : args
}

/** Channels can be listed. */
export const toolCall = slackProbe(
  {
    title: 'Channels can be listed through the Slack server',
    remedy: 'run `sallyport slack prove`, which says which step fails and why',
    deadlineMs: 60_000,
  },
  async ({ deployment }, signal) => {
    const reply = await listing(deployment, signal)
    if (!isAnswer(reply)) return unproved('http', reply.unreached)
    const result = resultOf(reply)
    if (result === undefined)
      return failed([heard(`slack_list_channels: ${reply.status} without a result`)])
    if (!result.isError)
      return proved(heard(`slack_list_channels answered in ${Math.round(reply.tookMs)} ms`))
    return failed([heard(`slack_list_channels: ${result.code ?? 'an error without a code'}`)])
  },
)

/** No call hangs. */
export const timeouts = slackProbe(
  {
    title: 'Calls to Slack are answered within their deadline, whatever Slack does',
    remedy:
      'set SLACK_CALL_MS (`callTimeout` of the server) to 30s, and look why nothing ends calls',
    deadlineMs: 60_000,
  },
  async ({ view, deployment }, signal) => {
    const reply = await listing(deployment, signal)
    if (isAnswer(reply) && resultOf(reply) === undefined)
      return unproved('http', `slack_list_channels: ${reply.status} without a result`)
    if (isAnswer(reply))
      return proved(
        heard(`answered in ${Math.round(reply.tookMs)} ms, with a deadline of ${view.callMs} ms`),
      )
    if (!reply.unreached.startsWith('no answer within')) return unproved('http', reply.unreached)
    return failed([
      heard(`slack_list_channels: ${reply.unreached}, its deadline is ${view.callMs} ms`),
    ])
  },
)

/** An error tells a caller what to do, and nothing of the inside. */
export const errors = slackProbe(
  {
    title: 'An error has a code, and holds no token, stack or path',
    remedy: 'look at what stands between callers and the Slack server and changes its answers',
    deadlineMs: 60_000,
  },
  async ({ view }, signal) => {
    const asked = {
      tool: 'slack_get_channel_history',
      args: teamArgs(view, { channel_id: NO_CHANNEL }),
    }
    const reply = await call(view, asked, signal)
    if (!isAnswer(reply)) return unproved('http', reply.unreached)
    const result = resultOf(reply)
    const faults = [
      ...(SLACK_TOKEN.test(reply.text) ? [heard('an error holds a token of Slack')] : []),
      ...(STACK.test(JSON.stringify(reply.text).replaceAll('\\\\n', '\n')) || STACK.test(reply.text)
        ? [heard('an error holds a stack or a path')]
        : []),
    ]
    if (faults.length > 0) return failed(faults)
    if (result?.isError !== true)
      return unproved('http', 'a channel that nobody has was answered without an error')
    return judged(result.code === undefined ? [heard('an error has no code')] : [], [
      heard(`a channel that nobody has: ${result.code}`),
    ])
  },
)

/** Nobody reads the workspace of somebody else. */
export const isolation = slackProbe(
  {
    title: 'A workspace that a token is not bound to is answered as one that does not exist',
    remedy:
      'bind each token to its workspaces: SALLYPORT_TOKEN=name:TEAM=token, or `slack.tenantTeams`',
    deadlineMs: 60_000,
  },
  async ({ view }, signal) => {
    const mine = new Set(view.boundTeams)
    const foreign = (await view.teams()).map(({ team }) => team).filter((team) => !mine.has(team))
    const asked = [NO_TEAM, ...foreign.slice(0, TEAMS_MAX)]
    const replies = await Promise.all(
      asked.map((team_id) =>
        call(view, { tool: 'slack_list_channels', args: { team_id, limit: 1 } }, signal),
      ),
    )
    const codes = replies.map((reply) => (isAnswer(reply) ? resultOf(reply) : undefined))
    const [unknown, ...others] = codes
    if (unknown === undefined || others.includes(undefined))
      return unproved('http', 'the Slack server does not answer')
    if (foreign.length === 0) {
      return unknown.isError
        ? proved(heard(`a workspace that nobody has: ${unknown.code}`))
        : failed([heard('a workspace that nobody has is answered without an error')])
    }
    const open = others.flatMap((result, index) =>
      result?.isError === true && result.code === unknown.code
        ? []
        : [heard(`${foreign[index]} is answered to a token that is not bound to it`)],
    )
    return judged(open, [
      heard(
        `${others.length} of ${foreign.length} workspaces of others are answered as ${unknown.code}`,
      ),
    ])
  },
)
