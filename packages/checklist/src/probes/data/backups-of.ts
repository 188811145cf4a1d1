import type { ChecklistSettings } from '@sallyport/contract/config'
import { failed, type Finding, type Probe, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { type BackupFolder, backupFolder } from '../../looks/backups/backup-files.ts'

/** Backups with what is expected of them. */
export interface KnownBackups extends BackupFolder {
  readonly expected: NonNullable<ChecklistSettings['backups']>
}

/** A probe of backups that are there; without any each answer says the same. */
export function backupsProbe(
  probe: Pick<Probe, 'title' | 'remedy' | 'deadlineMs'>,
  judge: (backups: KnownBackups, deployment: Deployment, signal: AbortSignal) => Promise<Finding>,
): Probe {
  return {
    kind: 'probe',
    ...probe,
    look: async (deployment, signal) => {
      const expected = deployment.settings.backups
      const reading = await backupFolder(deployment, signal)
      if (!reading.known) return reading.finding
      const { backups } = reading
      if (backups.files.length === 0 || expected === undefined) {
        const text = `the folder ${backups.folder} holds no backup`
        return failed(
          [{ kind: 'file', text }],
          'make a first backup, encrypted and without the master key: docs/secrets.md says what one needs',
        )
      }
      const found = await judge({ ...backups, expected }, deployment, signal)
      if (found.state !== 'proved' || !backups.isCut) return found
      const text = `${backups.folder} holds more, or deeper, than the ${backups.files.length} backups that were looked at`
      return unproved('file', text, 'keep old backups in a folder of their own')
    },
  }
}
