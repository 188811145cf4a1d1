import { differencesOf } from './compare.ts'
import {
  acrossEras,
  knownDifferences,
  reasonFor,
  type Reasons,
  staleEntries,
} from './exceptions.ts'
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
  readonly scenario: string
  readonly check: string
  readonly within: Status | 'absent'
  readonly across: Status | 'absent'
  readonly message: string
  /** Why it cannot be otherwise; none where no list has it. */
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
  const [known, exceptions] = [await knownDifferences(), await acrossEras()]
  const reports: AcrossErasReport[] = []
  for (const { revision, server } of CROSSINGS) {
    const { required, others } = await requirementsOf(revision, 'server')
    if (only !== undefined && ![...required, ...others].includes(only)) continue
    const within = await runs.at(revision)
    const across = await runServerSuite(world.throughGateway(server), revision, only)
    const reasons = { ...known[revision], ...exceptions[server] }
    const losses = lossesOf(within, across, reasons)
    const stale = staleEntries(exceptions[server], new Set(within.keys()), losses)
    const ok = stale.length === 0 && losses.every(({ reason }) => reason !== undefined)
    reports.push({ revision, server, scenarios: within.size, losses, stale, ok })
  }
  return reports
}

/** Whatever passes within an era and does not pass across. What the suite only notes is no loss. */
export function lossesOf(within: Results, across: Results, reasons: Reasons): Loss[] {
  return [...within].flatMap(([scenario, checks]) =>
    differencesOf(checks, across.get(scenario) ?? [])
      .filter(({ direct, gateway }) => isWorse(direct, gateway))
      .map(({ check, direct, gateway, message }) => {
        const loss = { scenario, check, within: direct, across: gateway, message }
        const reason = reasonFor(reasons, scenario, check)
        return reason === undefined ? loss : { ...loss, reason }
      }),
  )
}

function isWorse(within: Status | 'absent', across: Status | 'absent'): boolean {
  if (within === 'SUCCESS') return true
  if (within === 'FAILURE') return false
  return across === 'FAILURE' || (across === 'WARNING' && within !== 'WARNING')
}
