import {
  failed,
  type Finding,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import { askHttp } from '../../looks/ask-http.ts'
import { type MetricsPage, readMetrics } from '../../looks/own-metrics.ts'
import { type PrometheusApi, prometheusApi } from '../../looks/prometheus.ts'
import { readPrometheusConfig } from '../../looks/prometheus-config.ts'
import { configFile } from './config-file.ts'
import { DECLARE_PROMETHEUS, noPrometheus, orUnseen } from './through-prometheus.ts'

/** `prometheus/alertmanager` */
export const prometheusAlertmanager: Probe = {
  kind: 'probe',
  title: 'Prometheus sends alerts to an Alertmanager, and they arrive',
  remedy: 'name the Alertmanager under `alerting.alertmanagers` of the configuration of Prometheus',
  async look(deployment, signal) {
    const { prometheus } = deployment.settings
    if (prometheus === undefined) return noPrometheus()
    const file = await configFile(deployment, prometheus.config, signal)
    const config = file?.text === undefined ? undefined : readPrometheusConfig(file.text)
    if (config !== undefined && config.alertmanagers.length === 0 && !config.looksUp) {
      const text = `${file?.path} names no Alertmanager: its list of targets is empty or missing`
      return failed([{ kind: 'file', text }])
    }
    const api = await prometheusApi(deployment, signal)
    if (api === undefined) {
      return unproved('config', 'where Prometheus sends alerts cannot be seen', DECLARE_PROMETHEUS)
    }
    return orUnseen(judgeSending(api, signal), 'start Prometheus, or correct its address')
  },
}

async function judgeSending(api: PrometheusApi, signal: AbortSignal): Promise<Finding> {
  const urls = await api.alertmanagers(signal)
  if (urls.length === 0) {
    const config = readPrometheusConfig(await api.config(signal))
    const why = config?.looksUp === true ? 'it looks some up and finds none' : 'it names none'
    return failed([{ kind: 'http', text: `${api.url} sends alerts to no Alertmanager: ${why}` }])
  }
  const { status, text } = await askHttp(`${api.url}/metrics`, signal)
  if (status !== 200) {
    const why = `${api.url}/metrics answers ${status}, so that nobody knows whether alerts arrive`
    return unproved('http', why)
  }
  const page = readMetrics(text)
  const states = urls.map((url) => delivery(url, page))
  const faults = states.filter(({ isLost }) => isLost).map(({ seen }) => seen)
  if (faults.length < states.length) return proved(...states.map(({ seen }) => seen))
  return failed(
    faults,
    'start the Alertmanager that Prometheus names, or correct its address there',
  )
}

/** More than half of what was sent to it came to nothing. */
function delivery(
  url: string,
  page: MetricsPage,
): { readonly isLost: boolean; readonly seen: Seen } {
  const sent = counted(page, 'prometheus_notifications_sent_total', url)
  const lost = counted(page, 'prometheus_notifications_errors_total', url)
  const text =
    sent === 0
      ? `alerts go to ${url}; none was sent yet`
      : `of ${sent} alerts sent to ${url} ${lost} failed`
  return { isLost: sent > 0 && lost * 2 > sent, seen: { kind: 'http', text } }
}

function counted(page: MetricsPage, name: string, url: string): number {
  const own = page.get(name)?.find(({ labels }) => labels['alertmanager'] === url)
  return own?.value ?? 0
}
