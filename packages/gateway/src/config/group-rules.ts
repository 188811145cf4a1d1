import type { GatewayConfig, GroupConfig } from '@sallyport/contract/config'
import type { ConfigPath, ReportPath } from '@sallyport/kit/config'

type Tell = (
  path: ConfigPath,
  message: string,
  remedy: string,
  severity?: 'error' | 'warning',
) => void

/** What groups must keep beyond their schema, as far as the file alone can tell. */
export function judgeGroups({ groups, servers }: GatewayConfig, report: ReportPath): void {
  for (const group of Object.values(groups)) {
    const tell: Tell = (path, message, remedy, severity = 'error') => {
      report(['groups', group.name, ...path], message, { remedy, severity })
    }
    if (Object.hasOwn(servers, group.name)) {
      const remedy = 'rename one of them: groups and servers share one name space'
      tell([], `there is a server \`${group.name}\` as well`, remedy)
    }
    judgeMembers(group, { groups, servers }, tell)
    judgeNumbers(group, tell)
    judgeChoice(group, tell)
    judgeRoots(group, servers, tell)
  }
}

function judgeMembers(
  { members }: GroupConfig,
  { groups, servers }: Pick<GatewayConfig, 'groups' | 'servers'>,
  tell: Tell,
): void {
  const seen = new Set<string>()
  for (const [index, { server }] of members.entries()) {
    const path = ['members', index]
    if (seen.has(server)) tell(path, `server \`${server}\` is named twice`, 'remove one of them')
    else if (Object.hasOwn(groups, server)) {
      tell(path, `\`${server}\` is a group`, 'name the members of that group here')
    } else if (!Object.hasOwn(servers, server)) {
      const remedy = 'name a server of `mcpServers`, or remove it'
      tell(path, `there is no server \`${server}\``, remedy)
    }
    seen.add(server)
  }
}

function judgeNumbers({ members, minHealthy, canary }: GroupConfig, tell: Tell): void {
  if (minHealthy > members.length) {
    const message = `the group needs ${minHealthy} healthy members and has ${members.length}`
    tell(['minHealthy'], message, `set it to ${members.length} or less, or add members`)
  }
  if (canary !== undefined && !members.some(({ server }) => server === canary.member)) {
    const message = `\`${canary.member}\` is no member of the group`
    tell(['canary', 'member'], message, 'add it to `members`, or name one of them')
  } else if (canary !== undefined && members.length === 1) {
    const message = 'the canary is the only member, so everybody gets it'
    tell(['canary'], message, 'add a member, or remove this', 'warning')
  } else if (canary?.percent === 0 && canary.principals.length === 0) {
    const remedy = 'set `percent` or `principals`, or remove it'
    tell(['canary'], 'nobody gets the canary', remedy, 'warning')
  }
}

/** What says how the member of a call is chosen, and has no say in it. */
function judgeChoice({ members, strategy }: GroupConfig, tell: Tell): void {
  const weighted = strategy === 'weighted' || strategy === 'random'
  const index = weighted ? -1 : members.findIndex(({ weight }) => weight !== 1)
  if (index !== -1) {
    const message = `\`weight\` has no effect with the strategy \`${strategy}\``
    const remedy = 'set `strategy` to `weighted` or `random`, or remove it'
    tell(['members', index, 'weight'], message, remedy, 'warning')
  }
  // By default it is the place in the list.
  const ranked = strategy === 'priority' ? -1 : members.findIndex(isRanked)
  if (ranked === -1) return
  const message = `\`priority\` has no effect with the strategy \`${strategy}\``
  const remedy = 'set `strategy` to `priority`, or remove it'
  tell(['members', ranked, 'priority'], message, remedy, 'warning')
}

function isRanked({ priority }: GroupConfig['members'][number], index: number): boolean {
  return priority !== index + 1
}

/** Which roots a call carries is settled before its member is chosen. */
function judgeRoots({ members }: GroupConfig, servers: GatewayConfig['servers'], tell: Tell): void {
  const texts = members.flatMap(({ server }) => {
    const roots = servers[server]?.roots
    return roots === undefined ? [] : JSON.stringify(roots)
  })
  const index = texts.findIndex((text) => text !== texts[0])
  if (index === -1) return
  const message = `\`${members[index]?.server}\` is told of other \`roots\` than \`${members[0]?.server}\``
  tell(['members', index], message, 'give all members of a group the same `roots`')
}
