import { basename } from 'node:path'
import {
  failed,
  notApplicable,
  type Probe,
  proved,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { composeFacts } from '../../looks/compose.ts'
import { runCommand } from '../../looks/run-command.ts'
import { systemdUnits, type SystemdUnit } from '../../looks/systemd-units.ts'
import { unitFaults } from './judge-unit.ts'

const LINES_MAX = 10

/**
 * The units of systemd start the gateway again, confine it and let it stop in peace; systemd itself accepts them.
 *
 * @param root `/`, but in tests
 */
export function unit(root: string): Probe {
  const unitsOf = systemdUnits(root)
  return {
    kind: 'probe',
    title: 'The units of systemd start what ends again, confine it, and are accepted by systemd',
    remedy: 'change the setting that is named in the unit, then run `systemctl daemon-reload`',
    deadlineMs: 20_000,
    async look(deployment, signal) {
      const { units, gaps } = await unitsOf(deployment, signal)
      if (gaps.length > 0) return unproved('file', gaps.join('; '), 'correct `checklist.units`')
      if (units.length === 0) return withoutUnits(deployment, signal)
      const stopMs = stopOf(deployment)
      const faults = units.flatMap((one) => unitFaults(one, stopMs))
      const verified = await verify(deployment, units, signal)
      faults.push(...verified.faults)
      if (faults.length > 0) return failed(faults)
      if (verified.unseen !== undefined) {
        const remedy = 'run the check where systemd is installed'
        return unproved('command', verified.unseen, remedy)
      }
      return proved(
        ...units.map(({ label }): Seen => {
          const text = `${label}: restarts, is confined, and systemd accepts it`
          return { kind: 'file', text }
        }),
      )
    },
  }
}

async function withoutUnits(deployment: Deployment, signal: AbortSignal) {
  const { services } = await composeFacts(deployment, signal)
  if (services.length > 0) {
    return notApplicable(
      'docker starts the services of the compose files, and no unit of systemd does',
    )
  }
  if (deployment.profile === 'kubernetes') {
    return notApplicable('Kubernetes starts this, and no unit of systemd does')
  }
  const remedy = 'install the unit of `deploy/systemd`, or name yours under `checklist.units`'
  return unproved('file', 'no unit of systemd is found, so nothing is known to start this', remedy)
}

function stopOf({ config }: Deployment): number {
  const { stopDelayMs = 0, drainMs = 0 } = config?.limits ?? {}
  return stopDelayMs + drainMs
}

/** What systemd itself says of the units; `unseen` where it was not able to read them. */
async function verify(
  deployment: Deployment,
  units: readonly SystemdUnit[],
  signal: AbortSignal,
): Promise<{ readonly faults: readonly Seen[]; readonly unseen?: string }> {
  const found: Seen[] = []
  for (const { path, label } of units) {
    const result = await runCommand(
      deployment,
      'systemd-analyze',
      ['verify', '--man=no', path],
      signal,
    )
    if (result === undefined) {
      return { faults: found, unseen: 'the command `systemd-analyze` is not on the PATH' }
    }
    // Other units of the host are read along and are not ours to judge.
    const lines = `${result.stderr}\n${result.stdout}`
      .split('\n')
      .filter((line) => line.includes(basename(path)))
      .slice(0, LINES_MAX)
    const own = /^Failed to .*$/m.exec(result.stderr)?.[0]
    if (lines.length === 0 && result.code !== 0 && own !== undefined) {
      return { faults: found, unseen: `\`systemd-analyze verify\` did not read ${label}: ${own}` }
    }
    found.push(
      ...lines.map((line): Seen => {
        const text = line.replace(path, label).replace(/^Failed to put bus name.*$/, '')
        return { kind: 'command', text: `systemd-analyze verify: ${text.trim()}` }
      }),
    )
  }
  return { faults: found }
}
