import {
  failed,
  type Finding,
  notApplicable,
  type Probe,
  proved,
  type Seen,
} from '../../answers/answer.ts'
import { readsSeries, readsValue, type Selector } from '../../looks/promql.ts'
import type { PrometheusApi } from '../../looks/prometheus.ts'
import { type Alert, alertsOf, type Need } from './coverage.ts'
import { CHECKLIST_NEEDS, DATABASE_NEEDS, OAUTH_NEEDS, SERVER_NEEDS } from './needs.ts'
import { throughPrometheus } from './through-prometheus.ts'

const BY_HAND = 'add an alerting rule to a file that `rule_files` of Prometheus names'

/** `alerts/servers` */
export const alertsServers = covering(
  'Alerts watch for servers that are down, open breakers, failing health checks and failing calls',
  SERVER_NEEDS,
)

/** `alerts/database` */
export const alertsDatabase = covering(
  'An alert watches whether the store can be reached and written',
  DATABASE_NEEDS,
)

/** `alerts/checklist` */
export const alertsChecklist = covering(
  'An alert watches whether items of the checklist fail',
  CHECKLIST_NEEDS,
)

const oauth = covering(
  'Alerts watch for installations of the Slack app and refreshes of its tokens that fail',
  OAUTH_NEEDS,
)

/** `alerts/oauth` */
export const alertsOauth: Probe = {
  ...oauth,
  async look(deployment, signal) {
    if (deployment.config !== undefined && deployment.config.slack === undefined) {
      return notApplicable('no Slack app is configured under `slack`')
    }
    return oauth.look(deployment, signal)
  },
}

/** `alerts/critical` */
export const alertsCritical = withSeverity('critical')

/** `alerts/warning` */
export const alertsWarning = withSeverity('warning')

/** `alerts/uptime` */
export const alertsUptime: Probe = {
  kind: 'probe',
  title: 'An alert watches whether the gateway is there at all',
  remedy: `${BY_HAND}, such as \`up{job="sallyport"} == 0\``,
  look: throughPrometheus(async (api, _deployment, signal) => {
    const alerts = alertsOf(await api.ruleGroups(signal))
    const targets = await api.query('sallyport_build_info', signal)
    const watching = alerts.filter((alert) => noticesAbsence(alert, targets))
    const text = `no alert reads \`up\` of the gateway, \`probe_success\`, or the absence of its series`
    return watching.length > 0 ? named(watching) : failed([{ kind: 'metric', text }])
  }),
}

/** An alert on `up` counts where it reads that of the gateway; on what probes it from outside always. */
function noticesAbsence(
  { expression: { selectors, functions } }: Alert,
  targets: readonly { readonly labels: Readonly<Record<string, string>> }[],
): boolean {
  const asksForAbsence = functions.has('absent') || functions.has('absent_over_time')
  const isOfGateway = (selector: Selector) =>
    targets.length === 0 ||
    targets.some(({ labels }) =>
      ['job', 'instance'].every((label) => readsValue(selector, label, labels[label] ?? '')),
    )
  return selectors.some((selector) => {
    if (readsSeries(selector, 'probe_success')) return true
    if (readsSeries(selector, 'up')) return isOfGateway(selector)
    return asksForAbsence && selector.name.startsWith('sallyport_')
  })
}

function covering(title: string, needs: readonly Need[]): Probe {
  return {
    kind: 'probe',
    title,
    remedy: `${BY_HAND}, such as \`${needs[0]?.example}\``,
    look: throughPrometheus(async (api, _deployment, signal) => judgeNeeds(api, needs, signal)),
  }
}

async function judgeNeeds(
  api: PrometheusApi,
  needs: readonly Need[],
  signal: AbortSignal,
): Promise<Finding> {
  const alerts = alertsOf(await api.ruleGroups(signal))
  const faults: Seen[] = []
  const seen: Seen[] = []
  const examples: string[] = []
  for (const { what, example, isMet } of needs) {
    const names = alerts.filter(({ expression }) => isMet(expression)).map(({ name }) => name)
    if (names.length > 0) seen.push({ kind: 'metric', text: `${what}: ${names.join(', ')}` })
    else {
      faults.push({ kind: 'metric', text: `no alert watches for ${what}` })
      examples.push(`\`${example}\``)
    }
  }
  if (faults.length === 0) return proved(...seen)
  return failed(faults, `${BY_HAND}, such as ${examples.join(' and ')}`)
}

function withSeverity(severity: string): Probe {
  return {
    kind: 'probe',
    title: `Some alerts carry the label \`severity: ${severity}\``,
    remedy: `give the alerting rules for which that is right the label \`severity: ${severity}\``,
    look: throughPrometheus(async (api, _deployment, signal) => {
      const alerts = alertsOf(await api.ruleGroups(signal))
      const found = alerts.filter((alert) => alert.severity === severity)
      const text = `of ${alerts.length} alerts none has the label \`severity: ${severity}\``
      return found.length > 0 ? named(found) : failed([{ kind: 'metric', text }])
    }),
  }
}

function named(alerts: readonly Alert[]): Finding {
  const names = alerts.map(({ name }) => name).join(', ')
  return proved({ kind: 'metric', text: `${alerts.length} alerts: ${names}` })
}
