import { compareResults, type ScenarioRow } from './compare.ts'
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
  /** Everything required passes both ways, and no check differs. */
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
    reports.push(reportOf(revision, compareResults(requirements, direct, gateway)))
  }
  return reports
}

function reportOf(revision: Revision, rows: ScenarioRow[]): SameEraReport {
  const required = rows.filter((row) => row.required)
  const passedDirect = required.filter(({ direct }) => direct.ok).length
  const passedThroughGateway = required.filter(({ gateway }) => gateway.ok).length
  const same = rows.every(({ differences }) => differences.length === 0)
  const all = passedDirect === required.length && passedThroughGateway === required.length
  return {
    revision,
    rows,
    required: required.length,
    passedDirect,
    passedThroughGateway,
    ok: same && all && required.length + rows.length > 0,
  }
}
