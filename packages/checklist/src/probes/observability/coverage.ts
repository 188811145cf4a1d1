import {
  readPromql,
  readsSeries,
  readsValue,
  type Expression,
  type Selector,
} from '../../looks/promql.ts'
import type { Rule, RuleGroup } from '../../looks/prometheus.ts'

/** An alert with all that its expression reads, also through series that rules compute. */
export interface Alert {
  readonly name: string
  readonly severity: string
  readonly expression: Expression
}

/** Something that alerts must watch. */
export interface Need {
  /** As it reads after "an alert for". */
  readonly what: string
  /** An expression that would do. */
  readonly example: string
  isMet(expression: Expression): boolean
}

const DEPTH_MAX = 8

/** The alerts of loaded rules; one that cannot be evaluated never fires and is none. */
export function alertsOf(groups: readonly RuleGroup[]): Alert[] {
  const rules = groups.flatMap((group) => group.rules).filter(({ health }) => health !== 'err')
  const recorded = new Map<string, Rule>(
    rules.filter(({ type }) => type === 'recording').map((rule) => [rule.name, rule]),
  )
  return rules
    .filter(({ type }) => type === 'alerting')
    .map(({ name, query, labels }) => ({
      name,
      severity: labels?.['severity'] ?? '',
      expression: expanded(query, recorded, 0),
    }))
}

/** The expression with those of the recording rules that it reads. */
function expanded(query: string, recorded: ReadonlyMap<string, Rule>, depth: number): Expression {
  const own = readPromql(query)
  const selectors = [...own.selectors]
  const functions = new Set(own.functions)
  for (const { name } of depth < DEPTH_MAX ? own.selectors : []) {
    const rule = recorded.get(name)
    if (rule === undefined) continue
    const inner = expanded(rule.query, recorded, depth + 1)
    selectors.push(...inner.selectors)
    for (const each of inner.functions) functions.add(each)
  }
  return { selectors, functions }
}

/** Reads one of these series, of whatever labels. */
export function reads(...series: readonly string[]): (expression: Expression) => boolean {
  return ({ selectors }) =>
    selectors.some((selector) => series.some((name) => readsSeries(selector, name)))
}

/** Reads that series with one of these values of a label and without those that mean that all is well. */
export function readsOnly(
  series: string,
  label: string,
  { bad, good }: { readonly bad: readonly string[]; readonly good: readonly string[] },
): (expression: Expression) => boolean {
  const isBad = (selector: Selector) =>
    readsSeries(selector, series) &&
    bad.some((value) => readsValue(selector, label, value)) &&
    !good.some((value) => readsValue(selector, label, value))
  return ({ selectors }) => selectors.some(isBad)
}

/** Any of several. */
export function anyOf(
  ...ways: readonly ((expression: Expression) => boolean)[]
): (expression: Expression) => boolean {
  return (expression) => ways.some((way) => way(expression))
}
