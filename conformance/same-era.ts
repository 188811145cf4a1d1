import { compareResults, type ScenarioRow } from './compare.ts'
import { knownDifferences, staleEntries } from './exceptions.ts'
import {
  type DirectRuns,
  requirementsOf,
  REVISIONS,
  type Revision,
  runServerSuite,
} from './suite.ts'
import type { World } from './world.ts'

/** One revision's server scenarios with and without the gateway. */
export interface SameEraReport {
  readonly revision: Revision
  readonly rows: readonly ScenarioRow[]
  readonly required: number
  readonly passedDirect: number
  readonly passedThroughGateway: number
  /** Entries of the list of known differences that are needed no more. */
  readonly stale: readonly string[]
  /** Everything required passes both ways, and no check differs but those that the list has. */
  readonly ok: boolean
}

/** Runs both sets against the fixture of both eras, then through the gateway, and compares. */
export async function runSameEra(
  world: World,
  runs: DirectRuns,
  only?: string,
): Promise<SameEraReport[]> {
  const reports: SameEraReport[] = []
  for (const revision of REVISIONS) {
    const requirements = await requirementsOf(revision, 'server')
    const all = [...requirements.required, ...requirements.others]
    if (only !== undefined && !all.includes(only)) continue
    const direct = await runs.at(revision)
    const gateway = await runServerSuite(world.throughGateway('dual'), revision, only)
    const reasons = (await knownDifferences())[revision]
    const rows = compareResults(requirements, direct, gateway, reasons)
    const differences = rows.flatMap(({ scenario, differences }) =>
      differences.map(({ check }) => ({ scenario, check })),
    )
    const stale = staleEntries(reasons, new Set(direct.keys()), differences)
    reports.push(reportOf(revision, rows, stale))
  }
  return reports
}

function reportOf(revision: Revision, rows: ScenarioRow[], stale: string[]): SameEraReport {
  const required = rows.filter((row) => row.required)
  const passedDirect = required.filter(({ direct }) => direct.ok).length
  const passedThroughGateway = required.filter(({ gateway }) => gateway.ok).length
  const same = rows.every(({ differences }) =>
    differences.every(({ reason }) => reason !== undefined),
  )
  const all = passedDirect === required.length && passedThroughGateway === required.length
  return {
    revision,
    rows,
    required: required.length,
    passedDirect,
    passedThroughGateway,
    stale,
    ok: same && all && stale.length === 0 && rows.length > 0,
  }
}
