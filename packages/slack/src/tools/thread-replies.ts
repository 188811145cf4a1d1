import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import {
  channelArgument,
  cursorArgument,
  limitArgument,
  messageArgument,
  teamArgument,
} from './arguments.ts'
import { messageLine, messageOutput, slackMessage, toMessage } from './message.ts'
import { authorNames, HISTORY_NEEDS, messagesWithin, UNLISTED_LIMIT_MAX } from './message-page.ts'
import { listText, pageEnd, pageOutput } from './page.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { NOTICE } from './untrusted.ts'

const input = z.strictObject({
  team_id: teamArgument,
  channel_id: channelArgument,
  thread_ts: messageArgument.meta({ description: 'ts of the message that the thread is under.' }),
  limit: limitArgument(50, 200),
  cursor: cursorArgument,
})

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  channel_id: z.string(),
  thread_ts: z.string(),
  messages: z
    .array(messageOutput)
    .meta({ description: 'Oldest first; the first page begins with the message itself.' }),
  ...pageOutput,
})

const reply = z.object({ messages: z.array(slackMessage), has_more: z.boolean().optional() })
/** Timestamp of the newest reply that was handed out. */
const placeInThread = z.object({ at: z.string() })

/** Reads a thread, oldest first. */
export function threadReplies(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_get_thread_replies',
    title: 'Read a Slack thread',
    description:
      'Reads the replies of a Slack thread, oldest first, beginning with the message they answer. Pass the ts of that message as thread_ts.',
    needs: HISTORY_NEEDS,
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
  const { thread_ts: thread } = given
  const { id } = await directories.channels.resolve(call.workspace, given.channel_id, call.signal)
  const place = call.open(given.cursor, [id, thread], placeInThread)
  // Slack puts the message that is answered on every page, and counts it.
  const limit = place === undefined ? given.limit : given.limit + 1
  const args = {
    channel: id,
    ts: thread,
    limit: Math.max(2, call.isUnlisted ? Math.min(limit, UNLISTED_LIMIT_MAX) : limit),
    ...(place !== undefined && { oldest: place.at }),
  }
  const page = await call.ask('conversations.replies', args, reply)
  const fresh =
    place === undefined ? page.messages : page.messages.filter(({ ts }) => ts !== thread)
  const names = await authorNames(call, directories, fresh)
  const { messages, isCut } = messagesWithin(fresh.map((each) => toMessage(each, names)))
  const last = messages.at(-1)
  const isMore = isCut || page.has_more === true
  const next = isMore && last !== undefined ? { at: last.ts } : undefined
  const end = { ...pageEnd({}, call.seal([id, thread], next)), complete: !isMore }
  const about = { notice: NOTICE, team_id: call.team, channel_id: id, thread_ts: thread }
  return {
    structured: { ...about, messages: [...messages], ...end },
    text: listText(
      `${messages.length} messages of thread ${thread} in ${id}`,
      messages.map(messageLine),
      end,
    ),
  }
}
