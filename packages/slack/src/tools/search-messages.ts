import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import { cursorArgument, limitArgument, teamArgument } from './arguments.ts'
import { messageLine, messageOutput, slackMessage, toMessage } from './message.ts'
import { listText, pageOutput } from './page.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readList, readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { cleanLine, NOTICE } from './untrusted.ts'

/** Source: Slack, "search.messages": at most 100 a page, 100 pages. */
const PAGE = 100
const PAGES_MAX = 100
/** Characters of one match; the rest is read where it stands. */
const TEXT_MAX = 4_000

const input = z.strictObject({
  team_id: teamArgument,
  query: z.string().min(1).max(500).meta({
    description:
      'Search words, with modifiers of Slack such as in:#general, from:@ana, before:2026-11-01, after:2026-10-01, has:link.',
  }),
  sort: z
    .enum(['score', 'timestamp'])
    .default('score')
    .meta({ description: 'Best matches first, or newest first.' }),
  limit: limitArgument(20, 100),
  cursor: cursorArgument,
})

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  searched: z
    .enum(['public', 'all'])
    .meta({ description: 'public: private channels and direct messages are left out.' }),
  matches: z.array(
    z.strictObject({
      channel_id: z.string(),
      channel_name: z.string().optional(),
      permalink: z.string().optional(),
      message: messageOutput,
    }),
  ),
  ...pageOutput,
})

const match = slackMessage.extend({
  permalink: z.string().optional(),
  channel: z.object({
    id: z.string(),
    name: z.string().optional(),
    is_private: z.boolean().optional(),
    is_im: z.boolean().optional(),
    is_mpim: z.boolean().optional(),
  }),
})
type Match = z.output<typeof match>

const reply = z.object({
  messages: z.object({
    matches: z.array(match),
    paging: z.object({ page: z.number(), pages: z.number() }).optional(),
  }),
})

/** Searches messages with the token of whoever installed the app: bots cannot search. */
export function searchMessages(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_search_messages',
    title: 'Search Slack messages',
    description:
      'Searches messages of a Slack workspace. Unless the operator allowed more, only public channels are searched; searched says which it was.',
    needs: [{ as: 'user', anyOf: ['search:read'] }],
    input,
    output,
    run,
  })
}

async function run(
  given: z.output<typeof input>,
  call: ReadCall,
  { searchPrivate }: ReadServices,
): Promise<ToolOutcome<z.output<typeof output>>> {
  const { query, sort } = given
  const { items, end } = await readList<Match>(call, given, [query, sort, searchPrivate], {
    pageMax: PAGE,
    requestsMax: 3,
    keep: (each) => searchPrivate || isPublic(each.channel),
    load: async (cursor, count) => {
      const page = cursor === undefined ? 1 : Number(cursor)
      const args = { query, sort, sort_dir: 'desc', count, page }
      const { messages } = await call.askAsUser('search.messages', args, reply)
      const pages = Math.min(messages.paging?.pages ?? page, PAGES_MAX)
      return { items: messages.matches, next: page < pages ? String(page + 1) : undefined }
    },
  })
  const matches = items.map(toMatch)
  const searched = searchPrivate ? 'all' : 'public'
  const where = searchPrivate ? 'everywhere' : 'in public channels'
  const lines = matches.map(({ channel_id: id, channel_name: name = '', message }) => {
    return `#${name} ${id} ${messageLine(message)}`
  })
  return {
    structured: { notice: NOTICE, team_id: call.team, searched, matches, ...end },
    text: listText(`${matches.length} messages found ${where}`, lines, end),
  }
}

/** Only what Slack says is public is: whatever it does not say is taken as private. */
function isPublic(channel: Match['channel']): boolean {
  const isOther = channel.is_im === true || channel.is_mpim === true
  return channel.is_private === false && !isOther && channel.id.startsWith('C')
}

function toMatch(found: Match): z.output<typeof output>['matches'][number] {
  const { channel, permalink } = found
  return {
    channel_id: channel.id,
    ...(channel.name !== undefined && { channel_name: cleanLine(channel.name) }),
    ...(permalink !== undefined && { permalink: cleanLine(permalink) }),
    message: toMessage(found, new Map(), TEXT_MAX),
  }
}
