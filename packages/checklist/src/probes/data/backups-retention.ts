import { judged, type Seen } from '../../answers/answer.ts'
import { timeText } from '../../looks/bytes-of.ts'
import { type BackupFile, newestOf } from '../../looks/backups/backup-files.ts'
import { storeMadeMs } from '../../looks/store-age.ts'
import { backupsProbe } from './backups-of.ts'

const DAY_MS = 86_400_000
const NAMED_MAX = 10

/** That backups are kept as long as said, and no longer. */
export const backupsRetention = backupsProbe(
  {
    title: 'Backups reach back as far as they are kept, and none is older',
    remedy: 'set what removes backups to `checklist.backups.keep`',
  },
  async ({ files, expected }, deployment, signal) => {
    const { keepMs, everyMs } = expected
    const nowMs = deployment.clock.nowMs()
    const madeMs = await storeMadeMs(deployment, signal).catch(() => undefined) // then its age is not known
    const slackMs = everyMs + DAY_MS
    const old = files.filter(({ atMs }) => nowMs - atMs > keepMs + slackMs)
    const faults = old
      .slice(0, NAMED_MAX)
      .map(({ name, atMs }) => seenOf(`${name} is ${timeText(nowMs - atMs)} old`))
    const seen: Seen[] = []
    let isTold = true
    for (const { series } of newestOf(files)) {
      const oldest = oldestOf(files, series)
      const reachMs = nowMs - oldest.atMs
      const text = `the oldest ${series} is ${timeText(reachMs)} old, kept for ${timeText(keepMs)}`
      if (reachMs + slackMs >= keepMs) seen.push(seenOf(text))
      else if (madeMs === undefined) {
        isTold = false
        seen.push(seenOf(`${text}; how old the deployment is cannot be told`))
      } else if (oldest.atMs - madeMs > slackMs) {
        faults.push(seenOf(`${text}, and the store ${timeText(nowMs - madeMs)}`))
      } else seen.push(seenOf(`${text}; the store is not older`))
    }
    if (faults.length > 0 || isTold) return judged(faults, seen)
    const remedy = 'wait until the backups reach back that far, or attest it'
    return { state: 'unproved', evidence: seen.slice(0, NAMED_MAX), remedy }
  },
)

function seenOf(text: string): Seen {
  return { kind: 'file', text }
}

function oldestOf(files: readonly BackupFile[], series: string): BackupFile {
  return files.filter((file) => file.series === series).at(-1)! // the series is of one of them
}
