import { z } from 'zod'
import { AppError } from '@sallyport/kit/errors'
import { plainText } from '../guard/mentions.ts'
import { ADDS, ADDS_ONCE, channelField, REPLACES, userField } from './write-fields.ts'
import { defineWrite, type WriteEntry } from './write-tool.ts'
import { unlessAlready } from './writing.ts'

const MANAGE = { toolset: 'manage', reach: 'channel' } as const
const MANAGES = ['channels:manage', 'groups:write']
const NOTHING = z.object({})
const CHANNEL = { channel_id: z.string() }
const CHANGED = { ...CHANNEL, changed: z.boolean().describe('False: it was so already') }
/** Source: Slack, conversations.create, "Naming". */
const nameField = z
  .string()
  .regex(/^#?[\p{Ll}\p{Lo}\p{M}\p{N}_-]{1,80}$/u)
  .describe('Lower case, no spaces, at most 80 characters')
const NAMED = z.object({ channel: z.object({ id: z.string(), name: z.string() }) })

const createChannel = defineWrite({
  name: 'slack_create_channel',
  title: 'Create a channel',
  description: 'Creates a channel; its name must be one that may be written to.',
  hints: ADDS,
  ...MANAGE,
  scopes: MANAGES,
  input: {
    name: nameField,
    is_private: z.boolean().optional().describe('Only for people who are invited'),
  },
  output: { ...CHANNEL, name: z.string() },
  write: async ({ name: given, is_private: isPrivate = false }, writing) => {
    const name = given.replace(/^#/, '')
    writing.guard.name(name)
    const { channel } = await writing.send(
      'conversations.create',
      { name, is_private: isPrivate },
      NAMED,
    )
    const structured = { channel_id: channel.id, name: channel.name }
    return { structured, text: `Created #${channel.name} (${channel.id}).` }
  },
})

const renameChannel = defineWrite({
  name: 'slack_rename_channel',
  title: 'Rename a channel',
  description: 'Renames a channel; both names must be ones that may be written to.',
  hints: REPLACES,
  ...MANAGE,
  scopes: MANAGES,
  input: { channel_id: channelField, name: nameField },
  output: { ...CHANNEL, name: z.string() },
  write: async ({ channel_id: given, name: wanted }, writing, { channels }) => {
    const name = wanted.replace(/^#/, '')
    const id = await writing.channel(given)
    writing.guard.renamed(id, name)
    const { channel } = await writing.send('conversations.rename', { channel: id, name }, NAMED)
    channels.forgetChannel(writing.workspace, id)
    const structured = { channel_id: id, name: channel.name }
    return { structured, text: `${id} is #${channel.name} now.` }
  },
})

const archiveChannel = defineWrite({
  name: 'slack_archive_channel',
  title: 'Archive a channel',
  description: 'Archives a channel: nobody can write in it any more.',
  hints: REPLACES,
  ...MANAGE,
  scopes: MANAGES,
  input: { channel_id: channelField },
  output: CHANGED,
  write: async ({ channel_id: given }, writing, { channels }) => {
    const channel = await writing.channel(given)
    const act = () => writing.send('conversations.archive', { channel }, NOTHING)
    const changed = await unlessAlready(['already_archived'], act)
    channels.forgetChannel(writing.workspace, channel)
    return {
      structured: { channel_id: channel, changed },
      text: changed ? `Archived ${channel}.` : `${channel} was archived already.`,
    }
  },
})

const joinChannel = defineWrite({
  name: 'slack_join_channel',
  title: 'Join a channel',
  description: 'Lets this app join a public channel.',
  hints: ADDS_ONCE,
  ...MANAGE,
  scopes: ['channels:join'],
  input: { channel_id: channelField },
  output: CHANNEL,
  write: async ({ channel_id: given }, writing, { channels }) => {
    const channel = await writing.channel(given)
    await writing.send('conversations.join', { channel }, NOTHING)
    channels.forgetChannel(writing.workspace, channel)
    return { structured: { channel_id: channel }, text: `Joined ${channel}.` }
  },
})

const leaveChannel = defineWrite({
  name: 'slack_leave_channel',
  title: 'Leave a channel',
  description: 'Lets this app leave a channel; into a private one it can only be invited again.',
  hints: REPLACES,
  ...MANAGE,
  scopes: MANAGES,
  input: { channel_id: channelField },
  output: CHANGED,
  write: async ({ channel_id: given }, writing, { channels }) => {
    const channel = await writing.channel(given)
    const act = () => writing.send('conversations.leave', { channel }, NOTHING)
    const changed = await unlessAlready(['not_in_channel'], act)
    channels.forgetChannel(writing.workspace, channel)
    return {
      structured: { channel_id: channel, changed },
      text: changed ? `Left ${channel}.` : `This app was not in ${channel}.`,
    }
  },
})

const inviteToChannel = defineWrite({
  name: 'slack_invite_to_channel',
  title: 'Invite people to a channel',
  description: 'Adds people to a channel that this app is in; they are notified.',
  hints: ADDS_ONCE,
  ...MANAGE,
  scopes: [...MANAGES, 'channels:write.invites', 'groups:write.invites'],
  input: {
    channel_id: channelField,
    user_ids: z.array(userField).min(1).max(100).describe('People, U...'),
  },
  output: { ...CHANGED, user_ids: z.array(z.string()) },
  write: async ({ channel_id: given, user_ids: users }, writing) => {
    const channel = await writing.channel(given)
    const args = { channel, users: users.join(',') }
    const act = () => writing.send('conversations.invite', args, NOTHING)
    const changed = await unlessAlready(['already_in_channel'], act)
    return {
      structured: { channel_id: channel, user_ids: users, changed },
      text: changed ? `Invited ${users.length} to ${channel}.` : `They were in ${channel} already.`,
    }
  },
})

/** Managing channels. */
export const CHANNEL_TOOLS: readonly WriteEntry[] = [
  joinChannel,
  leaveChannel,
  createChannel,
  archiveChannel,
  renameChannel,
  inviteToChannel,
  textOfChannel('topic', 'conversations.setTopic'),
  textOfChannel('purpose', 'conversations.setPurpose'),
]

function textOfChannel(what: 'topic' | 'purpose', method: string): WriteEntry {
  return defineWrite({
    name: `slack_set_channel_${what}`,
    title: `Set the ${what} of a channel`,
    description: `Replaces the ${what} of a channel; an empty one takes it away.`,
    hints: REPLACES,
    ...MANAGE,
    scopes: [...MANAGES, `channels:write.topic`, `groups:write.topic`],
    input: {
      channel_id: channelField,
      text: z.string().max(250).describe('At most 250 characters'),
    },
    output: { ...CHANNEL, text: z.string() },
    write: async ({ channel_id: given, text }, writing) => {
      const safe = plainText(text)
      if (safe.length > 250) {
        throw new AppError('request_invalid', 'text must be at most 250 characters', {
          outcome: 'not_sent',
        })
      }
      const channel = await writing.channel(given)
      await writing.send(method, { channel, [what]: safe }, NOTHING)
      const structured = { channel_id: channel, text: safe }
      return { structured, text: `Set the ${what} of ${channel}.` }
    },
  })
}
