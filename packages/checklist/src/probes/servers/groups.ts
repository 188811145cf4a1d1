import type { GatewayConfig, GroupConfig } from '@sallyport/contract/config'
import { judged, notApplicable, type Probe, type Seen, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { groupFacts } from '../../looks/gateway.ts'
import { someOf, withConfig, noGateway } from '../needs.ts'

/** What must outlive the loss of one member does. */
export const groupsCritical: Probe = {
  kind: 'probe',
  title: 'Every critical server stands in a group of two members or more',
  remedy:
    'put each into a group with another that can do the same: `groups: { NAME: { members: [a, b] } }`',
  look: async (deployment) =>
    withConfig(deployment, (config) => {
      const { critical } = deployment.settings.objectives
      if (critical === undefined) return undeclared()
      if (critical.length === 0)
        return notApplicable('`checklist.objectives.critical` says that none is critical')
      const faults = critical.flatMap((name) => faultOf(config, name) ?? [])
      return judged(faults, [seen(`in groups of two or more: ${someOf(critical)}`)])
    }),
}

function faultOf({ groups, servers }: GatewayConfig, name: string): Seen | undefined {
  const own = groups[name]
  if (own !== undefined) {
    return own.members.length >= 2 ? undefined : seen(`groups.${name} has one member`)
  }
  if (servers[name] === undefined) return seen(`there is no server or group ${name}`)
  const within = Object.values(groups).some(
    ({ members }) => members.length >= 2 && members.some(({ server }) => server === name),
  )
  return within ? undefined : seen(`${name} is in no group of two or more`)
}

/** A critical group can lose a member, and is noticed when it has too few. */
export const minHealthy: Probe = {
  kind: 'probe',
  title: 'Every critical group can lose a member and still has as many as it needs',
  remedy: 'set `minHealthy` below the number of members, or add a member',
  look: async (deployment) =>
    withConfig(deployment, ({ groups }) => {
      const { critical } = deployment.settings.objectives
      if (critical === undefined) return undeclared()
      const concerned = Object.values(groups).filter((group) => isCritical(group, critical))
      if (concerned.length === 0) return notApplicable('no group of this deployment is critical')
      return judged(
        concerned.flatMap(({ name, minHealthy: least, members }) =>
          least < members.length
            ? []
            : [seen(`groups.${name}.minHealthy is ${least} of ${members.length} members`)],
        ),
        concerned.map(({ name, minHealthy: least, members, below }) =>
          seen(`${name} needs ${least} of ${members.length}, else it will ${below}`),
        ),
      )
    }),
}

function isCritical({ name, members }: GroupConfig, critical: readonly string[]): boolean {
  return critical.includes(name) || members.some(({ server }) => critical.includes(server))
}

/** Every group has all its members. */
export const groupsHealthy: Probe = {
  kind: 'probe',
  title: 'Every member of every group takes calls',
  remedy: 'ask `sallyport servers list` why a member does not, and mend it',
  look: async (deployment: Deployment, signal) => {
    const groups = await groupFacts(deployment, signal)
    if (groups === undefined) return noGateway(deployment)
    if (groups.length === 0) return notApplicable('this deployment has no groups')
    return judged(
      groups
        .filter(({ state }) => state !== 'healthy')
        .map(({ name, state, healthy, members }): Seen => {
          return {
            kind: 'gateway',
            text: `${name} is ${state}: ${healthy} of ${members.length} members are healthy`,
          }
        }),
      groups.map(({ name, healthy }): Seen => ({
        kind: 'gateway',
        text: `${name}: all ${healthy} members are healthy`,
      })),
    )
  },
}

function undeclared() {
  return unproved(
    'config',
    'it is not declared which servers are critical',
    'set `checklist.objectives.critical` to their names, or to `[]`',
  )
}

function seen(text: string): Seen {
  return { kind: 'config', text }
}
