import { expect, test } from 'vitest'
import { readAlertmanagerConfig } from '../../looks/alertmanager-config.ts'
import { judgeReceivers } from './receivers.ts'

const PAGER = '{ name: pager, pagerduty_configs: [{ service_key: <secret> }] }'
const TEAM = '{ name: team, email_configs: [{ to: ops@sallyport.dev }] }'
const SILENT = '{ name: silent }'

function judge(route: string, ...receivers: readonly string[]) {
  const config = readAlertmanagerConfig(`route: ${route}\nreceivers: [${receivers.join(', ')}]`)
  return judgeReceivers(config ?? { route: undefined, receivers: [] }, 'it')
}

test.each([
  ['the receiver of the root', '{ receiver: team }', 'team (email)'],
  [
    'a route by a matcher',
    '{ receiver: silent, routes: [{ receiver: pager, matchers: [severity="critical"] }] }',
    'pager (pagerduty)',
  ],
  [
    'a route by several in one text',
    `{ receiver: silent, routes: [{ receiver: pager, matchers: ['{severity=~"critical|page", team!="b"}'] }] }`,
    'pager (pagerduty)',
  ],
  [
    'a route by an old match',
    '{ receiver: silent, routes: [{ receiver: pager, match: { severity: critical } }] }',
    'pager (pagerduty)',
  ],
  [
    'a route by an old pattern',
    '{ receiver: silent, routes: [{ receiver: pager, match_re: { severity: crit.* } }] }',
    'pager (pagerduty)',
  ],
  [
    'an inner route that inherits',
    '{ receiver: team, routes: [{ matchers: [severity="critical"] }] }',
    'team (email)',
  ],
  [
    'a silent route that goes on',
    '{ receiver: silent, routes: [{ receiver: silent, continue: true }, { receiver: team }] }',
    'team (email)',
  ],
] as const)('critical alerts are heard by %s', (_what, route, heard) => {
  expect(judge(route, PAGER, TEAM, SILENT)).toEqual({
    faults: [],
    seen: [`it sends critical alerts to ${heard}`],
  })
})

test.each([
  [
    'a silent root',
    '{ receiver: silent }',
    'it sends critical alerts to silent, which notifies nobody',
  ],
  [
    'a silent route before a loud one',
    '{ receiver: team, routes: [{ receiver: silent }, { receiver: pager }] }',
    'it sends critical alerts to silent, which notifies nobody',
  ],
  [
    'a receiver with an empty list',
    '{ receiver: empty }',
    'it sends critical alerts to empty, which notifies nobody',
  ],
  [
    'a receiver that is not there',
    '{ receiver: gone }',
    'it routes to the receiver gone, which it does not have',
  ],
  [
    'an inner receiver that is not there',
    '{ receiver: team, routes: [{ receiver: gone, matchers: [a="b"] }] }',
    'it routes to the receiver gone, which it does not have',
  ],
  [
    'an address of an example',
    '{ receiver: example }',
    'the receiver example of it has an address of an example',
  ],
] as const)('%s is a fault [check/alertmanager/receivers]', (_what, route, fault) => {
  const empty = '{ name: empty, webhook_configs: [] }'
  const example = '{ name: example, webhook_configs: [{ url: "https://hooks.example.com/x" }] }'
  expect(judge(route, PAGER, TEAM, SILENT, empty, example).faults).toEqual([fault])
})

test('a configuration without a route leads nowhere', () => {
  expect(judgeReceivers({ route: undefined, receivers: [] }, 'it').faults).toEqual([
    'it routes alerts nowhere',
  ])
})

test('what is no configuration is not read as one', () => {
  expect(['[1]', 'a: [', 'route: 7', 'receivers: [{}]'].map(readAlertmanagerConfig)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
