import type { Seen } from '../../answers/answer.ts'
import type { SystemdUnit, UnitSetting } from '../../looks/systemd-units.ts'

const RESTARTS = new Set(['always', 'on-failure', 'on-abnormal', 'on-abort', 'on-success'])
const SECOND_MS = 1_000
/** `DefaultTimeoutStopSec=` as systemd is shipped. */
const STOP_DEFAULT_MS = 90 * SECOND_MS

/** What hardens a service, and the values of each that do. */
const HARDENING: readonly (readonly [key: string, good: RegExp, example: string])[] = [
  ['NoNewPrivileges', /^(?:yes|true|1|on)$/i, 'yes'],
  ['ProtectSystem', /^(?:strict|full|yes|true)$/i, 'strict'],
  ['ProtectHome', /^(?:yes|true|1|on|read-only|tmpfs)$/i, 'yes'],
  ['PrivateTmp', /^(?:yes|true|1|on|disconnected)$/i, 'yes'],
]

/**
 * What is wrong with a service of systemd: it does not come back, has too many rights, or is ended while its calls
 * still run.
 *
 * @param stopMs how long the gateway may take to stop
 * Source: systemd.service(5), systemd.exec(5).
 */
export function unitFaults(unit: SystemdUnit, stopMs: number): Seen[] {
  const last = (key: string): UnitSetting | undefined =>
    unit.settings.findLast((setting) => setting.section === 'Service' && setting.key === key)
  const fault = (key: string, text: string): Seen => ({
    kind: 'file',
    text: `${unit.label}:${last(key)?.line ?? 1}: ${text}`,
  })
  const faults: Seen[] = []
  if (last('ExecStart') === undefined) faults.push(fault('ExecStart', 'no `ExecStart=`'))
  const isJob = last('Type')?.value === 'oneshot'
  const restart = last('Restart')?.value ?? 'no'
  if (!isJob && !RESTARTS.has(restart)) {
    faults.push(fault('Restart', `\`Restart=${restart}\`: nothing starts it again after it ends`))
  }
  const user = last('User')?.value
  const isDynamic = /^(?:yes|true|1|on)$/i.test(last('DynamicUser')?.value ?? '')
  if (!isDynamic && (user === undefined || /^(?:root|0)?$/.test(user))) {
    faults.push(fault('User', 'runs as root: no `User=`'))
  }
  for (const [key, good, example] of HARDENING) {
    if (isDynamic && key !== 'ProtectHome') continue
    if (!good.test(last(key)?.value ?? '')) faults.push(fault(key, `no \`${key}=${example}\``))
  }
  const timeout = last('TimeoutStopSec')?.value
  const timeoutMs = timeout === undefined ? STOP_DEFAULT_MS : spanMs(timeout)
  if (!isJob && timeoutMs < stopMs) {
    const text = `\`TimeoutStopSec=${timeout ?? '90'}\` is shorter than the ${stopMs} ms that stopping may take`
    faults.push(fault('TimeoutStopSec', text))
  }
  return faults
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ...{ '': SECOND_MS, s: SECOND_MS, sec: SECOND_MS, ms: 1, min: 60 * SECOND_MS, m: 60 * SECOND_MS },
  ...{ h: 3_600 * SECOND_MS, hr: 3_600 * SECOND_MS, d: 86_400 * SECOND_MS },
}

/** Source: systemd.time(7). */
function spanMs(text: string): number {
  if (/^(?:infinity|0)$/.test(text)) return Number.POSITIVE_INFINITY
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/gi)]
  return parts.reduce(
    (sum, [, value, unit = '']) => sum + Number(value) * (UNITS_MS[unit] ?? SECOND_MS),
    0,
  )
}
