import type { ClaimsOf } from './claim.ts'

/** What the checklist proves of what watches a deployment, and of how it does. */
export const CHECK_OBSERVABILITY = {
  'check/prometheus/reachable': {
    behavior:
      'A Prometheus that does not answer, or that refused its last configuration, fails; what only it could tell is unproved.',
    source: 'System checklist 66, 197; Hangar checklist 30',
  },
  'check/prometheus/targets-up': {
    behavior:
      'A target that is down fails, and so does one that speaks another protocol or answers without a sample, which is named as no metrics endpoint.',
    source: 'System checklist 66; Prometheus, "HTTP API"',
  },
  'check/prometheus/scrapes-gateway': {
    behavior:
      'That Prometheus scrapes this very process is told by the time of its start; another gateway does not count.',
    source: 'Hangar checklist 30; System checklist 126',
  },
  'check/prometheus/rules-loaded': {
    behavior:
      'A rule file that is named and missing fails, and so do a rule that cannot be evaluated and a Prometheus without rules.',
    source: 'System checklist 69; Hangar checklist 32',
  },
  'check/prometheus/retention': {
    behavior:
      'Samples kept for less than a week fail; a bound by size alone says nothing of their age.',
    source: 'System checklist 70',
  },
  'check/prometheus/alertmanager': {
    behavior:
      'A Prometheus that sends alerts nowhere fails, and so does one whose alerts mostly come to nothing.',
    source: 'System checklist 69, 133; Hangar checklist 32',
  },
  'check/prometheus/exporters': {
    behavior:
      'The host, a PostgreSQL that holds the store and a Redis that is declared are measured, or it fails.',
    source: 'System checklist 127',
  },
  'check/alerts/servers': {
    behavior:
      'Alerts must read the series and labels of servers that are down, open breakers, failing health checks and failing calls; names, comments and strings count for nothing.',
    source: 'Hangar checklist 33-36',
  },
  'check/alerts/critical': {
    behavior: 'Rules of which none is labelled `severity: critical` fail.',
    source: 'System checklist 133',
  },
  'check/alerts/warning': {
    behavior: 'Rules of which none is labelled `severity: warning` fail.',
    source: 'System checklist 134',
  },
  'check/alerts/oauth': {
    behavior:
      'With a Slack app, alerts must read its failing installations and its tokens that are not refreshed.',
    source: 'Slack checklist 78, 79',
  },
  'check/alerts/database': {
    behavior: 'An alert must read whether the store can be written or its PostgreSQL is up.',
    source: 'Slack checklist 80',
  },
  'check/alerts/uptime': {
    behavior:
      'An alert must read `up` of the gateway, a probe from outside, or the absence of its series; `up` of another job does not count.',
    source: 'Slack checklist 72, 76',
  },
  'check/alerts/checklist': {
    behavior: 'An alert must read the items of the checklist by their state.',
    source: 'System checklist 197, 201; design, "The checklist"',
  },
  'check/alertmanager/reachable': {
    behavior: 'An Alertmanager that does not answer as one fails.',
    source: 'Hangar checklist 32; System checklist 135',
  },
  'check/alertmanager/receivers': {
    behavior:
      'Critical alerts must come to a receiver that notifies somebody; a route to a receiver that is not there fails, and an address of an example is none.',
    source: 'System checklist 135; Prometheus, "Alertmanager configuration"',
  },
  'check/grafana/reachable': {
    behavior: 'A Grafana that does not answer, or whose database does not work, fails.',
    source: 'System checklist 67',
  },
  'check/grafana/dashboards': {
    behavior:
      'A dashboard must draw series of the gateway, and a panel of a series that nobody exports fails; a Grafana that shows none to the user is unproved.',
    source: 'System checklist 68; Hangar checklist 31',
  },
  'check/grafana/password': {
    behavior: 'A Grafana that takes `admin` with the password `admin` fails.',
    source: 'System checklist 18, 25',
  },
  'check/performance/health': {
    behavior:
      'Of 50 looks at the health of the gateway, one after the other, 95 in 100 must be answered within the objective.',
    source: 'System checklist 89; Slack checklist 82',
  },
  'check/performance/calls': {
    behavior:
      'Of the calls of the last hour, or since the start, 95 in 100 must be within the objective; fewer than 100 calls prove nothing.',
    source: 'Slack checklist 82; System checklist 89',
  },
  'check/performance/queries': {
    behavior:
      'Pages of the audit log are read within the objective, and no statement that PostgreSQL counts takes longer on average.',
    source: 'System checklist 90; Slack checklist 85',
  },
  'check/performance/cache': {
    behavior:
      'More than 80 in 100 blocks must be in the memory of a PostgreSQL that holds the store; where nothing caches it does not apply.',
    source: 'System checklist 91',
  },
  'check/performance/memory': {
    behavior:
      'Memory over the objective fails, and so does memory that grows within the hour; without an hour of it in Prometheus it is unproved.',
    source: 'System checklist 56, 92; Slack checklist 83, 123',
  },
  'check/performance/cpu': {
    behavior: 'A gateway that uses more than 80 percent of a core fails.',
    source: 'System checklist 93; Slack checklist 84',
  },
  'check/performance/baseline': {
    behavior:
      'A figure worse than its accepted baseline by more than half fails by name, noise aside; too few samples, or no baseline, prove nothing.',
    source: 'System checklist 129, 204, 221, 246',
  },
  'check/metrics/errors': {
    behavior: 'One failed call in 100 or more fails; fewer than 100 calls prove nothing.',
    source: 'System checklist 128; Slack checklist 77',
  },
  'check/metrics/business': {
    behavior: 'Calls that are not counted by tool fail.',
    source: 'System checklist 130',
  },
} as const satisfies ClaimsOf<'check'>
