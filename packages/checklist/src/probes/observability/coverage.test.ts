import { expect, test } from 'vitest'
import type { RuleGroup } from '../../looks/prometheus.ts'
import { alertsOf, type Need } from './coverage.ts'
import { CHECKLIST_NEEDS, DATABASE_NEEDS, OAUTH_NEEDS, SERVER_NEEDS } from './needs.ts'

const NEEDS: readonly Need[] = [
  ...SERVER_NEEDS,
  ...OAUTH_NEEDS,
  ...DATABASE_NEEDS,
  ...CHECKLIST_NEEDS,
]

type Rule = RuleGroup['rules'][number]

function rule(name: string, query: string, more: Partial<Rule> = {}): Rule {
  return { type: 'alerting', name, query, health: 'ok', ...more }
}

/** What rules watch for, of everything that must be watched. */
function watched(...rules: readonly Rule[]): string[] {
  const alerts = alertsOf([{ name: 'group', file: 'rules.yml', rules: [...rules] }])
  return NEEDS.filter(({ isMet }) => alerts.some(({ expression }) => isMet(expression))).map(
    ({ what }) => what,
  )
}

test.each(NEEDS)('the example of an alert for $what watches for just that', ({ what, example }) => {
  expect(watched(rule('Any', example))).toEqual([what])
})

test.each([
  [
    'servers in a state that is bad',
    'sallyport_server_state{state="degraded"} == 1',
    ['a server that is down'],
  ],
  [
    'servers out of the state that is good',
    'sallyport_server_state{state="ready"} == 0',
    ['a server that is down'],
  ],
  ['every state of servers at once', 'sallyport_server_state == 1', []],
  [
    'breakers that are not closed',
    'sallyport_server_breaker{state!="closed"} == 1',
    ['an open breaker'],
  ],
  ['every state of breakers at once', 'sallyport_server_breaker == 1', []],
  ['half-open breakers only', 'sallyport_server_breaker{state="half-open"} == 1', []],
  ['all looks, good and bad', 'rate(sallyport_server_checks_total[5m]) > 1', []],
  ['good calls only', 'rate(sallyport_calls_total{outcome="ok"}[5m]) > 1', []],
  [
    'calls refused to the caller only',
    'rate(sallyport_calls_total{outcome="refused"}[5m]) > 1',
    [],
  ],
  [
    'failed calls against all calls',
    'sum(rate(sallyport_calls_total{outcome!="ok"}[5m])) / sum(rate(sallyport_calls_total[5m])) > 0.01',
    ['failing calls'],
  ],
  [
    'tools that fail',
    'increase(sallyport_tool_calls_total{outcome="error"}[5m]) > 3',
    ['failing calls'],
  ],
  ['a database that is down', 'pg_up == 0', ['a store that cannot be written']],
  [
    'when the checklist ran last',
    'time() - sallyport_checklist_last_run_timestamp_seconds > 9e4',
    [],
  ],
] as const)('an alert on %s counts for what it reads', (_what, query, expected) => {
  expect(watched(rule('Any', query))).toEqual(expected)
})

test('an alert reads what the rules read whose series it reads, also in two steps and in a circle', () => {
  const recording = (name: string, query: string) => rule(name, query, { type: 'recording' })
  expect(
    watched(
      rule('Stepwise', 'job:bad:ratio > 0.1'),
      recording('job:bad:ratio', 'job:bad:rate5m / job:bad:ratio'),
      recording('job:bad:rate5m', 'rate(sallyport_server_checks_total{outcome="failed"}[5m])'),
    ),
  ).toEqual(['failing health checks'])
})

test('a rule that cannot be evaluated and a series that no alert reads watch for nothing', () => {
  const query = 'sallyport_server_healthy == 0'
  expect(watched(rule('Broken', query, { health: 'err', lastError: 'many-to-many' }))).toEqual([])
  expect(watched(rule('recorded', query, { type: 'recording' }))).toEqual([])
})
