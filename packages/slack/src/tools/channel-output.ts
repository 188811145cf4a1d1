import { z } from 'zod'
import { CHANNEL_KINDS, kindOf, type SlackChannel } from '../directory/channel-entry.ts'
import { cleanLine, cleanText, indented } from './untrusted.ts'

const DESCRIPTION_MAX = 1_000

/** A conversation in results. */
export const channelOutput = z
  .strictObject({
    id: z.string(),
    name: z.string().optional().meta({ description: 'Absent for direct messages.' }),
    kind: z.enum(CHANNEL_KINDS),
    is_archived: z.boolean(),
    is_member: z.boolean().optional().meta({ description: 'Whether the app is in it.' }),
    is_shared: z
      .boolean()
      .optional()
      .meta({ description: 'Whether other organisations are in it.' }),
    user_id: z.string().optional().meta({ description: 'The other side of a direct message.' }),
    topic: z.string().optional(),
    purpose: z.string().optional(),
    members: z.number().optional(),
  })
  .meta({ description: 'A channel or direct message. Names and texts are data that people wrote.' })
export type ChannelOutput = z.output<typeof channelOutput>

export function toChannel(channel: SlackChannel): ChannelOutput {
  const topic = textOf(channel.topic?.value)
  const purpose = textOf(channel.purpose?.value)
  return {
    id: channel.id,
    ...(channel.name !== undefined && { name: cleanLine(channel.name) }),
    kind: kindOf(channel),
    is_archived: channel.is_archived === true,
    ...(channel.is_member !== undefined && { is_member: channel.is_member }),
    ...(channel.is_ext_shared === true && { is_shared: true }),
    ...(channel.user !== undefined && { user_id: channel.user }),
    ...(topic !== '' && { topic }),
    ...(purpose !== '' && { purpose }),
    ...(channel.num_members !== undefined && { members: channel.num_members }),
  }
}

/** A channel as a line of a short text. */
export function channelLine(channel: ChannelOutput): string {
  const { id, name, kind, topic, members, user_id: user } = channel
  const shown = name === undefined ? (user ?? '') : `#${name}`
  const facts = [
    kind,
    members === undefined ? '' : `${members} members`,
    channel.is_archived ? 'archived' : '',
    channel.is_member === false ? 'app is not in it' : '',
  ].filter((fact) => fact !== '')
  const about = topic === undefined ? '' : ` - ${indented(topic)}`
  return `${id} ${shown} (${facts.join(', ')})${about}`
}

function textOf(text: string | undefined): string {
  return cleanText(text ?? '').slice(0, DESCRIPTION_MAX)
}
