import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import { cursorArgument, limitArgument, teamArgument } from './arguments.ts'
import { listText, pageOutput } from './page.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readList, readTool } from './read-tool.ts'
import type { SlackTool } from './slack-tool.ts'
import { cleanLine, NOTICE } from './untrusted.ts'

const input = z.strictObject({
  team_id: teamArgument,
  include_members: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether the ids of the members come too.' }),
  include_disabled: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether disabled groups are listed too.' }),
  limit: limitArgument(100, 500),
  cursor: cursorArgument,
})

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  user_groups: z.array(
    z.strictObject({
      id: z.string(),
      handle: z.string(),
      name: z.string(),
      description: z.string().optional(),
      members: z.number().optional(),
      member_ids: z.array(z.string()).optional(),
      is_disabled: z.boolean().optional(),
    }),
  ),
  ...pageOutput,
})

const slackGroup = z.object({
  id: z.string(),
  handle: z.string().default(''),
  name: z.string().default(''),
  description: z.string().nullish(),
  user_count: z.union([z.number(), z.string()]).optional(),
  users: z.array(z.string()).optional(),
  date_delete: z.number().optional(),
})
type SlackGroup = z.output<typeof slackGroup>
const reply = z.object({ usergroups: z.array(slackGroup) })

/** Lists the user groups of a workspace. */
export function listUserGroups(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_user_groups',
    title: 'List Slack user groups',
    description:
      'Lists the user groups (such as @support) of a Slack workspace, on request with the ids of their members.',
    needs: [{ as: 'bot', anyOf: ['usergroups:read'] }],
    input,
    output,
    run,
  })
}

async function run(
  given: z.output<typeof input>,
  call: ReadCall,
): Promise<ToolOutcome<z.output<typeof output>>> {
  const { include_members: members, include_disabled: disabled } = given
  const { items, end } = await readList<SlackGroup>(call, given, [members, disabled], {
    pageMax: given.limit,
    // Slack gives them all at once.
    load: async () => {
      const args = { include_users: members, include_disabled: disabled, include_count: true }
      return { items: (await call.ask('usergroups.list', args, reply)).usergroups, next: undefined }
    },
  })
  const groups = items.map(toGroup)
  const lines = groups.map(({ id, handle, name, members: count = '?' }) => {
    return `${id} @${handle} ${name} (${count} members)`
  })
  return {
    structured: { notice: NOTICE, team_id: call.team, user_groups: groups, ...end },
    text: listText(`${groups.length} user groups of ${call.team}`, lines, end),
  }
}

function toGroup(group: SlackGroup): z.output<typeof output>['user_groups'][number] {
  const count = Number(group.user_count ?? group.users?.length)
  return {
    id: group.id,
    handle: cleanLine(group.handle),
    name: cleanLine(group.name),
    ...(group.description && { description: cleanLine(group.description) }),
    ...(Number.isSafeInteger(count) && { members: count }),
    ...(group.users !== undefined && { member_ids: group.users }),
    ...((group.date_delete ?? 0) > 0 && { is_disabled: true }),
  }
}
