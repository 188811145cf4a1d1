import { z } from 'zod'
import { ADDS_ONCE, channelField, REPLACES, timestampField } from './write-fields.ts'
import { defineWrite, type WriteEntry } from './write-tool.ts'
import { unlessAlready } from './writing.ts'

const MARK = { toolset: 'write', reach: 'channel', scopes: ['reactions:write'] } as const
const REACTION = {
  channel_id: channelField,
  ts: timestampField,
  reaction: z
    .string()
    .regex(/^:?[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?:?$/)
    .describe('Name of the emoji, such as thumbsup'),
}
const ANSWER = {
  channel_id: z.string(),
  ts: z.string(),
  reaction: z.string(),
  changed: z.boolean().describe('False: it was so already'),
}

/** Marking messages with emoji. */
export const REACTION_TOOLS: readonly WriteEntry[] = [
  reactionTool({
    name: 'slack_add_reaction',
    title: 'React to a message',
    description: 'Adds an emoji to a message.',
    hints: ADDS_ONCE,
    method: 'reactions.add',
    already: 'already_reacted',
    said: ['Added', 'was there already on'],
  }),
  reactionTool({
    name: 'slack_remove_reaction',
    title: 'Take a reaction back',
    description: 'Removes an emoji that this app added to a message.',
    hints: REPLACES,
    method: 'reactions.remove',
    already: 'no_reaction',
    said: ['Removed', 'was not on'],
  }),
]

function reactionTool(spec: {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly hints: typeof ADDS_ONCE | typeof REPLACES
  readonly method: string
  readonly already: string
  readonly said: readonly [string, string]
}): WriteEntry {
  const { name, title, description, hints, method, already, said } = spec
  return defineWrite({
    ...{ name, title, description, hints, ...MARK },
    input: REACTION,
    output: ANSWER,
    write: async ({ channel_id: given, ts, reaction: emoji }, writing) => {
      const reaction = emoji.replace(/^:/, '').replace(/:$/, '')
      const channel = await writing.channel(given)
      const args = { channel, timestamp: ts, name: reaction }
      const changed = await unlessAlready([already], () => writing.send(method, args, z.object({})))
      return {
        structured: { channel_id: channel, ts, reaction, changed },
        text: changed
          ? `${said[0]} :${reaction}: on ${ts} in ${channel}.`
          : `:${reaction}: ${said[1]} ${ts} in ${channel}.`,
      }
    },
  })
}
