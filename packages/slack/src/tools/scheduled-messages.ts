import { z } from 'zod'
import { channelArgument, cursorArgument, limitArgument, teamArgument } from './arguments.ts'
import { listText, nextOfReply, pageOutput } from './page.ts'
import type { ReadServices } from './read-services.ts'
import { everything, readList, readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { cleanLine, NOTICE } from './untrusted.ts'

const PAGE = 100

const input = z.strictObject({
  team_id: teamArgument,
  channel_id: channelArgument.optional(),
  limit: limitArgument(50, 200),
  cursor: cursorArgument,
})

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  scheduled: z.array(
    z.strictObject({
      scheduled_message_id: z.string(),
      channel_id: z.string(),
      post_at: z.string(),
      text: z.string().optional(),
    }),
  ),
  ...pageOutput,
})

const waiting = z.object({
  id: z.string(),
  channel_id: z.string(),
  post_at: z.coerce.number(),
  text: z.string().optional(),
})
const reply = z.object({
  scheduled_messages: z.array(waiting),
  response_metadata: nextOfReply,
})

/** Lists what this app is going to post. */
export function listScheduled(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_scheduled_messages',
    title: 'List scheduled Slack messages',
    description:
      'Lists the messages that this app has scheduled and that were not posted yet, optionally of one channel.',
    toolset: 'write',
    needs: [{ as: 'bot', anyOf: ['chat:write'] }],
    input,
    output,
    run: async (given, call, { directories: { channels } }) => {
      const { channel_id: ref } = given
      const { workspace, signal } = call
      const id = ref === undefined ? undefined : (await channels.resolve(workspace, ref, signal)).id
      const { items, end } = await readList<z.output<typeof waiting>>(call, given, [id], {
        pageMax: PAGE,
        keep: everything,
        load: async (cursor, limit) => {
          const args = {
            limit,
            ...(id !== undefined && { channel: id }),
            ...(cursor !== undefined && { cursor }),
          }
          const page = await call.ask('chat.scheduledMessages.list', args, reply)
          return {
            items: page.scheduled_messages,
            next: page.response_metadata?.next_cursor || undefined,
          }
        },
      })
      const scheduled = items.map(({ id: message, channel_id: channel, post_at: at, text }) => ({
        scheduled_message_id: cleanLine(message),
        channel_id: cleanLine(channel),
        post_at: new Date(at * 1_000).toISOString(),
        ...(text !== undefined && { text: cleanLine(text) }),
      }))
      const lines = scheduled.map(
        (one) => `${one.scheduled_message_id} ${one.channel_id} ${one.post_at}`,
      )
      return {
        structured: { notice: NOTICE, team_id: call.team, scheduled, ...end },
        text: listText(`${scheduled.length} scheduled messages of ${call.team}`, lines, end),
      }
    },
  })
}
