import { reasonFor, type Reasons } from './exceptions.ts'
import type { Check, Requirements, Results, Status } from './suite.ts'

/** One check that is not the same with and without the gateway; `absent` where it was not made. */
export interface Difference {
  readonly check: string
  readonly direct: Status | 'absent'
  readonly gateway: Status | 'absent'
  /** What the suite said about the worse of the two. */
  readonly message: string
  /** Why it may be so; none where the list does not have it. */
  readonly reason?: string
}

/** One scenario, both ways. */
export interface ScenarioRow {
  readonly scenario: string
  readonly required: boolean
  readonly direct: Tally
  readonly gateway: Tally
  readonly differences: readonly Difference[]
}

/** How many checks passed, of those that can pass or fail. */
export interface Tally {
  readonly passed: number
  readonly counted: number
  readonly ok: boolean
}

/** Both runs side by side, check by check. */
export function compareResults(
  { required, others }: Requirements,
  direct: Results,
  gateway: Results,
  reasons: Reasons = {},
): ScenarioRow[] {
  const rowOf = (scenario: string, isRequired: boolean): ScenarioRow => {
    const [a, b] = [direct.get(scenario) ?? [], gateway.get(scenario) ?? []]
    return {
      scenario,
      required: isRequired,
      direct: tallyOf(a),
      gateway: tallyOf(b),
      differences: differencesOf(a, b).map((difference) => {
        const reason = reasonFor(reasons, scenario, difference.check)
        return reason === undefined ? difference : { ...difference, reason }
      }),
    }
  }
  const ran = ({ scenario }: ScenarioRow): boolean => direct.has(scenario) || gateway.has(scenario)
  return [
    ...required.map((scenario) => rowOf(scenario, true)),
    ...others.map((scenario) => rowOf(scenario, false)),
  ].filter(ran)
}

/** A scenario passes as the suite counts: none of its checks failed. One that made none did not run. */
export function tallyOf(checks: readonly Check[]): Tally {
  const passed = checks.filter(({ status }) => status === 'SUCCESS').length
  const failed = checks.filter(({ status }) => status === 'FAILURE').length
  return { passed, counted: passed + failed, ok: failed === 0 && checks.length > 0 }
}

/** What `other` finds worse, better or not at all; checks with one id and name go by their order. */
export function differencesOf(one: readonly Check[], other: readonly Check[]): Difference[] {
  const [a, b] = [byKey(one), byKey(other)]
  const keys = [...new Set([...a.keys(), ...b.keys()])]
  return keys.flatMap((key): Difference[] => {
    const [left, right] = [a.get(key), b.get(key)]
    if (left?.status === right?.status) return []
    return [
      {
        check: left?.id ?? right?.id ?? key,
        direct: left?.status ?? 'absent',
        gateway: right?.status ?? 'absent',
        message: right?.errorMessage ?? left?.errorMessage ?? '',
      },
    ]
  })
}

function byKey(checks: readonly Check[]): Map<string, Check> {
  const seen = new Map<string, number>()
  return new Map(
    checks.map((check) => {
      const name = `${check.id} ${check.name}`
      const nth = (seen.get(name) ?? 0) + 1
      seen.set(name, nth)
      return [`${name} ${nth}`, check]
    }),
  )
}
