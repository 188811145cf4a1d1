import { AppError } from '@sallyport/kit/errors'
import {
  failed,
  type Finding,
  judged,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { alertmanagerStatus } from '../../looks/alertmanager.ts'
import { readAlertmanagerConfig } from '../../looks/alertmanager-config.ts'
import { runCommand } from '../../looks/run-command.ts'
import { configFile, type ConfigFile } from './config-file.ts'
import { judgeReceivers } from './receivers.ts'
import { orUnseen } from './through-prometheus.ts'

const DECLARE = 'name the Alertmanager that is told as `checklist.alertmanager.url`'

function none(): Finding {
  return unproved('config', 'no Alertmanager is declared under `checklist.alertmanager`', DECLARE)
}

/** `alertmanager/reachable` */
export const alertmanagerReachable: Probe = {
  kind: 'probe',
  title: 'Alertmanager answers',
  remedy: 'start Alertmanager, or correct `checklist.alertmanager.url`',
  async look({ settings }, signal) {
    const url = settings.alertmanager?.url
    if (url === undefined) return none()
    try {
      const { version } = await alertmanagerStatus(url, signal)
      return proved({ kind: 'http', text: `${url} answers as Alertmanager ${version}` })
    } catch (thrown) {
      signal.throwIfAborted()
      if (thrown instanceof AppError && thrown.code === 'server_unauthorized') {
        const remedy = 'name an address of Alertmanager that this machine may ask without a login'
        return unproved('http', thrown.message, remedy)
      }
      return failed([{ kind: 'http', text: AppError.from(thrown).message }])
    }
  },
}

/** `alertmanager/receivers` */
export const alertmanagerReceivers: Probe = {
  kind: 'probe',
  title: 'Alertmanager tells somebody: its routes lead to receivers that exist and notify',
  remedy: 'give the receiver that critical alerts come to a webhook, mail, Slack or pager entry',
  async look(deployment, signal) {
    const { alertmanager } = deployment.settings
    if (alertmanager === undefined) return none()
    const file = await configFile(deployment, alertmanager.config, signal)
    const faults = file === undefined ? [] : await faultsOfFile(deployment, file, signal)
    const live =
      alertmanager.url === undefined
        ? unproved('config', 'what Alertmanager runs on cannot be seen', DECLARE)
        : await orUnseen(judgeLive(alertmanager.url, signal), 'start Alertmanager')
    if (faults.length === 0) return live
    return judged([...faults, ...(live.state === 'failed' ? live.evidence : [])], [])
  },
}

async function judgeLive(url: string, signal: AbortSignal): Promise<Finding> {
  const status = await alertmanagerStatus(url, signal)
  const config = readAlertmanagerConfig(status.config)
  if (config === undefined) return unproved('http', `${url} shows a configuration of another form`)
  const { faults, seen } = judgeReceivers(config, url)
  const toSeen = (text: string): Seen => ({ kind: 'http', text })
  return judged(faults.map(toSeen), seen.map(toSeen))
}

async function faultsOfFile(
  deployment: Deployment,
  file: ConfigFile,
  signal: AbortSignal,
): Promise<Seen[]> {
  if (file.text === undefined) return [{ kind: 'file', text: `${file.path} is missing` }]
  const done = await runCommand(deployment, 'amtool', ['check-config', file.path], signal)
  if (done !== undefined && done.code !== 0) {
    const said = `${done.stdout} ${done.stderr}`.trim()
    return [{ kind: 'command', text: `\`amtool check-config\` says: ${said}` }]
  }
  const config = readAlertmanagerConfig(file.text)
  if (config === undefined) {
    return [{ kind: 'file', text: `${file.path} is no configuration of Alertmanager` }]
  }
  return judgeReceivers(config, file.path).faults.map((text) => ({ kind: 'file', text }))
}
