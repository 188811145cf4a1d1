import { z } from 'zod'
import { messageContent, PLAIN_MESSAGE } from '../guard/message-text.ts'
import {
  ADDS,
  blocksField,
  channelField,
  MESSAGE,
  REPLACES,
  textField,
  threadField,
  timestampField,
  userField,
} from './write-fields.ts'
import { defineWrite, type WriteEntry } from './write-tool.ts'
import type { Writing } from './writing.ts'

const POSTED = z.object({ channel: z.string(), ts: z.string() })
const WORDS = { text: textField, blocks: blocksField.optional() }
const THREAD_ANSWER = { ...MESSAGE, thread_ts: z.string().optional() }

interface Words {
  readonly text: string
  readonly blocks?: readonly Readonly<Record<string, unknown>>[] | undefined
}

const postMessage = defineWrite({
  name: 'slack_post_message',
  title: 'Post a message',
  description:
    'Posts a message to a channel, or to a person as a direct message. A failure with outcome "unknown" means that it may have been posted: look at the channel before posting it again.',
  hints: ADDS,
  ...({ toolset: 'write', reach: 'channel', scopes: ['chat:write'] } as const),
  input: { channel_id: channelField, ...WORDS, thread_ts: threadField.optional() },
  output: THREAD_ANSWER,
  write: async ({ channel_id: given, thread_ts: thread, ...words }, writing) =>
    await post(writing, given, words, thread === undefined ? {} : { thread_ts: thread }),
})

const replyToThread = defineWrite({
  name: 'slack_reply_to_thread',
  title: 'Reply in a thread',
  description: 'Posts a reply in a thread of a channel.',
  hints: ADDS,
  ...({ toolset: 'write', reach: 'channel', scopes: ['chat:write'] } as const),
  input: {
    channel_id: channelField,
    thread_ts: threadField,
    ...WORDS,
    also_to_channel: z.boolean().optional().describe('Shows the reply in the channel, too'),
  },
  output: THREAD_ANSWER,
  write: async (
    { channel_id: given, thread_ts: thread, also_to_channel: broadcast, ...words },
    writing,
  ) => {
    const more = broadcast === true ? { reply_broadcast: true } : {}
    return await post(writing, given, words, { thread_ts: thread, ...more })
  },
})

const updateMessage = defineWrite({
  name: 'slack_update_message',
  title: 'Change a message',
  description: 'Replaces the text and the blocks of a message that this app posted.',
  hints: REPLACES,
  ...({ toolset: 'write', reach: 'channel', scopes: ['chat:write'] } as const),
  input: { channel_id: channelField, ts: timestampField, ...WORDS },
  output: MESSAGE,
  write: async ({ channel_id: given, ts, ...words }, writing) => {
    const content = messageContent(words)
    const channel = await writing.channel(given)
    const args = { channel, ts, blocks: [], ...content, ...PLAIN_MESSAGE }
    const { ts: changed } = await writing.send('chat.update', args, POSTED)
    const structured = { channel_id: channel, ts: changed }
    return { structured, text: `Changed message ${changed} in ${channel}.` }
  },
})

const deleteMessage = defineWrite({
  name: 'slack_delete_message',
  title: 'Delete a message',
  description: 'Deletes a message that this app posted.',
  hints: REPLACES,
  ...({ toolset: 'write', reach: 'channel', scopes: ['chat:write'] } as const),
  input: { channel_id: channelField, ts: timestampField },
  output: MESSAGE,
  write: async ({ channel_id: given, ts }, writing) => {
    const channel = await writing.channel(given)
    await writing.send('chat.delete', { channel, ts }, z.object({}))
    const structured = { channel_id: channel, ts }
    return { structured, text: `Deleted message ${ts} in ${channel}.` }
  },
})

const postEphemeral = defineWrite({
  name: 'slack_post_ephemeral',
  title: 'Show one person a message',
  description:
    'Shows a message in a channel to one of its members only, until they reload. Whether it was seen nobody knows.',
  hints: ADDS,
  ...({ toolset: 'write', reach: 'channel', scopes: ['chat:write'] } as const),
  input: {
    channel_id: channelField,
    user_id: userField,
    ...WORDS,
    thread_ts: threadField.optional(),
  },
  output: { channel_id: z.string(), user_id: z.string(), ts: z.string() },
  write: async ({ channel_id: given, user_id: user, thread_ts: thread, ...words }, writing) => {
    const content = messageContent(words)
    const channel = await writing.channel(given)
    const args = { channel, user, ...content, ...PLAIN_MESSAGE }
    const { message_ts: ts } = await writing.send(
      'chat.postEphemeral',
      thread === undefined ? args : { ...args, thread_ts: thread },
      z.object({ message_ts: z.string() }),
      channel,
    )
    const structured = { channel_id: channel, user_id: user, ts }
    return { structured, text: `Shown to ${user} in ${channel}.` }
  },
})

/** Posting, changing and deleting messages. */
export const MESSAGE_TOOLS: readonly WriteEntry[] = [
  postMessage,
  replyToThread,
  updateMessage,
  deleteMessage,
  postEphemeral,
]

async function post(
  writing: Writing,
  given: string,
  words: Words,
  thread: { readonly thread_ts?: string; readonly reply_broadcast?: boolean },
) {
  const content = messageContent(words)
  const channel = await writing.channel(given)
  const args = { channel, ...content, ...thread, ...PLAIN_MESSAGE }
  const { ts } = await writing.send('chat.postMessage', args, POSTED, channel)
  const { thread_ts: first } = thread
  const structured = { channel_id: channel, ts }
  return {
    structured: first === undefined ? structured : { ...structured, thread_ts: first },
    text: `Posted message ${ts} in ${channel}.`,
  }
}
