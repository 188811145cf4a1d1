import { z } from 'zod'
import { ADDS_ONCE, channelField, timestampField, userField } from './write-fields.ts'
import { defineWrite, type WriteEntry } from './write-tool.ts'

const openDm = defineWrite({
  name: 'slack_open_dm',
  title: 'Open a direct message',
  description:
    'Gives the id of the direct message with one person, or with up to eight; nobody is notified.',
  hints: ADDS_ONCE,
  ...({ toolset: 'write', reach: 'channel', scopes: ['im:write', 'mpim:write'] } as const),
  input: { user_ids: z.array(userField).min(1).max(8).describe('People, U...') },
  output: { channel_id: z.string(), user_ids: z.array(z.string()) },
  write: async ({ user_ids: users }, writing) => {
    await writing.guard.people(writing.workspace, users, writing.signal)
    const { channel } = await writing.send(
      'conversations.open',
      { users: users.join(',') },
      z.object({ channel: z.object({ id: z.string() }) }),
    )
    return {
      structured: { channel_id: channel.id, user_ids: users },
      text: `Direct message ${channel.id} with ${users.join(', ')}.`,
    }
  },
})

const markRead = defineWrite({
  name: 'slack_mark_read',
  title: 'Mark as read',
  description: 'Moves the read mark of this app in a channel to a message.',
  hints: ADDS_ONCE,
  ...({ toolset: 'write', reach: 'channel' } as const),
  scopes: ['channels:write', 'channels:manage', 'groups:write', 'im:write', 'mpim:write'],
  input: { channel_id: channelField, ts: timestampField },
  output: { channel_id: z.string(), ts: z.string() },
  write: async ({ channel_id: given, ts }, writing) => {
    const channel = await writing.channel(given)
    await writing.send('conversations.mark', { channel, ts }, z.object({}))
    return {
      structured: { channel_id: channel, ts },
      text: `Read up to ${ts} in ${channel}.`,
    }
  },
})

/** Direct messages and read marks. */
export const PLACE_TOOLS: readonly WriteEntry[] = [openDm, markRead]
