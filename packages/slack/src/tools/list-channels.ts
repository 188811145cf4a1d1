import { defineTool, type ToolOutcome } from '@sallyport/kit/tool-server'
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
import { gather, nextOfReply, pageEnd, pageEndLines, pageOutput, placeState } from './page.ts'
import { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import type { SlackContext } from './slack-context.ts'
import { READS, type SlackTool } from './slack-tool.ts'
import { answerText, NOTICE } from './untrusted.ts'

const NAME = 'slack_list_channels'
/** Slack allows 1,000. */
const PAGE = 1_000
const REQUESTS_MAX = 10

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
  return {
    toolset: 'read',
    needs: [{ as: 'bot', anyOf: CHANNEL_KINDS.map((kind) => SLACK_KINDS[kind].listScope) }],
    tool: defineTool<SlackContext, z.output<typeof input>, z.output<typeof output>>({
      name: NAME,
      title: 'List Slack channels',
      description:
        'Lists channels of a Slack workspace with ids, names, topics and member counts. Results come in pages: the list is whole only when complete is true; otherwise call again with next_cursor. Use query to find a channel by a part of its name.',
      hints: READS,
      input,
      output,
      run: (given, context) => run(given, context, services),
    }),
  }
}

async function run(
  given: z.output<typeof input>,
  context: SlackContext,
  services: ReadServices,
): Promise<ToolOutcome<z.output<typeof output>>> {
  const call = new ReadCall(NAME, context, services, given.team_id)
  const kinds = given.types ?? (['public', 'private'] as const)
  const types = listableKinds(call.workspace, kinds)
  const query = given.query?.replace(/^#/, '').toLowerCase()
  const subject = [types, query, given.include_archived]
  const gathered = await gather<SlackChannel>(call.open(given.cursor, subject, placeState), {
    limit: given.limit,
    pageMax: PAGE,
    requestsMax: REQUESTS_MAX,
    keep: query === undefined ? undefined : ({ name = '' }) => name.toLowerCase().includes(query),
    hasTime: () => call.hasTime(),
    load: async (cursor, limit) => {
      const args = { types, exclude_archived: !given.include_archived, limit }
      const page = await call.ask('conversations.list', withCursor(args, cursor), reply)
      services.directories.channels.learn(call.workspace, page.channels.map(toChannelEntry))
      return { items: page.channels, next: page.response_metadata?.next_cursor || undefined }
    },
  })
  const end = pageEnd(gathered, call.seal(subject, gathered.next))
  return answer(gathered.items, call.workspace.installation.team, end)
}

function answer(
  found: readonly SlackChannel[],
  team: string,
  end: ReturnType<typeof pageEnd>,
): ToolOutcome<z.output<typeof output>> {
  const channels = found.map(toChannel)
  const head = `${channels.length} channels of ${team}${end.complete ? ', the last page' : ', more follow'}.`
  return {
    structured: { notice: NOTICE, team_id: team, channels, ...end },
    text: answerText(head, channels.map(channelLine), pageEndLines(end)),
  }
}

/** Arguments with Slack's cursor, where there is one. */
export function withCursor<Args extends object>(
  args: Args,
  cursor: string | undefined,
): Args & { readonly cursor?: string } {
  return cursor === undefined ? args : { ...args, cursor }
}
