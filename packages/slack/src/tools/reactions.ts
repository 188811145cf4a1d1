import { z } from 'zod'
import { channelArgument, messageArgument, teamArgument } from './arguments.ts'
import type { ReadServices } from './read-services.ts'
import { readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { answerText, cleanLine, NOTICE } from './untrusted.ts'

const input = z.strictObject({
  team_id: teamArgument,
  channel_id: channelArgument,
  ts: messageArgument,
})

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  channel_id: z.string(),
  ts: z.string(),
  reactions: z.array(
    z.strictObject({
      name: z.string(),
      count: z.number(),
      user_ids: z.array(z.string()),
      users_complete: z
        .boolean()
        .meta({ description: 'False when Slack named fewer people than reacted.' }),
    }),
  ),
})

const reply = z.object({
  message: z.object({
    reactions: z
      .array(
        z.object({
          name: z.string(),
          count: z.number().optional(),
          users: z.array(z.string()).default([]),
        }),
      )
      .default([]),
  }),
})

/** Reads who reacted to a message, and how. */
export function messageReactions(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_get_reactions',
    title: 'Read reactions to a Slack message',
    description: 'Reads which emoji people reacted with to one Slack message, and who they are.',
    needs: [{ as: 'bot', anyOf: ['reactions:read'] }],
    input,
    output,
    run: async (given, call, { directories: { channels } }) => {
      const { id } = await channels.resolve(call.workspace, given.channel_id, call.signal)
      const args = { channel: id, timestamp: given.ts, full: true }
      const { message } = await call.ask('reactions.get', args, reply)
      const reactions = message.reactions.map(({ name, users, count = users.length }) => {
        const complete = users.length >= count
        return { name: cleanLine(name), count, user_ids: users, users_complete: complete }
      })
      const lines = reactions.map(({ name, count, user_ids: ids }) => {
        return `:${name}: ${count} (${ids.join(' ')})`
      })
      const about = { notice: NOTICE, team_id: call.team, channel_id: id, ts: given.ts }
      const text = answerText(`${reactions.length} kinds of reactions to ${given.ts}.`, lines)
      return { structured: { ...about, reactions }, text }
    },
  })
}
