import { readdir, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { type Finding, unproved } from '../../answers/answer.ts'
import { fact } from '../../deployment.ts'
import { faultOf } from '../bytes-of.ts'

const DEPTH_MAX = 5
const FILES_MAX = 20_000
const SIDECAR_BYTES_MAX = 64 * 1024
const DAY_MS = 86_400_000
/** The furthest that a date may lie behind UTC. */
const ZONE_MS = 12 * 3_600_000

/** One backup. */
export interface BackupFile {
  readonly path: string
  /** Relative to the folder. */
  readonly name: string
  /** Its name with every number as `#`: backups of one thing have the same. */
  readonly series: string
  readonly bytes: number
  /** When it was made: its time in the file system, or the end of the day in its name where that is earlier. */
  readonly atMs: number
}

/** A folder of backups. */
export interface BackupFolder {
  readonly folder: string
  /** The newest first. */
  readonly files: readonly BackupFile[]
  /** Small files beside them, such as sums; no backups. */
  readonly others: readonly string[]
  /** Whether there are more than were looked at. */
  readonly isCut: boolean
}

/** The backups, where the checklist is told of them and finds the folder; else what is to be said of every answer. */
export type BackupReading =
  | { readonly known: true; readonly backups: BackupFolder }
  | { readonly known: false; readonly finding: Finding }

/** The folder of `checklist.backups`. */
export const backupFolder = fact<BackupReading>(async ({ settings, folder }, signal) => {
  const { backups } = settings
  if (backups === undefined) return { known: false, finding: notDeclared() }
  return readBackups(resolve(folder, backups.folder), signal)
})

/** The folder of `checklist.backups.offsite`; undefined where none is named. */
export const offsiteFolder = fact<BackupReading | undefined>(async (deployment, signal) => {
  const offsite = deployment.settings.backups?.offsite
  return offsite === undefined
    ? undefined
    : readBackups(resolve(deployment.folder, offsite), signal)
})

function notDeclared(): Finding {
  return unproved(
    'config',
    '`checklist.backups` is not set, so no backup is known',
    'set `checklist.backups.folder` to where the backups are',
  )
}

async function readBackups(folder: string, signal: AbortSignal): Promise<BackupReading> {
  try {
    const { found, isCut } = await filesIn(folder, signal)
    const files = found
      .filter((file) => !isSidecar(file, found))
      .sort((one, other) => other.atMs - one.atMs || (one.name < other.name ? 1 : -1))
    const kept = new Set(files)
    const others = found.filter((file) => !kept.has(file)).map(({ path }) => path)
    return { known: true, backups: { folder, files, others, isCut } }
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const missing = /ENOENT|ENOTDIR/.test(faultOf(thrown))
    const text = `the folder ${folder} ${missing ? 'is not there' : `cannot be read: ${faultOf(thrown)}`}`
    const evidence = [{ kind: 'file', text }] as const
    return { known: false, finding: { state: missing ? 'failed' : 'unproved', evidence } }
  }
}

async function filesIn(
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly found: BackupFile[]; readonly isCut: boolean }> {
  const found: BackupFile[] = []
  let isCut = false
  const walk = async (within: string, depth: number): Promise<void> => {
    for (const entry of await readdir(within, { withFileTypes: true })) {
      signal.throwIfAborted()
      if (isPassing(entry.name)) continue
      const path = join(within, entry.name)
      if (found.length >= FILES_MAX || (entry.isDirectory() && depth >= DEPTH_MAX)) isCut = true
      else if (entry.isDirectory()) await walk(path, depth + 1)
      // A link to the newest (`latest.db`) is no backup more.
      else if (entry.isFile()) found.push(await toFile(folder, path))
    }
  }
  await walk(folder, 0)
  return { found, isCut }
}

/** Hidden, or still being written. */
function isPassing(name: string): boolean {
  return name.startsWith('.') || name === 'lost+found' || /\.(?:tmp|part|partial)$/.test(name)
}

async function toFile(folder: string, path: string): Promise<BackupFile> {
  const { size, mtimeMs } = await stat(path)
  const name = relative(folder, path).split(sep).join('/')
  const atMs = Math.min(mtimeMs, dateInName(name) ?? mtimeMs)
  return { path, name, series: seriesOf(name), bytes: size, atMs }
}

/** `sallyport-2026-11-20.db.age` and that of the day before are `sallyport-#-#-#.db.age`. */
export function seriesOf(name: string): string {
  return name
    .replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '#')
    .replaceAll(/(?<![a-z0-9])(?=[a-f]*\d)[0-9a-f]{7,64}(?![a-z0-9])/gi, '#')
    .replaceAll(/\d+/g, '#')
}

/** The end of the day that a name holds, as late as it ends anywhere; milliseconds. */
export function dateInName(name: string): number | undefined {
  const found = /(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d{3})/.exec(
    name,
  )
  if (found === null) return undefined
  const [, year, month, day] = found
  return Date.parse(`${year}-${month}-${day}T00:00:00Z`) + DAY_MS + ZONE_MS
}

/** A small file that has the name of another one with something after it: sums, signatures, notes. */
function isSidecar({ name, bytes }: BackupFile, all: readonly BackupFile[]): boolean {
  if (/(?:^|\/)(?:(?:SHA\d+|MD5)SUMS|README[^/]*)$/i.test(name)) return true
  if (bytes > SIDECAR_BYTES_MAX) return false
  return all.some((other) => name !== other.name && name.startsWith(`${other.name}.`))
}

/** The newest of every series, by series. */
export function newestOf(files: readonly BackupFile[]): BackupFile[] {
  const newest = new Map<string, BackupFile>()
  for (const file of files) if (!newest.has(file.series)) newest.set(file.series, file)
  return [...newest.values()]
}
