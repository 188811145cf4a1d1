import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import {
  CHANNEL_KINDS,
  SLACK_KINDS,
  slackChannel,
  toChannelEntry,
} from '../directory/channel-entry.ts'
import { channelArgument, cursorArgument, limitArgument, teamArgument } from './arguments.ts'
import { channelLine, channelOutput, toChannel } from './channel-output.ts'
import { listText, nextOfReply, pageOutput, withCursor } from './page.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readList, readTool } from './read-tool.ts'
import type { ScopeNeed, SlackTool } from './slack-tool.ts'
import { answerText, NOTICE } from './untrusted.ts'

const NEEDS: readonly ScopeNeed[] = [
  { as: 'bot', anyOf: CHANNEL_KINDS.map((kind) => SLACK_KINDS[kind].listScope) },
]

const infoInput = z.strictObject({ team_id: teamArgument, channel_id: channelArgument })
const infoOutput = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  channel: channelOutput,
})
const infoReply = z.object({ channel: slackChannel })

/** Describes one channel. */
export function channelInfo(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_get_channel_info',
    title: 'Describe a Slack channel',
    description:
      'Describes one Slack channel or direct message: name, kind, topic, purpose, member count, whether it is archived and whether the app is in it.',
    needs: NEEDS,
    input: infoInput,
    output: infoOutput,
    run: describe,
  })
}

async function describe(
  given: z.output<typeof infoInput>,
  call: ReadCall,
  { directories: { channels } }: ReadServices,
): Promise<ToolOutcome<z.output<typeof infoOutput>>> {
  const { id } = await channels.resolve(call.workspace, given.channel_id, call.signal)
  const args = { channel: id, include_num_members: true }
  const reply = await call.ask('conversations.info', args, infoReply)
  channels.learn(call.workspace, [toChannelEntry(reply.channel)])
  const channel = toChannel(reply.channel)
  const lines = [channelLine(channel), ...(channel.purpose === undefined ? [] : [channel.purpose])]
  return {
    structured: { notice: NOTICE, team_id: call.team, channel },
    text: answerText(`Channel ${id} of ${call.team}.`, lines),
  }
}

const membersInput = z.strictObject({
  team_id: teamArgument,
  channel_id: channelArgument,
  limit: limitArgument(100, 1_000),
  cursor: cursorArgument,
})
const membersOutput = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  channel_id: z.string(),
  members: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string().optional().meta({ description: 'Absent where it was not looked up.' }),
    }),
  ),
  ...pageOutput,
})
const membersReply = z.object({ members: z.array(z.string()), response_metadata: nextOfReply })

/** Lists who is in a channel. */
export function channelMembers(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_channel_members',
    title: 'List members of a Slack channel',
    description:
      'Lists who is in a Slack channel, by user id, with names where they are known already. The list is whole only when complete is true.',
    needs: NEEDS,
    input: membersInput,
    output: membersOutput,
    run: listMembers,
  })
}

async function listMembers(
  given: z.output<typeof membersInput>,
  call: ReadCall,
  { directories: { channels, people } }: ReadServices,
): Promise<ToolOutcome<z.output<typeof membersOutput>>> {
  const { id } = await channels.resolve(call.workspace, given.channel_id, call.signal)
  const { items, end } = await readList<string>(call, given, [id], {
    pageMax: 1_000,
    load: async (cursor, limit) => {
      const args = withCursor({ channel: id, limit }, cursor)
      const page = await call.ask('conversations.members', args, membersReply)
      return { items: page.members, next: page.response_metadata?.next_cursor || undefined }
    },
  })
  const names = await people.names(call.workspace, items, { lookUpsMax: 0, signal: call.signal })
  const members = items.map((member) => {
    const name = names.get(member)
    return { id: member, ...(name !== undefined && { name }) }
  })
  const lines = members.map(({ id: member, name = '' }) => `${member} ${name}`.trim())
  return {
    structured: { notice: NOTICE, team_id: call.team, channel_id: id, members, ...end },
    text: listText(`${members.length} members of ${id}`, lines, end),
  }
}
