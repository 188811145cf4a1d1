import { failed, type Probe, proved, type Seen } from '../../answers/answer.ts'
import { timeText } from '../../looks/bytes-of.ts'
import { type BackupSchedule, backupSchedules } from '../../looks/backups/schedules.ts'

/** That nobody has to think of it. */
export const backupsSchedule: Probe = {
  kind: 'probe',
  title: 'Something makes backups by itself, as often as is expected',
  remedy: 'add a line of cron, a systemd timer or a service that makes a backup each day',
  look: async (deployment, signal) => {
    const { settings } = deployment
    const limits = [settings.backups?.everyMs, settings.objectives.rpoMs]
    const limitMs = Math.min(...limits.map((limit) => limit ?? Infinity))
    const { found, unseen } = await backupSchedules(deployment, signal)
    if (found.length === 0) {
      const text = 'no file of cron, no timer and no service of a compose file makes backups here'
      const evidence: Seen[] = [text, ...unseen].map((one) => ({ kind: 'file', text: one }))
      return {
        state: 'unproved',
        evidence,
        remedy: `${backupsSchedule.remedy}, or attest what makes them`,
      }
    }
    const faults = found.map((schedule) => faultOf(schedule, limitMs))
    // One that runs is enough, however many others there are.
    if (faults.every((fault) => fault !== undefined)) return failed(faults)
    return proved(...found.filter((_, index) => faults[index] === undefined).map(toSeen))
  },
}

function faultOf({ where, gapMs, off }: BackupSchedule, limitMs: number): Seen | undefined {
  if (off !== undefined) return { kind: 'file', text: `${where} ${off}` }
  if (gapMs === undefined || gapMs <= limitMs) return undefined
  const rhythm = Number.isFinite(gapMs) ? `runs every ${timeText(gapMs)}` : 'hardly ever runs'
  return {
    kind: 'file',
    text: `${where} ${rhythm}, and a backup is expected every ${timeText(limitMs)}`,
  }
}

function toSeen({ where, gapMs }: BackupSchedule): Seen {
  const rhythm =
    gapMs === undefined ? 'in a rhythm that is not understood here' : `every ${timeText(gapMs)}`
  return { kind: 'file', text: `${where} makes backups, ${rhythm}` }
}
