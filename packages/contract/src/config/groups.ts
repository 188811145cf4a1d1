import { z } from 'zod'
import { breaker, type BreakerConfig } from './breaker.ts'
import { serverName } from './name.ts'
import { count, flag, optionalCount } from './units.ts'

/** How the member of a call is chosen. */
export const STRATEGIES = [
  'round-robin',
  'weighted',
  'least-in-flight',
  'random',
  'priority',
] as const
export type Strategy = (typeof STRATEGIES)[number]

/** One server of a group, with what strategies ask of it. */
export interface GroupMember {
  readonly server: string
  /** Share of the calls with `weighted` and `random`, 1 to 100. */
  readonly weight: number
  /** Lower is asked first with `priority`; members of one priority take turns. */
  readonly priority: number
}

/** A member that gets chosen principals, and a share of the others. */
export interface CanaryConfig {
  readonly member: string
  /** Share of the principals that are not pinned, 0 to 100; the same principal always falls on the same side. */
  readonly percent: number
  /** Ids or names of principals that always go there. */
  readonly principals: readonly string[]
}

/** Several servers that answer for one name. */
export interface GroupConfig {
  /** The key of the group in the file. */
  readonly name: string
  readonly members: readonly GroupMember[]
  readonly strategy: Strategy
  /** Healthy members that the group needs. */
  readonly minHealthy: number
  /** What happens with fewer: calls are refused, or go to what there is. */
  readonly below: 'refuse' | 'serve'
  readonly hideMembers: boolean
  readonly canary: CanaryConfig | undefined
  readonly breaker: BreakerConfig
  readonly owner?: string | undefined
  readonly description?: string | undefined
  readonly runbook?: string | undefined
}

const MEMBERS_MAX = 100
const GROUPS_MAX = 1_000
const note = z.string().max(500)

const weight = count({
  min: 1,
  max: 100,
  fallback: 1,
  unit: 'shares',
  description: 'Share of the calls with `weighted` and `random`.',
})
const priority = optionalCount({
  min: 1,
  max: 100,
  unit: 'ranks',
  description: 'Lower is asked first with `priority`; the place in the list by default.',
})

const member = z.union([serverName, z.strictObject({ server: serverName, weight, priority })])

const canary = z
  .strictObject({
    member: serverName.meta({ description: 'The member that is tried out.' }),
    percent: count({
      min: 0,
      max: 100,
      fallback: 0,
      unit: 'percent',
      description: 'Share of the principals that go there; a principal stays on its side.',
    }),
    principals: z
      .array(z.string().min(1).max(256))
      .max(1_000)
      .default([])
      .meta({ description: 'Ids or names of principals that always go there.' }),
  })
  .meta({ description: 'A member that only some principals reach while it is healthy.' })

/** One group as it stands in the file. */
export const group = z
  .strictObject({
    members: z
      .array(member)
      .min(1)
      .max(MEMBERS_MAX)
      .meta({ description: 'Names of servers, or `{ server, weight, priority }`.' }),
    strategy: z
      .enum(STRATEGIES)
      .default('round-robin')
      .meta({ description: 'How the member of a call is chosen.' }),
    minHealthy: count({
      min: 1,
      max: MEMBERS_MAX,
      fallback: 1,
      unit: 'members',
      description: 'Healthy members that the group needs; a cold one counts as healthy.',
    }),
    below: z.enum(['refuse', 'serve']).default('serve').meta({
      description:
        'What happens with fewer: `refuse` = its calls are refused and the gateway is not ready; `serve` = they go to the members there are, and health, metrics and lists say so.',
    }),
    hideMembers: flag(
      false,
      'Members are reached through the group only, and are on no other list.',
    ),
    canary: canary.optional(),
    breaker,
    owner: note.optional().meta({ description: 'Whom to ask about it.' }),
    description: note.optional().meta({ description: 'What it is for.' }),
    runbook: note.optional().meta({ description: 'Where it says what to do when it fails.' }),
  })
  .meta({ description: 'Several servers that answer for one name.' })

/** A group as it stands in the file, with defaults. */
export type GroupEntry = z.output<typeof group>

/** The groups of the file, by name. */
export const groups = z
  .record(serverName, group)
  .prefault({})
  .refine((entries) => Object.keys(entries).length <= GROUPS_MAX, {
    error: `more than ${GROUPS_MAX} groups`,
    params: { remedy: 'run several gateways' },
  })
  .meta({
    description:
      'Servers that do the same answer for one name, which shares the name space of servers.',
  })

/** Completes one entry with its name. */
export function toGroupConfig(name: string, entry: GroupEntry): GroupConfig {
  const members = entry.members.map((given, index): GroupMember => {
    const own = typeof given === 'string' ? { server: given, weight: 1 } : given
    return { server: own.server, weight: own.weight, priority: priorityOf(given) ?? index + 1 }
  })
  return { ...entry, name, members, canary: entry.canary }
}

function priorityOf(given: GroupEntry['members'][number]): number | undefined {
  return typeof given === 'string' ? undefined : given.priority
}
