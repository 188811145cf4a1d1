import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import {
  CHANNEL_KINDS,
  SLACK_KINDS,
  slackChannel,
  type SlackChannel,
  toChannelEntry,
} from '../directory/channel-entry.ts'
import { listableKinds } from '../directory/channel-directory.ts'
import { cursorArgument, limitArgument, teamArgument } from './arguments.ts'
import { channelLine, channelOutput, toChannel } from './channel-output.ts'
import { listText, nextOfReply, pageOutput, withCursor } from './page.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readList, readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { NOTICE } from './untrusted.ts'

/** Slack allows 1,000. */
const PAGE = 1_000

const input = z.strictObject({
  team_id: teamArgument,
  types: z.array(z.enum(CHANNEL_KINDS)).min(1).max(4).optional().meta({
    description:
      'Kinds to list. Default: public and private channels, as far as the app may. Private ones and direct messages only where the app is a member.',
  }),
  query: z
    .string()
    .min(1)
    .max(80)
    .optional()
    .meta({ description: 'Only channels whose name contains this text.' }),
  member_only: z
    .boolean()
    .default(false)
    .meta({ description: 'Only channels that the app is in: those it can read and write.' }),
  include_archived: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether archived channels are listed too.' }),
  limit: limitArgument(100, 1_000),
  cursor: cursorArgument,
})

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  channels: z.array(channelOutput),
  ...pageOutput,
})

const reply = z.object({ channels: z.array(slackChannel), response_metadata: nextOfReply })

/** Lists channels: every one of a workspace in one walk that can be resumed. */
export function listChannels(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_channels',
    title: 'List Slack channels',
    description:
      'Lists channels of a Slack workspace with ids, names, topics and member counts. Results come in pages: the list is whole only when complete is true; otherwise call again with next_cursor. Use query to find a channel by a part of its name.',
    needs: [{ as: 'bot', anyOf: CHANNEL_KINDS.map((kind) => SLACK_KINDS[kind].listScope) }],
    input,
    output,
    run,
  })
}

async function run(
  given: z.output<typeof input>,
  call: ReadCall,
  { directories }: ReadServices,
): Promise<ToolOutcome<z.output<typeof output>>> {
  const types = listableKinds(call.workspace, given.types ?? ['public', 'private'])
  const query = given.query?.replace(/^#/, '').toLowerCase()
  const subject = [types, query, given.include_archived, given.member_only]
  const method = given.member_only ? 'users.conversations' : 'conversations.list'
  const { items, end } = await readList<SlackChannel>(call, given, subject, {
    pageMax: PAGE,
    keep: query === undefined ? undefined : ({ name = '' }) => name.toLowerCase().includes(query),
    load: async (cursor, limit) => {
      const args = { types, exclude_archived: !given.include_archived, limit }
      const page = await call.ask(method, withCursor(args, cursor), reply)
      directories.channels.learn(call.workspace, page.channels.map(toChannelEntry))
      return { items: page.channels, next: page.response_metadata?.next_cursor || undefined }
    },
  })
  const channels = items.map(toChannel)
  return {
    structured: { notice: NOTICE, team_id: call.team, channels, ...end },
    text: listText(`${channels.length} channels of ${call.team}`, channels.map(channelLine), end),
  }
}
