import { z } from 'zod'
import { cursorArgument, limitArgument, teamArgument } from './arguments.ts'
import { listText, pageOutput } from './page.ts'
import type { ReadServices } from './read-services.ts'
import { readList, readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { cleanLine, NOTICE } from './untrusted.ts'

const ALIAS = 'alias:'

const input = z.strictObject({
  team_id: teamArgument,
  query: z
    .string()
    .min(1)
    .max(80)
    .optional()
    .meta({ description: 'Only emoji whose name contains this text.' }),
  limit: limitArgument(200, 1_000),
  cursor: cursorArgument,
})

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  emoji: z
    .array(
      z.strictObject({
        name: z.string(),
        url: z.string().optional(),
        alias_of: z.string().optional(),
      }),
    )
    .meta({
      description:
        'Emoji that the workspace added, by name; those of every workspace are not listed.',
    }),
  ...pageOutput,
})

const reply = z.object({ emoji: z.record(z.string(), z.string()) })

/** Lists the emoji that a workspace has of its own. */
export function listEmoji(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_emoji',
    title: 'List Slack emoji',
    description:
      'Lists the custom emoji of a Slack workspace by name, for reactions and messages. Use query to find one.',
    needs: [{ as: 'bot', anyOf: ['emoji:read'] }],
    input,
    output,
    run: async (given, call) => {
      const query = given.query?.replaceAll(':', '').toLowerCase()
      const { items, end } = await readList<readonly [string, string]>(call, given, [query], {
        pageMax: given.limit,
        keep: query === undefined ? undefined : ([name]) => name.includes(query),
        // Slack gives them all at once, in no order.
        load: async () => {
          const found = Object.entries((await call.ask('emoji.list', {}, reply)).emoji)
          return { items: found.toSorted(([a], [b]) => (a < b ? -1 : 1)), next: undefined }
        },
      })
      const emoji = items.map(([name, value]) => ({
        name: cleanLine(name),
        ...(value.startsWith(ALIAS)
          ? { alias_of: cleanLine(value.slice(ALIAS.length)) }
          : { url: cleanLine(value) }),
      }))
      const structured = { notice: NOTICE, team_id: call.team, emoji, ...end }
      const lines = emoji.map(({ name }) => `:${name}:`)
      return { structured, text: listText(`${emoji.length} emoji of ${call.team}`, lines, end) }
    },
  })
}
