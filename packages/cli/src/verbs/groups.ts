import type { GroupItem } from '@sallyport/contract/admin'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { SocketAdministration } from '../socket-administration.ts'
import { fitTable, formatFacts } from '../table.ts'

const TEXT_CHARACTERS_MAX = 500

/** `groups`: the groups of the running gateway, a line for each member. */
export async function listGroups(
  context: Context,
  options: ConfigOptions & { readonly json?: boolean },
): Promise<number> {
  const { terminal } = context
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const list = await gateway.listGroups()
  if (options.json) terminal.print(JSON.stringify(list))
  else if (list.items.length === 0) terminal.note('no groups are configured')
  else terminal.print(list.items.map((group) => formatGroup(group, terminal.columns)).join('\n\n'))
  return EXIT.ok
}

/** A group in one line, what its configuration says of it, its members in a table below. */
export function formatGroup(group: GroupItem, width: number | undefined): string {
  const members = fitTable(
    ['  member', 'state', 'takes calls', 'weight', 'priority', 'in flight', 'reason'],
    group.members.map((member) => [
      `  ${member.server}${member.server === group.canary?.member ? ' (canary)' : ''}`,
      member.state,
      member.healthy ? 'yes' : 'no',
      String(member.weight),
      String(member.priority),
      String(member.inFlight),
      printable(member.reason ?? '', TEXT_CHARACTERS_MAX),
    ]),
    { width, spare: ['weight', 'priority'] },
  )
  return `${formatFacts(headOf(group), notesOf(group), width)}\n${members}`
}

function notesOf({ owner, description, runbook }: GroupItem): [string, string | undefined][] {
  const shown = (note: string | null): string | undefined =>
    note === null ? undefined : printable(note, TEXT_CHARACTERS_MAX)
  return [
    ['owner', shown(owner)],
    ['description', shown(description)],
    ['runbook', shown(runbook)],
  ]
}

function headOf(group: GroupItem): string {
  const { name, strategy, healthy, minHealthy, below, state, members, canary } = group
  const counted = `${healthy} of ${members.length} healthy, needs ${minHealthy}`
  const effect = below === 'refuse' ? 'REFUSES CALLS' : 'serves with what there is'
  const words = {
    healthy: 'ok',
    partial: 'a member is out',
    below: effect,
    open: 'BREAKER OPEN: calls are refused',
  } as const satisfies Record<GroupItem['state'], string>
  const share = canary === null ? '' : `, ${canary.percent}% to ${canary.member}`
  return `${name}: ${words[state]} (${counted}; ${strategy}${share})`
}
