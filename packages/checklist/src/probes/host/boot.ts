import {
  failed,
  notApplicable,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import { runCommand } from '../../looks/run-command.ts'
import { systemdUnits } from '../../looks/systemd-units.ts'
import { composeFacts } from '../../looks/compose.ts'
import type { Deployment } from '../../deployment.ts'

const DOCKER = 'docker.service'
const ENABLED = new Set(['enabled', 'alias', 'generated'])

/**
 * The host starts what runs this when it starts itself.
 *
 * @param root `/`, but in tests
 */
export function boot(root: string): Probe {
  const unitsOf = systemdUnits(root)
  return {
    kind: 'probe',
    title: 'What runs this is started when the host starts',
    remedy: 'run `systemctl enable` with the unit that is named',
    async look(deployment, signal) {
      const { services } = await composeFacts(deployment, signal)
      if (deployment.profile === 'kubernetes') {
        return notApplicable('Kubernetes starts this, wherever it finds a node')
      }
      const { units } = await unitsOf(deployment, signal)
      const own = units.filter(({ settings }) =>
        settings.some(({ section }) => section === 'Install'),
      )
      const isCompose = services.length > 0 || deployment.profile === 'compose'
      const names = [...(isCompose ? [DOCKER] : []), ...own.map(({ name }) => name)]
      if (names.length === 0) {
        const remedy = 'install the unit of `deploy/systemd`, or name yours under `checklist.units`'
        return unproved(
          'file',
          'no unit of systemd is found, so nothing is known to start this',
          remedy,
        )
      }
      return judgedNames(names, deployment, signal)
    },
  }
}

async function judgedNames(names: readonly string[], deployment: Deployment, signal: AbortSignal) {
  const faults: Seen[] = []
  const seen: Seen[] = []
  for (const name of names) {
    const said = await stateOf(deployment, name, signal)
    if (said === undefined) {
      const remedy = 'run the check on the host, where systemd is'
      return unproved('command', 'the command `systemctl` is not on the PATH', remedy)
    }
    if (name === DOCKER && said === '') {
      const remedy = 'have docker started by systemd, or attest how it is'
      return unproved(
        'command',
        `systemctl knows no ${DOCKER}, so nothing tells what starts docker`,
        remedy,
      )
    }
    // A unit that its socket starts is there when the first client is.
    const socket = name.replace(/\.service$/, '.socket')
    const bySocket = name === DOCKER ? undefined : await stateOf(deployment, socket, signal)
    const isBySocket = !ENABLED.has(said) && ENABLED.has(bySocket ?? '')
    const [which, state] = isBySocket ? [socket, bySocket] : [name, said]
    const text = `systemctl is-enabled ${which}: ${state || 'not installed'}`
    ;(ENABLED.has(state ?? '') ? seen : faults).push({ kind: 'command', text })
  }
  return faults.length > 0 ? failed(faults) : proved(...seen)
}

/** `enabled`, `disabled`, `masked` ...; empty where there is no such unit. */
async function stateOf(
  deployment: Deployment,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const result = await runCommand(deployment, 'systemctl', ['is-enabled', name], signal)
  if (result === undefined) return undefined
  const [word = ''] = result.stdout.trim().split('\n')
  return word === 'not-found' ? '' : word
}
