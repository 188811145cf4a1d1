import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import { messageContent, PLAIN_MESSAGE } from '../guard/message-text.ts'
import {
  ADDS,
  blocksField,
  channelField,
  REPLACES,
  textField,
  threadField,
} from './write-fields.ts'
import { defineWrite, type WriteEntry } from './write-tool.ts'

/** Source: Slack, chat.scheduleMessage: up to 120 days ahead. */
const AHEAD_SECONDS_MAX = 120 * 24 * 60 * 60
/** Sooner Slack may find it in the past. */
const AHEAD_SECONDS_MIN = 10

const COMMON = { toolset: 'write', reach: 'channel', scopes: ['chat:write'] } as const
const SCHEDULED = { channel_id: z.string(), scheduled_message_id: z.string() }

const scheduleMessage = defineWrite({
  name: 'slack_schedule_message',
  title: 'Schedule a message',
  description: 'Has Slack post a message later, at most 120 days from now.',
  hints: ADDS,
  ...COMMON,
  input: {
    channel_id: channelField,
    text: textField,
    blocks: blocksField.optional(),
    post_at: z
      .string()
      .max(40)
      .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/)
      .describe('When, with its zone: 2026-11-22T09:00:00Z'),
    thread_ts: threadField.optional(),
  },
  output: { ...SCHEDULED, post_at: z.string() },
  write: async (given, writing, { clock }) => {
    const { channel_id: place, post_at: when, thread_ts: thread, ...words } = given
    const content = messageContent(words)
    const seconds = secondsOf(when, clock.nowMs())
    const channel = await writing.channel(place)
    const args = { channel, post_at: seconds, ...content, ...PLAIN_MESSAGE }
    const { scheduled_message_id: id, post_at: at = seconds } = await writing.send(
      'chat.scheduleMessage',
      thread === undefined ? args : { ...args, thread_ts: thread },
      z.object({ scheduled_message_id: z.string(), post_at: z.coerce.number().optional() }),
      channel,
    )
    const time = new Date(at * 1_000).toISOString()
    return {
      structured: { channel_id: channel, scheduled_message_id: id, post_at: time },
      text: `Scheduled message ${id} for ${time} in ${channel}.`,
    }
  },
})

const deleteScheduled = defineWrite({
  name: 'slack_delete_scheduled_message',
  title: 'Cancel a scheduled message',
  description: 'Takes back a message that this app scheduled and that was not posted yet.',
  hints: REPLACES,
  ...COMMON,
  input: {
    channel_id: channelField,
    scheduled_message_id: z
      .string()
      .regex(/^[A-Za-z0-9]{1,40}$/)
      .describe('Q...'),
  },
  output: SCHEDULED,
  write: async ({ channel_id: given, scheduled_message_id: id }, writing) => {
    const channel = await writing.channel(given)
    const args = { channel, scheduled_message_id: id }
    await writing.send('chat.deleteScheduledMessage', args, z.object({}))
    return {
      structured: { channel_id: channel, scheduled_message_id: id },
      text: `Cancelled message ${id} in ${channel}.`,
    }
  },
})

/** Messages for later. */
export const SCHEDULE_TOOLS: readonly WriteEntry[] = [scheduleMessage, deleteScheduled]

/** @throws {AppError} `request_invalid` */
function secondsOf(when: string, nowMs: number): number {
  const seconds = Math.floor(Date.parse(when) / 1_000)
  const ahead = seconds - nowMs / 1_000
  if (ahead >= AHEAD_SECONDS_MIN && ahead <= AHEAD_SECONDS_MAX) return seconds
  throw new AppError(
    'request_invalid',
    'post_at must be a time between 10 s and 120 days from now, such as 2026-11-22T09:00:00Z',
    { outcome: 'not_sent' },
  )
}
