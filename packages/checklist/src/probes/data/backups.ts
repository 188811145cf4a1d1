import { stat } from 'node:fs/promises'
import { judged, type Seen } from '../../answers/answer.ts'
import { readEnds, timeText } from '../../looks/bytes-of.ts'
import { newestOf } from '../../looks/backups/backup-files.ts'
import { FORMAT_BYTES, formatOf } from '../../looks/backups/format.ts'
import { backupsProbe } from './backups-of.ts'

const READ_MAX = 500
const NAMED_MAX = 10
const AHEAD_MS = 3_600_000

/** That backups are made and the checklist knows of them. */
export const backupsConfigured = backupsProbe(
  {
    title: 'Backups are there, in a folder that not everybody may write',
    remedy: 'set `checklist.backups.folder`, and run `chmod o-w` on that folder',
  },
  async ({ folder, files, expected }) => {
    const { mode } = await stat(folder)
    const kinds = newestOf(files).map(({ series }) => series)
    const text = `${folder} holds ${files.length} of ${kinds.slice(0, NAMED_MAX).join(', ')}, one expected every ${timeText(expected.everyMs)}`
    const open: Seen[] =
      (mode & 0o002) === 0 ? [] : [{ kind: 'file', text: `everybody may write to ${folder}` }]
    return judged(open, [{ kind: 'file', text }])
  },
)

/** That no more is lost than was agreed on. */
export const backupsRecent = backupsProbe(
  {
    title: 'The newest backup of each kind is no older than expected',
    remedy: 'make a backup, and look why the last one was not made',
  },
  async ({ files, expected }, { settings, clock }) => {
    const { rpoMs } = settings.objectives
    const limitMs = Math.min(expected.everyMs, rpoMs ?? expected.everyMs)
    const limit = `${timeText(limitMs)} (${limitMs < expected.everyMs ? 'checklist.objectives.rpo' : 'checklist.backups.every'})`
    const nowMs = clock.nowMs()
    const faults: Seen[] = []
    const seen: Seen[] = []
    for (const { name, atMs, bytes } of newestOf(files)) {
      const ageMs = nowMs - atMs
      if (bytes === 0) faults.push({ kind: 'file', text: `${name} is empty, and so is no backup` })
      else if (ageMs > limitMs) {
        faults.push({ kind: 'file', text: `${name} is ${timeText(ageMs)} old, more than ${limit}` })
      } else if (ageMs < -AHEAD_MS) {
        faults.push({ kind: 'file', text: `${name} has a time in the future` })
      } else seen.push({ kind: 'file', text: `${name} is ${timeText(ageMs)} old` })
    }
    return judged(faults.slice(0, NAMED_MAX), seen.slice(0, NAMED_MAX))
  },
)

/** That a stolen backup tells nothing. */
export const backupsEncrypted = backupsProbe(
  {
    title: 'Every backup is encrypted',
    remedy: 'encrypt each backup before it is written, such as with `age -r <recipient>`',
    deadlineMs: 20_000,
  },
  async ({ files }, _deployment, signal) => {
    const faults: Seen[] = []
    const unknown: Seen[] = []
    const ways = new Map<string, number>()
    for (const { path, name } of files.slice(0, READ_MAX)) {
      signal.throwIfAborted()
      const format = formatOf((await readEnds(path, FORMAT_BYTES)).head)
      // That an empty file is no backup is for another answer to say.
      if (format.name === 'empty') continue
      if (format.encrypted === 'no') faults.push(plain(name, format.name))
      else if (format.encrypted === 'unknown') unknown.push(strange(name))
      else ways.set(wayText(format), (ways.get(wayText(format)) ?? 0) + 1)
    }
    const seen = [...ways].map(([way, count]): Seen => ({ kind: 'file', text: `${count} ${way}` }))
    if (files.length > READ_MAX) {
      const text = `only the newest ${READ_MAX} of ${files.length} backups are looked into`
      unknown.push({ kind: 'file', text })
    }
    if (ways.size === 0) unknown.push({ kind: 'file', text: 'no backup has anything in it' })
    if (faults.length === 0 && unknown.length > 0) {
      const remedy = 'encrypt with age or OpenPGP, whose files can be told'
      return { state: 'unproved', evidence: unknown.slice(0, NAMED_MAX), remedy }
    }
    return judged(faults.slice(0, NAMED_MAX), seen)
  },
)

function plain(name: string, format: string): Seen {
  return { kind: 'file', text: `${name} is ${format}, which anybody can read` }
}

function strange(name: string): Seen {
  return { kind: 'file', text: `${name} has a format that is not known, encrypted or not` }
}

function wayText({ name, encrypted }: ReturnType<typeof formatOf>): string {
  if (encrypted !== 'weak') return `are ${name}`
  return `are ${name}: encrypted, but without a check of their wholeness, and a weak password is guessed fast`
}
