import { z } from 'zod'
import { AppError } from '@sallyport/kit/errors'
import { plainText } from '../guard/mentions.ts'
import { ADDS, REPLACES, userField } from './write-fields.ts'
import { defineWrite, type WriteEntry } from './write-tool.ts'

const GROUPS = { toolset: 'manage', reach: 'workspace', scopes: ['usergroups:write'] } as const
const groupField = z
  .string()
  .regex(/^S[A-Z0-9]{1,30}$/)
  .describe('User group, S...')
const handleField = z
  .string()
  .regex(/^@?[a-z0-9._-]{1,80}$/)
  .describe('What mentions call it')
const nameField = z.string().min(1).max(80).describe('What people read: Marketing team')
const aboutField = z.string().max(140).describe('What the group is for')
const GROUP = z.object({ usergroup: z.object({ id: z.string(), handle: z.string().optional() }) })
const ANSWER = { user_group_id: z.string(), handle: z.string().optional() }

interface Fields {
  readonly name?: string | undefined
  readonly handle?: string | undefined
  readonly description?: string | undefined
}

const createGroup = defineWrite({
  name: 'slack_create_user_group',
  title: 'Create a user group',
  description: 'Creates a user group of the workspace, empty.',
  hints: ADDS,
  ...GROUPS,
  input: { name: nameField, handle: handleField.optional(), description: aboutField.optional() },
  output: ANSWER,
  write: async (fields, writing) => {
    const { usergroup } = await writing.send('usergroups.create', argsOf(fields), GROUP)
    return { structured: groupOf(usergroup), text: `Created user group ${usergroup.id}.` }
  },
})

const updateGroup = defineWrite({
  name: 'slack_update_user_group',
  title: 'Change a user group',
  description: 'Replaces the name, the handle or the description of a user group.',
  hints: REPLACES,
  ...GROUPS,
  input: {
    user_group_id: groupField,
    name: nameField.optional(),
    handle: handleField.optional(),
    description: aboutField.optional(),
  },
  output: ANSWER,
  write: async ({ user_group_id: id, ...fields }, writing) => {
    const changes = argsOf(fields)
    if (Object.keys(changes).length === 0) {
      throw new AppError('request_invalid', 'name, handle or description must say what to change', {
        outcome: 'not_sent',
      })
    }
    const args = { usergroup: id, ...changes }
    const { usergroup } = await writing.send('usergroups.update', args, GROUP)
    return { structured: groupOf(usergroup), text: `Changed user group ${usergroup.id}.` }
  },
})

const setMembers = defineWrite({
  name: 'slack_set_user_group_members',
  title: 'Set the members of a user group',
  description: 'Replaces all members of a user group: whoever is not named leaves it.',
  hints: REPLACES,
  ...GROUPS,
  input: {
    user_group_id: groupField,
    user_ids: z.array(userField).min(1).max(500).describe('All members, U...'),
  },
  output: { user_group_id: z.string(), members: z.int() },
  write: async ({ user_group_id: id, user_ids: users }, writing) => {
    const members = [...new Set(users)]
    const args = { usergroup: id, users: members.join(',') }
    await writing.send('usergroups.users.update', args, z.object({}))
    const structured = { user_group_id: id, members: members.length }
    return { structured, text: `User group ${id} has ${members.length} members now.` }
  },
})

/** User groups: they belong to the workspace and to no channel. */
export const USER_GROUP_TOOLS: readonly WriteEntry[] = [createGroup, updateGroup, setMembers]

function argsOf({ name, handle, description }: Fields): Readonly<Record<string, string>> {
  return {
    ...(name === undefined ? {} : { name: plainText(name) }),
    ...(handle === undefined ? {} : { handle: handle.replace(/^@/, '') }),
    ...(description === undefined ? {} : { description: plainText(description) }),
  }
}

function groupOf({ id, handle }: { readonly id: string; readonly handle?: string | undefined }) {
  return handle === undefined ? { user_group_id: id } : { user_group_id: id, handle }
}
