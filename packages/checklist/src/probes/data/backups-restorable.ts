import { type Finding, type Seen, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { bytesText, timeText } from '../../looks/bytes-of.ts'
import { type BackupFile, newestOf } from '../../looks/backups/backup-files.ts'
import { type Opened, openBackup } from '../../looks/backups/open-backup.ts'
import { backupsProbe, type KnownBackups } from './backups-of.ts'

const OPENED_MAX = 10
/** Less than a tenth of the one before it is hardly all of it. */
const SHRUNK = 0.1
const RESTORE = 'restore'

/** That backups can be used: what a program can see of that, and the last restore that was proved. */
export const backupsRestorable = backupsProbe(
  {
    title: 'The newest backup of each kind can be opened, and a restore was proved',
    remedy: 'make the backup anew, and look at what the command that makes it says',
    deadlineMs: 60_000,
  },
  async (backups, deployment, signal) => {
    const shrunk = newestOf(backups.files).flatMap((file) => shrunkFrom(file, backups.files))
    const opened = await openAll(backups, deployment, signal)
    const broken = opened.filter(([, { verdict }]) => verdict === 'broken')
    const faults = [...shrunk, ...broken.map(openedText)]
    if (faults.length > 0) return { state: 'failed', evidence: faults }
    const seen = opened.map(openedText)
    if (opened.some(([, { verdict }]) => verdict === 'unknown')) {
      const remedy = 'make backups with `pg_dump`, SQLite or tar, or restore one and attest it'
      return { state: 'unproved', evidence: seen, remedy }
    }
    const kinds = newestOf(backups.files).length
    if (kinds > opened.length) {
      const text = `only ${opened.length} of ${kinds} kinds of backups are opened`
      return unproved('file', text, 'keep old kinds of backups in a folder of their own')
    }
    const restore = await lastRestore(backups, deployment)
    return { ...restore, evidence: [...restore.evidence, ...seen] }
  },
)

async function openAll(
  { files }: KnownBackups,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<[BackupFile, Opened][]> {
  const opened: [BackupFile, Opened][] = []
  for (const file of newestOf(files).slice(0, OPENED_MAX)) {
    opened.push([file, await openBackup(deployment, file.path, signal)])
  }
  return opened
}

function openedText([{ name }, { text }]: [BackupFile, Opened]): Seen {
  return { kind: 'file', text: `${name}: ${text}` }
}

function shrunkFrom(newest: BackupFile, files: readonly BackupFile[]): Seen[] {
  const before = files.find((file) => file !== newest && file.series === newest.series)
  if (before === undefined || newest.bytes >= before.bytes * SHRUNK) return []
  const text = `${newest.name} has ${bytesText(newest.bytes)}, and ${before.name} before it ${bytesText(before.bytes)}`
  return [{ kind: 'file', text }]
}

async function lastRestore(
  { expected }: KnownBackups,
  { book, clock }: Deployment,
): Promise<Finding> {
  const remedy = 'restore the newest backup on another machine, and attest it'
  const run = (await book?.drillRuns())?.find(({ drill }) => drill === RESTORE)
  if (run === undefined) {
    return {
      state: 'unproved',
      evidence: [{ kind: 'drill', text: 'no restore was proved' }],
      remedy,
    }
  }
  const ageMs = clock.nowMs() - Date.parse(run.endedAt)
  const text = `a restore was tried ${timeText(ageMs)} ago and ${run.ok ? 'proved' : 'failed'}`
  const seen: Seen[] = [{ kind: 'drill', text }]
  if (!run.ok) {
    const steps = run.steps.map((step): Seen => ({ kind: 'drill', text: step }))
    return { state: 'failed', evidence: [...seen, ...steps] }
  }
  if (ageMs <= expected.restoredWithinMs) return { state: 'proved', evidence: seen }
  const late = `that is longer ago than ${timeText(expected.restoredWithinMs)} (checklist.backups.restoredWithin)`
  return { state: 'unproved', evidence: [...seen, { kind: 'drill', text: late }], remedy }
}
