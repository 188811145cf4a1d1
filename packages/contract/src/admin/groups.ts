import { z } from 'zod'
import { STRATEGIES } from '../config/groups.ts'
import { listOf } from './list.ts'
import { breakerState, serverState } from './servers.ts'

const note = z.string().nullable()

/** One member of a group, as the group sees it now. */
export const groupMemberItem = z
  .strictObject({
    server: z.string(),
    state: serverState,
    healthy: z.boolean().meta({ description: 'Whether calls go to it; a cold one is healthy.' }),
    reason: z.string().nullable().meta({ description: 'Why they do not; null where they do.' }),
    weight: z.int().min(1),
    priority: z.int().min(1),
    inFlight: z.int().min(0),
  })
  .meta({ id: 'GroupMember' })

/** Several servers that answer for one name, as they are now. */
export const groupItem = z
  .strictObject({
    name: z.string(),
    strategy: z.enum(STRATEGIES),
    state: z.enum(['healthy', 'partial', 'below', 'open']).meta({
      description:
        'open: its breaker is; below: fewer members than it needs are healthy; partial: not all are.',
    }),
    healthy: z.int().min(0).meta({ description: 'How many members are healthy.' }),
    minHealthy: z.int().min(1).meta({ description: 'How many it needs.' }),
    below: z.enum(['refuse', 'serve']).meta({ description: 'What happens with fewer.' }),
    breaker: breakerState,
    hideMembers: z.boolean(),
    canary: z
      .strictObject({ member: z.string(), percent: z.int().min(0).max(100) })
      .nullable()
      .meta({ description: 'The member that only some principals reach.' }),
    members: z.array(groupMemberItem),
    owner: note,
    description: note,
    runbook: note,
  })
  .meta({ id: 'Group' })

export const groupList = listOf(groupItem).meta({ id: 'GroupList' })

export type GroupItem = z.output<typeof groupItem>
export type GroupList = z.output<typeof groupList>
