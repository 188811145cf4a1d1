import { failed, judged, proved, type Seen, unproved } from '../../answers/answer.ts'
import { ask, isAnswer } from '../../looks/exact-request.ts'
import { askMcp, INITIALIZE, SlackSession } from '../../looks/slack-session.ts'
import { heard, slackProbe } from './slack-probe.ts'

const FOREIGN = 'https://sallyport-check.invalid'
/** 128 bits as base64url or hexadecimal digits. */
const STATE_CHARACTERS_MIN = 22

/** The server runs. */
export const running = slackProbe(
  {
    title: 'The Slack server answers',
    remedy: 'start it: `sallyport slack`, or the gateway that has `slack:`',
  },
  async ({ view }, signal) => {
    const reply = await ask(`${view.webUrl}/health`, {}, signal)
    if (!isAnswer(reply)) return failed([heard(`${view.webUrl}/health: ${reply.unreached}`)])
    return judged(reply.status === 200 ? [] : [heard(`/health answers ${reply.status}`)], [
      heard('/health answers 200'),
    ])
  },
)

/** Nobody comes in without a token. */
export const key = slackProbe(
  {
    title:
      'The MCP endpoint of the Slack server refuses callers without a token, and with a wrong one',
    remedy:
      'let callers reach the Slack server itself, with nothing before it that gives them a token',
  },
  async ({ view }, signal) => {
    const tries = [
      ['no token', {}],
      ['a wrong token', { authorization: `Bearer ${'sallyport-check-'.repeat(3)}` }],
    ] as const
    const faults: Seen[] = []
    for (const [name, headers] of tries) {
      const reply = await askMcp(view.mcpUrl, { message: INITIALIZE, headers }, signal)
      if (!isAnswer(reply)) return unproved('http', reply.unreached)
      if (reply.status !== 401) faults.push(heard(`${name} is answered ${reply.status}`))
    }
    return judged(faults, [heard('no token and a wrong token are answered 401')])
  },
)

/** Browsers of others get nothing. */
export const cors = slackProbe(
  {
    title: 'A page of another origin is told by no header that it may read',
    remedy:
      'name the origins of your pages in ALLOWED_ORIGINS (`origins`), and let no proxy add CORS headers',
  },
  async ({ view }, signal) => {
    const token = await view.token(signal)
    const headers = { origin: FOREIGN, authorization: `Bearer ${token.reveal()}` }
    const reply = await askMcp(view.mcpUrl, { message: INITIALIZE, headers }, signal)
    if (!isAnswer(reply)) return unproved('http', reply.unreached)
    const allowed = reply.headers['access-control-allow-origin']
    const open = view.origins.includes('*')
    const faults = [
      ...(allowed === undefined ? [] : [heard(`a foreign origin is allowed: ${allowed}`)]),
      ...(open ? [heard('every origin is allowed')] : []),
    ]
    return judged(faults, [
      heard(`a foreign origin is answered ${reply.status} without a header that allows it`),
    ])
  },
)

/** An installation can begin. */
export const installPage = slackProbe(
  {
    title: 'The install page sends to Slack with a state that cannot be guessed',
    remedy: 'let /slack/* through your proxy to the Slack server as it is',
  },
  async ({ view }, signal) => {
    const host = new URL(view.redirectUri).host
    const reply = await ask(`${view.webUrl}/slack/install`, { headers: { host } }, signal)
    if (!isAnswer(reply)) return unproved('http', reply.unreached)
    const { location } = reply.headers
    if (location === undefined || reply.status < 300 || reply.status > 399) {
      return failed([heard(`/slack/install answers ${reply.status} and sends nowhere`)])
    }
    const sent = new URL(location, view.webUrl).searchParams
    const cookie = reply.headers['set-cookie'] ?? ''
    const faults = [
      ...((sent.get('state') ?? '').length >= STATE_CHARACTERS_MIN
        ? []
        : [heard('the state is shorter than 128 bits')]),
      ...(sent.get('redirect_uri') === view.redirectUri
        ? []
        : [heard('another address is given to come back to')]),
      ...(/httponly/i.test(cookie)
        ? []
        : [heard('the browser is not remembered in a cookie that scripts cannot read')]),
    ]
    return judged(faults, [heard('sends to Slack, with a state of its own')])
  },
)

/** Nobody else's installation is finished. */
export const state = slackProbe(
  {
    title: 'A callback with a state that nobody was given is refused before Slack is asked',
    remedy: 'let nothing before the Slack server change queries or cookies of /slack/*',
  },
  async ({ view }, signal) => {
    const host = new URL(view.redirectUri).host
    const url = `${view.webUrl}/slack/oauth/callback?code=sallyport-check&state=${'made-up-'.repeat(6)}`
    const reply = await ask(url, { headers: { host } }, signal)
    if (!isAnswer(reply)) return unproved('http', reply.unreached)
    // The page that says that the link is used up; any other says that the state was taken.
    const isRefused = reply.status === 400 && /link is used up/i.test(reply.text)
    if (isRefused) return proved(heard('a made-up state is refused'))
    return failed([
      heard(`a callback with a made-up state is answered ${reply.status} as if it were good`),
    ])
  },
)

/** Sessions end. */
export const sessions = slackProbe(
  {
    title: 'A session can be opened, and is unknown once it has ended',
    remedy: 'let nothing between callers and the Slack server open sessions for them',
  },
  async ({ view }, signal) => {
    await using session = await SlackSession.open(view, signal)
    const during = await session.list(signal)
    await session.end(signal)
    const after = await session.list(signal)
    if (!isAnswer(during) || !isAnswer(after))
      return unproved('http', 'the Slack server does not answer')
    const faults = [
      ...(during.status === 200 ? [] : [heard(`an open session is answered ${during.status}`)]),
      ...(after.status === 404
        ? []
        : [heard(`a session that has ended is answered ${after.status}`)]),
    ]
    return judged(faults, [heard('a session opens, lists tools, ends, and is then answered 404')])
  },
)
