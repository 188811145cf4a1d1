import { matchesGlob, resolve } from 'node:path'
import { type Finding, judged, type Probe, type Seen, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { type PrometheusApi, prometheusApi, type RuleGroup } from '../../looks/prometheus.ts'
import { readPrometheusConfig, ruleFilesOf } from '../../looks/prometheus-config.ts'
import { runCommand } from '../../looks/run-command.ts'
import { configFile, type ConfigFile } from './config-file.ts'
import { DECLARE_PROMETHEUS, noPrometheus, orUnseen } from './through-prometheus.ts'

/** `prometheus/rules-loaded` */
export const rulesLoaded: Probe = {
  kind: 'probe',
  title: 'Every rule file that Prometheus names is loaded, and every rule in it can be evaluated',
  remedy:
    'write the rule files that `rule_files` names, and mend what `promtool check rules` finds',
  async look(deployment, signal) {
    const { prometheus } = deployment.settings
    if (prometheus === undefined) return noPrometheus()
    const file = await configFile(deployment, prometheus.config, signal)
    const api = await prometheusApi(deployment, signal)
    const faults = file === undefined ? [] : await faultsOfFile(deployment, file, api, signal)
    const live =
      api === undefined
        ? unproved('config', 'what Prometheus has loaded cannot be seen', DECLARE_PROMETHEUS)
        : await orUnseen(judgeLoaded(api, signal), 'start Prometheus, or correct its address')
    if (faults.length === 0) return live
    return judged([...faults, ...(live.state === 'failed' ? live.evidence : [])], [])
  },
}

/** Without the API what is on disk tells which files are missing; with it Prometheus itself does. */
async function faultsOfFile(
  deployment: Deployment,
  file: ConfigFile,
  api: PrometheusApi | undefined,
  signal: AbortSignal,
): Promise<Seen[]> {
  if (file.text === undefined) return [{ kind: 'file', text: `${file.path} is missing` }]
  const config = readPrometheusConfig(file.text)
  if (config === undefined) {
    return [{ kind: 'file', text: `${file.path} is no configuration of Prometheus` }]
  }
  const faults = await promtool(deployment, ['config', '--syntax-only', file.path], signal)
  for (const pattern of config.ruleFiles) {
    const found = await ruleFilesOf(file.path, pattern)
    const isMissing = found.length === 0 && api === undefined
    if (isMissing)
      faults.push({
        kind: 'file',
        text: `${file.path} names the rule file ${pattern}, which is missing`,
      })
    if (found.length > 0) faults.push(...(await promtool(deployment, ['rules', ...found], signal)))
  }
  return faults
}

async function promtool(
  deployment: Deployment,
  args: readonly string[],
  signal: AbortSignal,
): Promise<Seen[]> {
  const done = await runCommand(deployment, 'promtool', ['check', ...args], signal)
  if (done === undefined || done.code === 0) return []
  const said = `${done.stdout} ${done.stderr}`.trim()
  return [{ kind: 'command', text: `\`promtool check ${args[0]}\` says: ${said}` }]
}

async function judgeLoaded(api: PrometheusApi, signal: AbortSignal): Promise<Finding> {
  const groups = await api.ruleGroups(signal)
  const config = readPrometheusConfig(await api.config(signal))
  const faults = [
    ...(config?.ruleFiles ?? []).flatMap((pattern) => missingFile(pattern, groups)),
    ...groups.flatMap(faultsOfGroup),
  ]
  const alerts = groups.flatMap(({ rules }) => rules.filter(({ type }) => type === 'alerting'))
  if (groups.length === 0 && faults.length === 0) {
    faults.push({ kind: 'http', text: `${api.url} has no rules` })
  }
  const early = groups.flatMap(({ rules }) => rules.filter(({ health }) => health === 'unknown'))
  if (faults.length === 0 && early.length > 0) {
    const names = early.map(({ name }) => name).join(', ')
    return unproved('http', `not evaluated yet: ${names}`, 'check again in a minute')
  }
  const text = `${api.url} evaluates ${groups.length} groups with ${alerts.length} alerts`
  return judged(faults, [{ kind: 'http', text }])
}

/** A pattern may fit nothing for now; a plain name may not. */
function missingFile(pattern: string, groups: readonly RuleGroup[]): Seen[] {
  if (/[*?[]/.test(pattern)) return []
  const isLoaded = groups.some(({ file }) => isSameFile(file, pattern))
  if (isLoaded) return []
  const text = `nothing is loaded from the rule file ${pattern}: it is missing, or has no groups`
  return [{ kind: 'http', text }]
}

function isSameFile(file: string, pattern: string): boolean {
  return matchesGlob(resolve('/', file), resolve('/', pattern)) || file.endsWith(`/${pattern}`)
}

function faultsOfGroup({ name: group, rules }: RuleGroup): Seen[] {
  return rules
    .filter(({ health }) => health === 'err')
    .map(({ name, lastError = '' }) => ({
      kind: 'http',
      text: `the rule ${name} of the group ${group} cannot be evaluated: ${lastError}`,
    }))
}
