import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import type { Revision } from './suite.ts'

/** Why a check may come out differently, by `scenario` or `scenario:check`. */
export type Reasons = Readonly<Record<string, string>>

/** Where the gateway itself behaves otherwise, and why it may. */
export function knownDifferences(): Promise<Readonly<Record<Revision, Reasons>>> {
  return read('known-differences.yaml')
}

/** What a server of one era cannot have for a client of the other. */
export function acrossEras(): Promise<Readonly<Record<'legacy' | 'modern', Reasons>>> {
  return read('across-eras.yaml')
}

/** What of the suite asks for things that the Slack server does not offer. */
export function slackOffers(): Promise<Readonly<Record<Revision, Reasons>>> {
  return read('slack.yaml')
}

/** The reason that covers a check, if there is one. */
export function reasonFor(reasons: Reasons, scenario: string, check: string): string | undefined {
  return reasons[`${scenario}:${check}`] ?? reasons[scenario]
}

/** Entries that cover none of these checks, of the scenarios that ran. */
export function staleEntries(
  reasons: Reasons,
  ran: ReadonlySet<string>,
  checks: readonly { readonly scenario: string; readonly check: string }[],
): string[] {
  const covered = new Set(
    checks.flatMap(({ scenario, check }) => [scenario, `${scenario}:${check}`]),
  )
  return Object.keys(reasons).filter(
    (entry) => ran.has(entry.split(':')[0] ?? '') && !covered.has(entry),
  )
}

async function read<Value>(name: string): Promise<Value> {
  const text = await readFile(new URL(name, import.meta.url), 'utf8')
  return parse(text) as Value // our own file, beside this one
}
