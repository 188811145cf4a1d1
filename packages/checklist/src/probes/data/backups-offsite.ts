import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import {
  failed,
  type Finding,
  judged,
  type Probe,
  type Seen,
  unproved,
} from '../../answers/answer.ts'
import { bytesText, readEnds } from '../../looks/bytes-of.ts'
import {
  type BackupFile,
  type BackupFolder,
  newestOf,
  offsiteFolder,
} from '../../looks/backups/backup-files.ts'
import { isSameDevice, kindOfMount, mountOf } from '../../looks/mount-of.ts'
import { backupsProbe } from './backups-of.ts'

/** More than that is compared by its size and its ends. */
const HASHED_BYTES_MAX = 512 * 1024 ** 2
const ENDS_BYTES = 1024 ** 2
const COMPARED_MAX = 10

/** What kind of file system a folder lies on. */
type KindOf = (folder: string) => Promise<ReturnType<typeof kindOfMount>>

/** That a fire leaves a backup. */
export const backupsOffsite = offsiteProbe(async (folder) => kindOfMount(await mountOf(folder)))

/** The same, told by `kindOf` where copies lie. */
export function offsiteProbe(kindOf: KindOf): Probe {
  return backupsProbe(
    {
      title: 'The newest backup of each kind lies on another machine as well, byte for byte',
      remedy: 'copy each backup to another machine after it is made',
      deadlineMs: 60_000,
    },
    async ({ folder, files }, deployment, signal) => {
      const reading = await offsiteFolder(deployment, signal)
      if (reading === undefined) {
        const remedy = 'name it with `checklist.backups.offsite`, or attest it'
        return unproved('config', 'no copy on another machine is named', remedy)
      }
      if (!reading.known) return reading.finding
      const { backups: offsite } = reading
      const place = await judgePlace(folder, offsite.folder, kindOf)
      if (place?.state === 'failed') return place
      const copies = await judgeCopies(newestOf(files), offsite, signal)
      return copies.state === 'proved' ? (place ?? copies) : copies
    },
  )
}

/** What is wrong with where copies lie, or not to be seen; undefined on another machine's file system. */
async function judgePlace(
  folder: string,
  offsite: string,
  kindOf: KindOf,
): Promise<Finding | undefined> {
  if (await isSameDevice(folder, offsite)) {
    return failed([{ kind: 'file', text: `${offsite} lies on the same file system as ${folder}` }])
  }
  const kind = await kindOf(offsite)
  if (kind === 'network') return undefined
  if (kind === 'memory') return failed([{ kind: 'file', text: `${offsite} lies in memory` }])
  const text = `the copies in ${offsite} are whole, but it is a disk of this machine as far as can be seen`
  return unproved('file', text, 'mount a folder of another machine there, or attest that it is one')
}

async function judgeCopies(
  newest: readonly BackupFile[],
  { folder, files }: BackupFolder,
  signal: AbortSignal,
): Promise<Finding> {
  const faults: Seen[] = []
  const seen: Seen[] = []
  for (const file of newest.slice(0, COMPARED_MAX)) {
    const copy = files.find(({ name }) => name === file.name)
    const fault = await faultOfCopy(file, copy, signal)
    if (fault !== undefined) faults.push({ kind: 'file', text: `${fault} in ${folder}` })
    else seen.push({ kind: 'file', text: `${file.name} is in ${folder} too${howOf(file)}` })
  }
  if (faults.length === 0 && newest.length > COMPARED_MAX) {
    const text = `only ${COMPARED_MAX} of ${newest.length} kinds of backups are compared`
    return unproved('file', text, 'keep old kinds of backups in a folder of their own')
  }
  return judged(faults, seen)
}

async function faultOfCopy(
  file: BackupFile,
  copy: BackupFile | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (copy === undefined) return `${file.name} is missing`
  if (copy.bytes !== file.bytes) {
    return `${file.name} has ${bytesText(file.bytes)} here and ${bytesText(copy.bytes)}`
  }
  const [own, other] = await Promise.all([printOf(file, signal), printOf(copy, signal)])
  return own === other ? undefined : `${file.name} differs from its copy`
}

function howOf({ bytes }: BackupFile): string {
  return bytes > HASHED_BYTES_MAX ? ', by its size, its first and its last bytes' : ''
}

async function printOf({ path, bytes }: BackupFile, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  if (bytes > HASHED_BYTES_MAX) {
    const { head, tail } = await readEnds(path, ENDS_BYTES)
    return hash.update(head).update(tail).digest('hex')
  }
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}
