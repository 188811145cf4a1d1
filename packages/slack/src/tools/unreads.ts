import { AppError } from '@sallyport/kit/errors'
import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import { kindOf, slackChannel, type SlackChannel } from '../directory/channel-entry.ts'
import { cursorArgument, limitArgument, teamArgument } from './arguments.ts'
import { channelLine, channelOutput, toChannel } from './channel-output.ts'
import { messageLine, messageOutput, slackMessage, toMessage } from './message.ts'
import { listText, nextOfReply, pageOutput, withCursor } from './page.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readList, readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { NOTICE } from './untrusted.ts'

/** Characters of one message; the rest is read where it stands. */
const TEXT_MAX = 4_000
/** Channels looked at at once. */
const AT_ONCE = 4

const input = z.strictObject({
  team_id: teamArgument,
  messages_per_channel: z
    .int()
    .min(1)
    .max(20)
    .default(5)
    .meta({ description: 'Unread messages to return of each channel, newest first.' }),
  limit: limitArgument(10, 20).meta({ description: 'How many channels to look at.' }),
  cursor: cursorArgument,
})

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  user_id: z.string().meta({ description: 'Whose unread messages these are.' }),
  searched: z
    .enum(['public', 'all'])
    .meta({ description: 'public: private channels and direct messages are left out.' }),
  checked: z.number().meta({ description: 'Channels that were looked at for this page.' }),
  unknown_channel_ids: z
    .array(z.string())
    .meta({ description: 'Channels of which Slack did not say what was read.' }),
  channels: z.array(
    z.strictObject({
      channel: channelOutput,
      last_read: z.string(),
      has_more: z.boolean().meta({ description: 'Whether there are more unread than returned.' }),
      messages: z.array(messageOutput),
    }),
  ),
  ...pageOutput,
})
type Output = z.output<typeof output>
type Unread = Output['channels'][number]

const listReply = z.object({ channels: z.array(slackChannel), response_metadata: nextOfReply })
const infoReply = z.object({ channel: slackChannel })
const historyReply = z.object({
  messages: z.array(slackMessage),
  has_more: z.boolean().optional(),
})

/** Reads what the person who installed the app has not read yet: bots have no unread messages. */
export function unreads(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_get_unreads',
    title: 'Read unread Slack messages',
    description:
      'Reads messages that the person who installed the app has not read yet, channel by channel. Looks at few channels a page: complete says whether all were looked at. Marks nothing as read.',
    needs: [{ as: 'user', anyOf: ['channels:history'] }],
    input,
    output,
    run,
  })
}

async function run(
  given: z.output<typeof input>,
  call: ReadCall,
  { searchPrivate }: ReadServices,
): Promise<ToolOutcome<Output>> {
  if (call.isUnlisted) {
    throw new AppError(
      'slack_refused',
      'Slack limits this app to one channel history a minute: read one channel with slack_get_channel_history instead',
    )
  }
  const types = searchPrivate ? 'public_channel,private_channel,mpim,im' : 'public_channel'
  const { items, end } = await readList<SlackChannel>(call, given, [types], {
    pageMax: 200,
    keep: searchPrivate ? undefined : (channel) => kindOf(channel) === 'public',
    load: async (cursor, limit) => {
      const args = withCursor({ types, exclude_archived: true, limit }, cursor)
      const page = await call.askAsUser('users.conversations', args, listReply)
      return { items: page.channels, next: page.response_metadata?.next_cursor || undefined }
    },
  })
  const looked = await eachOf(items, (each) => look(each, call, given.messages_per_channel))
  const channels = looked.filter((each): each is Unread => typeof each === 'object')
  const unknown = looked.filter((each): each is string => typeof each === 'string')
  const about = { notice: NOTICE, team_id: call.team, checked: items.length, channels }
  const searched = searchPrivate ? 'all' : 'public'
  const user = call.workspace.installation.user?.id ?? ''
  const lines = channels.flatMap(({ channel, messages }) => {
    return [channelLine(channel), ...messages.map(messageLine)]
  })
  return {
    structured: { ...about, user_id: user, searched, unknown_channel_ids: unknown, ...end },
    text: listText(`Unread messages in ${channels.length} of ${items.length} channels`, lines, end),
  }
}

/** What is unread there: undefined = nothing, its id where Slack does not say what was read. */
async function look(
  { id }: SlackChannel,
  call: ReadCall,
  limit: number,
): Promise<Unread | string | undefined> {
  const { channel } = await call.askAsUser('conversations.info', { channel: id }, infoReply)
  const { last_read: read } = channel
  if (read === undefined) return id
  const args = { channel: id, oldest: read, latest: AHEAD, limit }
  const page = await call.askAsUser('conversations.history', args, historyReply)
  if (page.messages.length === 0) return undefined
  const messages = page.messages.map((each) => toMessage(each, new Map(), TEXT_MAX))
  return {
    channel: toChannel(channel),
    last_read: read,
    has_more: page.has_more === true,
    messages,
  }
}

/** An end that no message lies behind: without one Slack counts from the other side. */
const AHEAD = '9999999999.000000'

async function eachOf<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let index = 0; index < items.length; index += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(index, index + AT_ONCE).map(run))))
  }
  return results
}
