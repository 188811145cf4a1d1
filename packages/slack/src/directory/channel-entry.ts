import { z } from 'zod'
import { cleanLine } from '../tools/untrusted.ts'

/** What kind of conversation it is. */
export const CHANNEL_KINDS = ['public', 'private', 'group_dm', 'dm'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** Slack's own names of the kinds, and the scope each list needs. Source: Slack, "conversations.list". */
export const SLACK_KINDS = {
  public: { type: 'public_channel', listScope: 'channels:read', historyScope: 'channels:history' },
  private: { type: 'private_channel', listScope: 'groups:read', historyScope: 'groups:history' },
  group_dm: { type: 'mpim', listScope: 'mpim:read', historyScope: 'mpim:history' },
  dm: { type: 'im', listScope: 'im:read', historyScope: 'im:history' },
} as const satisfies Record<ChannelKind, object>

const described = z.object({ value: z.string().default('') }).optional()

/** A conversation as Slack tells of it, as far as we use it. Source: Slack, "Conversation object". */
export const slackChannel = z.object({
  id: z.string(),
  name: z.string().optional(),
  is_private: z.boolean().optional(),
  is_im: z.boolean().optional(),
  is_mpim: z.boolean().optional(),
  is_archived: z.boolean().optional(),
  is_member: z.boolean().optional(),
  is_ext_shared: z.boolean().optional(),
  user: z.string().optional(),
  creator: z.string().optional(),
  created: z.number().optional(),
  num_members: z.number().optional(),
  topic: described,
  purpose: described,
  last_read: z.string().optional(),
  unread_count_display: z.number().optional(),
})
export type SlackChannel = z.output<typeof slackChannel>

/** What is kept of a conversation. */
export interface ChannelEntry {
  readonly id: string
  /** Without `#`; undefined for direct messages. */
  readonly name: string | undefined
  readonly kind: ChannelKind
  readonly archived: boolean
  /** The other side of a direct message. */
  readonly user: string | undefined
}

export function toChannelEntry(channel: SlackChannel): ChannelEntry {
  const name = channel.name === undefined ? undefined : cleanLine(channel.name)
  const kind = kindOf(channel)
  const user = kind === 'dm' ? channel.user : undefined
  return { id: channel.id, name, kind, archived: channel.is_archived === true, user }
}

export function kindOf(channel: SlackChannel): ChannelKind {
  if (channel.is_im === true) return 'dm'
  if (channel.is_mpim === true) return 'group_dm'
  return channel.is_private === true ? 'private' : 'public'
}
