import type { ServerItem, ServerList } from '@sallyport/contract/admin'
import { printable } from '@sallyport/kit/log'
import type { ConfigOptions } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'
import { SocketAdministration } from '../socket-administration.ts'
import { fitTable, formatFacts } from '../table.ts'
import { agoOf, durationOf } from '../times.ts'

const TEXT_CHARACTERS_MAX = 500

interface Output {
  readonly json?: boolean
}

/** `servers list`: the servers of the running gateway, one line each. */
export async function listServers(
  context: Context,
  options: ConfigOptions & Output,
): Promise<number> {
  const { terminal } = context
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const list = await gateway.listServers()
  if (!options.json && list.draining) terminal.print(drainingLine(list.draining))
  if (options.json) terminal.print(JSON.stringify(list))
  else if (list.items.length === 0) terminal.note('no servers are configured')
  else terminal.print(formatServers(list.items, terminal.columns))
  return EXIT.ok
}

function drainingLine({ at, reason }: NonNullable<ServerList['draining']>): string {
  const why = reason === '' ? '' : ` (${printable(reason, TEXT_CHARACTERS_MAX)})`
  return `the gateway takes no new calls since ${at}${why}: \`sallyport drain --off\` ends that\n`
}

/** A line for each server; where it is narrow, what matters least gives way. */
export function formatServers(servers: readonly ServerItem[], width: number | undefined): string {
  return fitTable(
    ['name', 'kind', 'state', 'check', 'in flight', 'tools', 'pid', 'era', 'reason'],
    servers.map((server) => [
      server.name,
      server.kind,
      server.state,
      checkWord(server),
      String(server.inFlight),
      String(server.tools ?? '-'),
      String(server.pid ?? '-'),
      server.era ?? '-',
      whyOf(server),
    ]),
    { width, spare: ['era', 'kind', 'pid', 'tools', 'check', 'in flight'] },
  )
}

/** `servers show`: all that is known of one server. */
export async function showServer(
  context: Context,
  name: string,
  options: ConfigOptions & Output,
): Promise<number> {
  const { terminal, clock } = context
  await using gateway = new SocketAdministration(await localSocket(context, options))
  const server = await gateway.showServer(name)
  if (options.json) terminal.print(JSON.stringify(server))
  else terminal.print(formatServer(server, clock.nowMs(), terminal.columns))
  return EXIT.ok
}

/** One server in labelled lines, the urgent ones first. */
export function formatServer(server: ServerItem, nowMs: number, width: number | undefined): string {
  const text = (value: string | null): string | undefined =>
    value === null ? undefined : printable(value, TEXT_CHARACTERS_MAX)
  const { state, breaker, mark, check } = server
  const reason = ownReason(server)
  const facts = [
    ['state', reason === null ? state : `${state}: ${printable(reason, TEXT_CHARACTERS_MAX)}`],
    ['mark', mark === null ? undefined : `${markWords(mark)}, ${agoOf(mark.at, nowMs)}`],
    ['check', check === null ? 'none yet' : `${checkWords(check)}, ${agoOf(check.at, nowMs)}`],
    ['breaker', BREAKER_WORDS[breaker]],
    ['in flight', String(server.inFlight)],
    ['children', server.pids.length === 0 ? undefined : `pid ${server.pids.join(', ')}`],
    ['kind', server.era === null ? server.kind : `${server.kind}, ${server.era} era`],
    ['tools', server.tools === null ? 'not known yet' : String(server.tools)],
    ['groups', server.groups.length === 0 ? undefined : server.groups.join(', ')],
    ['prestart', server.prestart ? 'yes' : undefined],
    ['owner', text(server.owner)],
    ['description', text(server.description)],
    ['runbook', text(server.runbook)],
  ] as const
  return formatFacts(server.name, facts, width)
}

const BREAKER_WORDS = {
  closed: 'closed',
  open: 'OPEN: calls are refused at once because its transport kept failing',
  'half-open': 'half-open: one call may try',
} as const satisfies Record<ServerItem['breaker'], string>

function checkWord({ check }: ServerItem): string {
  if (check === null) return '-'
  return check.ok ? 'ok' : 'failed'
}

/** `ok (call, 12 ms)`, or why not. */
export function checkWords(check: NonNullable<ServerItem['check']>): string {
  const how = `${check.kind}, ${durationOf(check.durationMs)}`
  if (check.ok) return `ok (${how})`
  return `failed (${how}): ${printable(check.reason ?? 'no reason given', TEXT_CHARACTERS_MAX)}`
}

/** `blocked by local: disk full`. */
function markWords({ kind, by, reason }: NonNullable<ServerItem['mark']>): string {
  const why = reason === '' ? '' : `: ${printable(reason, TEXT_CHARACTERS_MAX)}`
  return `${kind} by ${printable(by, TEXT_CHARACTERS_MAX)}${why}`
}

/** Why calls do not get through, from the strongest cause to the weakest. */
function whyOf(server: ServerItem): string {
  const { mark, breaker, check } = server
  const reason = ownReason(server)
  const failed = check !== null && !check.ok && reason === null ? check.reason : null
  const parts = [
    mark === null ? null : markWords(mark),
    breaker === 'closed' ? null : `breaker ${breaker}`,
    reason,
    failed === null ? null : `last check: ${failed}`,
  ]
  return printable(parts.filter((part) => part !== null).join('; '), TEXT_CHARACTERS_MAX)
}

/** Why it is in its state, where the mark does not say so already. */
function ownReason({ mark, state, reason }: ServerItem): string | null {
  return mark?.kind === state ? null : reason
}
