import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { differencesOf } from './compare.ts'
import {
  type DirectRuns,
  requirementsOf,
  type Results,
  type Revision,
  runServerSuite,
  type Status,
} from './suite.ts'
import type { World } from './world.ts'

/** A check that comes out worse across the eras than within one. */
export interface Loss {
  /** `scenario:check`, as the list of exceptions has it. */
  readonly check: string
  readonly within: Status | 'absent'
  readonly across: Status | 'absent'
  readonly message: string
  /** Why it cannot be otherwise; none where the list does not have it. */
  readonly reason?: string
}

/** One revision's scenarios through the gateway to a server of the other era. */
export interface AcrossErasReport {
  readonly revision: Revision
  readonly server: 'legacy' | 'modern'
  readonly scenarios: number
  readonly losses: readonly Loss[]
  /** Entries of the list that are needed no more. */
  readonly stale: readonly string[]
  /** Nothing is lost that the list does not justify, and the list holds nothing else. */
  readonly ok: boolean
}

type Exceptions = Readonly<Record<'legacy' | 'modern', Readonly<Record<string, string>>>>

const CROSSINGS = [
  { revision: '2025-11-25', server: 'modern' },
  { revision: '2026-07-28', server: 'legacy' },
] as const

/** Runs each set against the gateway in front of a server that speaks the other era only. */
export async function runAcrossEras(
  world: World,
  runs: DirectRuns,
  only?: string,
): Promise<AcrossErasReport[]> {
  const exceptions = await readExceptions()
  const reports: AcrossErasReport[] = []
  for (const { revision, server } of CROSSINGS) {
    const { required, others } = await requirementsOf(revision, 'server')
    if (only !== undefined && ![...required, ...others].includes(only)) continue
    const within = await runs.at(revision)
    const across = await runServerSuite(world.throughGateway(server), revision, only)
    const losses = lossesOf(within, across, exceptions[server])
    const needed = new Set(losses.map(({ check }) => check))
    const stale = Object.keys(exceptions[server]).filter(
      (entry) => within.has(scenarioOf(entry)) && !needed.has(entry),
    )
    const ok = stale.length === 0 && losses.every(({ reason }) => reason !== undefined)
    reports.push({ revision, server, scenarios: within.size, losses, stale, ok })
  }
  return reports
}

/** Whatever passes within an era and does not pass across. What the suite only notes is no loss. */
export function lossesOf(
  within: Results,
  across: Results,
  exceptions: Readonly<Record<string, string>>,
): Loss[] {
  return [...within].flatMap(([scenario, checks]) =>
    differencesOf(checks, across.get(scenario) ?? [])
      .filter(({ direct, gateway }) => isWorse(direct, gateway))
      .map(({ check, direct, gateway, message }) => {
        const name = `${scenario}:${check}`
        const reason = exceptions[name]
        const loss = { check: name, within: direct, across: gateway, message }
        return reason === undefined ? loss : { ...loss, reason }
      }),
  )
}

function isWorse(within: Status | 'absent', across: Status | 'absent'): boolean {
  if (within === 'SUCCESS') return true
  return (
    within !== 'FAILURE' && (across === 'FAILURE' || (across === 'WARNING' && within !== 'WARNING'))
  )
}

function scenarioOf(entry: string): string {
  return entry.slice(0, entry.indexOf(':'))
}

async function readExceptions(): Promise<Exceptions> {
  const file = new URL('across-eras.yaml', import.meta.url)
  return parse(await readFile(file, 'utf8')) as Exceptions // our own file, beside this one
}
