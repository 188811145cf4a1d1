import { usageList } from '@sallyport/contract/admin'
import { failed, judged, type Probe, proved, type Seen, unproved } from '../../answers/answer.ts'
import { ownMetrics } from '../../looks/own-metrics.ts'
import { CALLS_MIN, calls } from '../../performance/call-times.ts'
import { noGateway } from './performance.ts'

const ERROR_PERCENT_MAX = 1

/** `metrics/errors` */
export const metricsErrors: Probe = {
  kind: 'probe',
  title: `Less than ${ERROR_PERCENT_MAX} in 100 calls fails`,
  remedy:
    'see which server fails with `sallyport servers`, and its rows with `sallyport audit list`',
  async look(deployment, signal) {
    const seen = await calls(deployment, signal)
    if (seen === undefined) return noGateway()
    const { total, failed: bad, span } = seen
    if (total < CALLS_MIN) {
      const text = `${total} calls were seen ${span}, and ${CALLS_MIN} are needed to judge them`
      return unproved('metric', text, 'check again when clients have called more')
    }
    const percent = (bad / total) * 100
    const text = `${bad} of ${total} calls ${span} failed, which are ${percent.toFixed(2)} percent`
    const evidence: Seen = { kind: 'metric', text }
    return judged(percent >= ERROR_PERCENT_MAX ? [evidence] : [], [evidence])
  },
}

const TOOLS = 'sallyport_tool_calls_total'

/** `metrics/business` */
export const metricsBusiness: Probe = {
  kind: 'probe',
  title: 'It is counted who calls, and which tools are called',
  remedy: 'set `metrics.perTool: true`',
  async look(deployment, signal) {
    const { config, gateway } = deployment
    const page = await ownMetrics(deployment, signal)
    if (gateway === undefined || page === undefined) return noGateway()
    const { items } = await gateway.read(usageList, '/api/v1/usage?limit=500', signal)
    const tools = page.get(TOOLS)?.length ?? 0
    if (config?.metrics.perTool !== true && tools === 0) {
      return failed([
        { kind: 'config', text: 'calls are not counted by tool: `metrics.perTool` is off' },
      ])
    }
    return proved(
      { kind: 'gateway', text: `usage is counted for ${items.length} principals of today` },
      { kind: 'metric', text: `\`${TOOLS}\` counts calls by tool, in ${tools} series so far` },
    )
  },
}
