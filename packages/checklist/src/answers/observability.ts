import {
  alertmanagerReachable,
  alertmanagerReceivers,
} from '../probes/observability/alertmanager.ts'
import {
  alertsChecklist,
  alertsCritical,
  alertsDatabase,
  alertsOauth,
  alertsServers,
  alertsUptime,
  alertsWarning,
} from '../probes/observability/alerts.ts'
import {
  grafanaDashboardsShown,
  grafanaPassword,
  grafanaReachable,
} from '../probes/observability/grafana.ts'
import { metricsBusiness, metricsErrors } from '../probes/observability/metrics.ts'
import {
  performanceCalls,
  performanceCpu,
  performanceHealth,
  performanceMemory,
} from '../probes/observability/performance.ts'
import { performanceBaseline } from '../probes/observability/performance-baseline.ts'
import { performanceCache, performanceQueries } from '../probes/observability/performance-store.ts'
import { prometheusAlertmanager } from '../probes/observability/prometheus-alertmanager.ts'
import { rulesLoaded } from '../probes/observability/prometheus-rules.ts'
import {
  prometheusReachable,
  prometheusRetention,
} from '../probes/observability/prometheus-server.ts'
import { exporters, scrapesGateway, targetsUp } from '../probes/observability/prometheus-targets.ts'
import type { AnswerTable } from './answer.ts'

/** What watches the deployment, and how it does. */
export const OBSERVABILITY = {
  'prometheus/reachable': prometheusReachable,
  'prometheus/targets-up': targetsUp,
  'prometheus/scrapes-gateway': scrapesGateway,
  'prometheus/rules-loaded': rulesLoaded,
  'prometheus/retention': prometheusRetention,
  'prometheus/alertmanager': prometheusAlertmanager,
  'prometheus/exporters': exporters,
  'alerts/servers': alertsServers,
  'alerts/critical': alertsCritical,
  'alerts/warning': alertsWarning,
  'alerts/oauth': alertsOauth,
  'alerts/database': alertsDatabase,
  'alerts/uptime': alertsUptime,
  'alerts/checklist': alertsChecklist,
  'alertmanager/reachable': alertmanagerReachable,
  'alertmanager/receivers': alertmanagerReceivers,
  'grafana/reachable': grafanaReachable,
  'grafana/dashboards': grafanaDashboardsShown,
  'grafana/password': grafanaPassword,
  'performance/health': performanceHealth,
  'performance/calls': performanceCalls,
  'performance/queries': performanceQueries,
  'performance/cache': performanceCache,
  'performance/memory': performanceMemory,
  'performance/cpu': performanceCpu,
  'performance/baseline': performanceBaseline,
  'metrics/errors': metricsErrors,
  'metrics/business': metricsBusiness,
} as const satisfies AnswerTable
