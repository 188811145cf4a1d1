import { z } from 'zod'
import { channelArgument, messageArgument, teamArgument } from './arguments.ts'
import type { ReadServices } from './read-services.ts'
import { readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'

const input = z.strictObject({
  team_id: teamArgument,
  channel_id: channelArgument,
  ts: messageArgument,
})

const output = z.strictObject({
  team_id: z.string(),
  channel_id: z.string(),
  ts: z.string(),
  permalink: z.string(),
})

/** Slack's own addresses. */
const reply = z.object({ permalink: z.url({ protocol: /^https?$/ }).max(2_000) })

/** Finds the address of a message, for people to open. */
export function messagePermalink(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_get_permalink',
    title: 'Link to a Slack message',
    description: 'Gives the address of one Slack message, for people to open.',
    needs: [],
    input,
    output,
    run: async (given, call, { directories: { channels } }) => {
      const { id } = await channels.resolve(call.workspace, given.channel_id, call.signal)
      const args = { channel: id, message_ts: given.ts }
      const { permalink } = await call.ask('chat.getPermalink', args, reply)
      const structured = { team_id: call.team, channel_id: id, ts: given.ts, permalink }
      return { structured, text: permalink }
    },
  })
}
