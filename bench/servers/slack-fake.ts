/**
 * A Slack for the bench: it installs, and answers every method at once with a reply of ordinary size. Prints its
 * port. It counts what it is asked; `GET /count` says how much that was.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const MESSAGES = 20
const CHANNELS = 3_000
const SCOPES = 'channels:read,channels:history,groups:history,users:read,chat:write'
const TEAM = { id: 'T0BENCH001', name: 'Bench' }

const TEXT = 'The deployment of the payments service went through; latency is back to normal. '
const history = JSON.stringify({
  ok: true,
  messages: Array.from({ length: MESSAGES }, (_, index) => ({
    type: 'message',
    user: `U0BENCH${String(index % 5).padStart(3, '0')}`,
    ts: `1760000000.${String(MESSAGES - index).padStart(6, '0')}`,
    team: TEAM.id,
    text: TEXT.repeat(2),
    blocks: [
      {
        type: 'rich_text',
        block_id: `b${index}`,
        elements: [
          { type: 'rich_text_section', elements: [{ type: 'text', text: TEXT.repeat(2) }] },
        ],
      },
    ],
  })),
  has_more: false,
  response_metadata: { next_cursor: '' },
})
const channel = JSON.stringify({
  ok: true,
  channel: { id: 'C0BENCH001', name: 'general', is_channel: true, is_member: true },
})
const installed = JSON.stringify({
  ok: true,
  ...{ app_id: 'A0BENCH', access_token: 'xoxb-bench', token_type: 'bot', scope: SCOPES },
  ...{ bot_user_id: 'U0BENCHBOT', team: TEAM, enterprise: null, is_enterprise_install: false },
  authed_user: { id: 'U0BENCH000' },
})
const REPLIES: Readonly<Record<string, string>> = {
  'conversations.history': history,
  'conversations.info': channel,
  'oauth.v2.access': installed,
}

const person = (id: string): string =>
  JSON.stringify({
    ok: true,
    user: {
      id,
      ...{ name: 'ann', real_name: 'Ann Bench', deleted: false, is_bot: false },
      profile: { display_name: 'ann', real_name: 'Ann Bench' },
    },
  })

/** A page of 3,000 channels, as `conversations.list` gives them. */
function channels(args: URLSearchParams): string {
  const start = Number(args.get('cursor') || 0)
  const end = Math.min(CHANNELS, start + Number(args.get('limit') ?? 100))
  return JSON.stringify({
    ok: true,
    channels: Array.from({ length: end - start }, (_, at) => ({
      id: `C0BENCH${String(start + at).padStart(5, '0')}`,
      name: `channel-${start + at}`,
      ...{ is_channel: true, is_private: false, is_archived: false, is_member: false },
      topic: { value: 'What this channel is about' },
      ...{ purpose: { value: 'Why it is there' }, num_members: 12 },
    })),
    response_metadata: { next_cursor: end < CHANNELS ? String(end) : '' },
  })
}

let count = 0

function answer(req: IncomingMessage, res: ServerResponse): void {
  const url = new URL(req.url ?? '', 'http://127.0.0.1')
  if (url.pathname === '/count') return void res.end(String(count))
  if (url.pathname === '/oauth/v2/authorize') {
    const back = new URL(url.searchParams.get('redirect_uri') ?? '')
    back.searchParams.set('code', 'bench')
    back.searchParams.set('state', url.searchParams.get('state') ?? '')
    return void res.writeHead(302, { location: back.href }).end()
  }
  let body = ''
  req.setEncoding('utf8').on('data', (part: string) => (body += part))
  req.on('end', () => {
    count += 1
    const method = url.pathname.slice('/api/'.length)
    if (method === 'users.info')
      return void res.end(person(new URLSearchParams(body).get('user') ?? ''))
    if (method === 'conversations.list') return void res.end(channels(new URLSearchParams(body)))
    const team = { team_id: TEAM.id, team: TEAM.name, user_id: 'U0BENCHBOT', bot_id: 'B1' }
    const reply = REPLIES[method] ?? JSON.stringify({ ok: true, ...team })
    res.writeHead(200, { 'content-type': 'application/json' }).end(reply)
  })
}

const server = createServer(answer).listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo // listening on TCP
  console.log(JSON.stringify({ port }))
})
