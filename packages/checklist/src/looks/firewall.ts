import { join } from 'node:path'
import { z } from 'zod'
import { fact } from '../deployment.ts'
import { readText } from './read-text.ts'
import { runCommand } from './run-command.ts'

/** What one firewall does with what no rule lets in. */
export interface FirewallView {
  readonly name: 'ufw' | 'nft' | 'iptables' | 'ip6tables'
  readonly families: readonly ('IPv4' | 'IPv6')[]
  readonly isDenied: boolean
}

/** What the firewalls of this host were seen to do. */
export interface Firewalls {
  readonly views: readonly FirewallView[]
  /** Commands that this user may not run. */
  readonly forbidden: readonly string[]
}

const FORBIDDEN = /permission denied|not permitted|need to be root|must be root/i

/** The firewalls of this host, asked by their own commands. */
export const firewallFacts = fact(async (deployment, signal): Promise<Firewalls> => {
  const views: FirewallView[] = []
  const forbidden: string[] = []
  const ask = async (
    name: FirewallView['name'],
    args: readonly string[],
    read: (text: string) => FirewallView[],
  ) => {
    const result = await runCommand(deployment, name, args, signal)
    if (result === undefined) return
    if (result.code === 0) views.push(...read(result.stdout))
    else if (FORBIDDEN.test(`${result.stderr}${result.stdout}`)) forbidden.push(name)
  }
  await ask('ufw', ['status', 'verbose'], ufwView)
  await ask('nft', ['-j', 'list', 'ruleset'], nftViews)
  await ask('iptables', ['-S', 'INPUT'], (text) => tablesView('iptables', 'IPv4', text))
  await ask('ip6tables', ['-S', 'INPUT'], (text) => tablesView('ip6tables', 'IPv6', text))
  return { views, forbidden }
})

/** Whether this host has an address of IPv6 beyond itself. */
export async function hasIpv6(root: string, signal: AbortSignal): Promise<boolean> {
  const { text } = await readText(join(root, 'proc/net/if_inet6'), signal)
  return (text ?? '').split('\n').some((line) => /\S/.test(line) && !/\slo$/.test(line))
}

function ufwView(text: string): FirewallView[] {
  if (!/^Status: active$/m.test(text)) return []
  const isDenied = /^Default: (?:deny|reject) \(incoming\)/m.test(text)
  return [{ name: 'ufw', families: ['IPv4', 'IPv6'], isDenied }]
}

const expression = z.record(z.string(), z.unknown())
const ruleset = z.object({
  nftables: z.array(
    z.object({
      chain: z
        .object({
          ...{ family: z.string(), table: z.string(), name: z.string() },
          ...{
            type: z.string().optional(),
            hook: z.string().optional(),
            policy: z.string().optional(),
          },
        })
        .optional(),
      rule: z
        .object({
          ...{ family: z.string(), table: z.string(), chain: z.string() },
          expr: z.array(expression).default([]),
        })
        .optional(),
    }),
  ),
})

type Ruleset = z.output<typeof ruleset>['nftables']

function nftViews(text: string): FirewallView[] {
  const { nftables } = ruleset.parse(JSON.parse(text))
  return nftables.flatMap(({ chain }): FirewallView[] => {
    if (chain?.hook !== 'input' || chain.type !== 'filter') return []
    const families = FAMILIES[chain.family]
    if (families === undefined) return []
    return [
      { name: 'nft', families, isDenied: chain.policy === 'drop' || endsInDrop(chain, nftables) },
    ]
  })
}

const FAMILIES: Readonly<Record<string, readonly ('IPv4' | 'IPv6')[]>> = {
  inet: ['IPv4', 'IPv6'],
  ip: ['IPv4'],
  ip6: ['IPv6'],
}

/** Whether the last rule of a chain takes all that is left and lets nothing in. */
function endsInDrop(chain: NonNullable<Ruleset[number]['chain']>, all: Ruleset): boolean {
  const rules = all.flatMap(({ rule }) =>
    rule?.family === chain.family && rule.table === chain.table && rule.chain === chain.name
      ? [rule]
      : [],
  )
  const last = rules.at(-1)?.expr.filter((one) => !('counter' in one) && !('log' in one)) ?? []
  return last.length === 1 && last[0] !== undefined && ('drop' in last[0] || 'reject' in last[0])
}

function tablesView(
  name: FirewallView['name'],
  family: 'IPv4' | 'IPv6',
  text: string,
): FirewallView[] {
  const lines = text.trim().split('\n')
  const isDenied =
    lines.includes('-P INPUT DROP') || /^-A INPUT -j (?:DROP|REJECT)\b/.test(lines.at(-1) ?? '')
  return [{ name, families: [family], isDenied }]
}
