import { AppError } from '@sallyport/kit/errors'
import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import { slackUser, type SlackUser, toPersonEntry } from '../directory/people-directory.ts'
import { cursorArgument, limitArgument, teamArgument } from './arguments.ts'
import { listText, nextOfReply, type PageEnd, pageOutput, withCursor } from './page.ts'
import { personLine, personOutput, toPerson } from './person-output.ts'
import type { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import { readList, readTool } from './read-tool.ts'
import type { ScopeNeed, SlackTool } from './slack-tool.ts'
import { NOTICE } from './untrusted.ts'

/** Slack recommends no more than 200 where nobody needs more. */
const LIST_PAGE = 200
const SEARCH_PAGE = 1_000
const NEEDS: readonly ScopeNeed[] = [{ as: 'bot', anyOf: ['users:read'] }]

const output = z.strictObject({
  notice: z.string(),
  team_id: z.string(),
  users: z.array(personOutput),
  ...pageOutput,
})
type Output = z.output<typeof output>

const reply = z.object({ members: z.array(slackUser), response_metadata: nextOfReply })

const listInput = z.strictObject({
  team_id: teamArgument,
  include_deactivated: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether people who left are listed too.' }),
  limit: limitArgument(100, 500),
  cursor: cursorArgument,
})

/** Lists the people of a workspace, page by page. */
export function listUsers(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_list_users',
    title: 'List Slack users',
    description:
      'Lists people and apps of a Slack workspace. To find somebody use slack_search_users. The list is whole only when complete is true.',
    needs: NEEDS,
    input: listInput,
    output,
    run: async (given, call, { directories }) => {
      const { items, end } = await readList<SlackUser>(call, given, [given.include_deactivated], {
        pageMax: LIST_PAGE,
        keep: ({ deleted }) => given.include_deactivated || deleted !== true,
        load: (cursor, limit) => loadUsers(call, directories, cursor, limit),
      })
      return answer(call, 'users', items, end)
    },
  })
}

const searchInput = z.strictObject({
  team_id: teamArgument,
  query: z
    .string()
    .min(2)
    .max(120)
    .meta({ description: 'Part of a name, handle or title, or a whole email address.' }),
  limit: limitArgument(10, 100),
  cursor: cursorArgument,
})

/** Finds people by a part of what they are called by, or by their address. */
export function searchUsers(services: ReadServices): SlackTool {
  return readTool(services, {
    name: 'slack_search_users',
    title: 'Find Slack users',
    description:
      'Finds people of a Slack workspace by a part of their name, handle or title, or by their exact email address. In large workspaces a page can end before everybody was looked through: complete says so.',
    needs: NEEDS,
    input: searchInput,
    output,
    run: search,
  })
}

async function search(
  given: z.output<typeof searchInput>,
  call: ReadCall,
  { directories }: ReadServices,
): Promise<ToolOutcome<Output>> {
  const query = given.query.replace(/^@/, '').toLowerCase()
  const mayAsk = call.workspace.installation.botScopes.includes('users:read.email')
  if (/^[^\s@]+@[^\s@]+$/.test(query) && mayAsk) {
    return answer(call, 'users', await byEmail(call, query), { complete: true })
  }
  const { items, end } = await readList<SlackUser>(call, given, [query], {
    pageMax: SEARCH_PAGE,
    requestsMax: 5,
    keep: (user) => user.deleted !== true && isCalled(user, query),
    load: (cursor, limit) => loadUsers(call, directories, cursor, limit),
  })
  return answer(call, 'users', items, end)
}

const emailReply = z.object({ user: slackUser })

async function byEmail(call: ReadCall, email: string): Promise<readonly SlackUser[]> {
  try {
    return [(await call.ask('users.lookupByEmail', { email }, emailReply)).user]
  } catch (error) {
    if (error instanceof AppError && error.code === 'slack_user_unknown') return []
    throw error
  }
}

function isCalled(user: SlackUser, query: string): boolean {
  const { handles } = toPersonEntry(user)
  const title = user.profile?.title?.toLowerCase() ?? ''
  return title.includes(query) || handles.some((handle) => handle.includes(query))
}

async function loadUsers(
  call: ReadCall,
  { people }: ReadServices['directories'],
  cursor: string | undefined,
  limit: number,
): Promise<{ items: readonly SlackUser[]; next: string | undefined }> {
  const page = await call.ask('users.list', withCursor({ limit }, cursor), reply)
  people.learn(call.workspace, page.members.map(toPersonEntry))
  return { items: page.members, next: page.response_metadata?.next_cursor || undefined }
}

function answer(
  call: ReadCall,
  what: string,
  found: readonly SlackUser[],
  end: PageEnd,
): ToolOutcome<Output> {
  const users = found.map(toPerson)
  return {
    structured: { notice: NOTICE, team_id: call.team, users, ...end },
    text: listText(`${users.length} ${what} of ${call.team}`, users.map(personLine), end),
  }
}
