import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Deployment } from '../../deployment.ts'
import { fact } from '../../deployment.ts'
import { composeFacts, type ComposeService } from '../compose.ts'
import { deploymentFiles, shownPath } from '../files.ts'
import { readSmall } from '../read-small.ts'
import { runCommand } from '../run-command.ts'
import { cronGapMs, spanMs, timerGapMs } from './rhythm.ts'

/** Something that makes backups by itself. */
export interface BackupSchedule {
  /** What and where: `/etc/cron.d/backup:3`, `sallyport-backup.timer`. */
  readonly where: string
  /** The longest time between two runs, milliseconds; undefined where that is not understood. */
  readonly gapMs: number | undefined
  /** Why it does not run, as the end of a sentence that begins with `where`. */
  readonly off: string | undefined
}

/** What makes backups, and where it was not possible to look. */
export interface BackupSchedules {
  readonly found: readonly BackupSchedule[]
  readonly unseen: readonly string[]
}

/** What makes backups and nothing else. */
const TOOLS =
  /\b(?:pg_dump(?:all)?|pg_basebackup|pgbackrest|wal-g|barman|restic|borg(?:matic)?|kopia|duplicity|duplicati|litestream|vacuum into)\b/i
/** What is called after it. The upkeep of Debian's own files is none. */
const MAKES = new RegExp(`${TOOLS.source}|back-?up`, 'i')
const NOT_OURS = /^(?:dpkg|passwd|apt-compat|aptitude|man-db|logrotate|e2scrub_all)$/
const FOLDER_GAPS_MS = {
  hourly: 3_600_000,
  daily: 86_400_000,
  weekly: 604_800_000,
  monthly: 2_678_400_000,
}

/** Files of cron, systemd timers and services of compose files that make backups. */
export const backupSchedules = fact(async (deployment, signal): Promise<BackupSchedules> => {
  const places = [
    await inCronOf('/etc', deployment.clock.nowMs()),
    await inCrontab(deployment, signal),
    await inFiles(deployment, signal),
    await inTimers('/etc/systemd/system', deployment, signal),
    await inCompose(deployment, signal),
  ]
  return {
    found: places.flatMap(({ found }) => [...found]),
    unseen: places.flatMap(({ unseen }) => [...unseen]),
  }
})

/** Lines of cron below a folder like `/etc`. */
export async function inCronOf(etc: string, nowMs: number): Promise<BackupSchedules> {
  const found: BackupSchedule[] = []
  const unseen: string[] = []
  const lines = async (path: string) => {
    const reading = await readSmall(path)
    if ('text' in reading) found.push(...cronLines(reading.text, path, nowMs))
    else if (!/not there/.test(reading.fault)) unseen.push(`${path} ${reading.fault}`)
  }
  await lines(join(etc, 'crontab'))
  for (const name of await namesIn(join(etc, 'cron.d'))) await lines(join(etc, 'cron.d', name))
  for (const [word, gapMs] of Object.entries(FOLDER_GAPS_MS)) {
    const folder = join(etc, `cron.${word}`)
    for (const name of await namesIn(folder)) {
      const reading = await readSmall(join(folder, name))
      if (!('text' in reading) || NOT_OURS.test(name)) continue
      if (makesBackups(reading.text) || MAKES.test(name)) {
        found.push({ where: join(folder, name), gapMs, off: undefined })
      }
    }
  }
  return { found, unseen }
}

/** The lines of one crontab that make backups. Source: crontab(5). */
function cronLines(text: string, name: string, nowMs: number): BackupSchedule[] {
  return text.split('\n').flatMap((line, index) => {
    const [, schedule, command = ''] =
      /^\s*(@\w+|(?:[\d*/,a-zA-Z-]+\s+){4}[\d*/,a-zA-Z-]+)\s+(.+)$/.exec(line) ?? []
    if (schedule === undefined || line.trimStart().startsWith('#') || !MAKES.test(command))
      return []
    return [{ where: `${name}:${index + 1}`, gapMs: cronGapMs(schedule, nowMs), off: undefined }]
  })
}

async function inCrontab(deployment: Deployment, signal: AbortSignal): Promise<BackupSchedules> {
  const result = await runCommand(deployment, 'crontab', ['-l'], signal)
  if (result?.code !== 0) return { found: [], unseen: [] }
  const found = cronLines(result.stdout, 'the crontab of this user', deployment.clock.nowMs())
  return { found, unseen: [] }
}

/** Crontabs and timers among the files of the deployment. */
async function inFiles(deployment: Deployment, signal: AbortSignal): Promise<BackupSchedules> {
  const { entries } = await deploymentFiles(deployment, signal)
  const files = entries.filter(({ kind }) => kind === 'file').map(({ path }) => path)
  const found: BackupSchedule[] = []
  for (const path of files) {
    const name = basename(path)
    if (/(?:^|[.-])cron(?:tab)?$/.test(name) || /\/cron\.d\//.test(path)) {
      const reading = await readSmall(path)
      const nowMs = deployment.clock.nowMs()
      if ('text' in reading) {
        found.push(...cronLines(reading.text, shownPath(deployment, path), nowMs))
      }
    }
    if (name.endsWith('.timer')) found.push(...(await timerAt(path, deployment, signal)))
  }
  return { found, unseen: [] }
}

/** Timers in a folder of systemd. */
async function inTimers(
  folder: string,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<BackupSchedules> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith('.timer'))
  const found: BackupSchedule[] = []
  for (const name of names) found.push(...(await timerAt(join(folder, name), deployment, signal)))
  return { found, unseen: [] }
}

async function timerAt(
  path: string,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<BackupSchedule[]> {
  const timer = await readSmall(path)
  if (!('text' in timer)) return []
  const service = await readSmall(path.replace(/\.timer$/, '.service'))
  const runs = 'text' in service ? (/^\s*ExecStart=(.+)$/m.exec(service.text)?.[1] ?? '') : ''
  if (!MAKES.test(basename(path)) && !MAKES.test(runs)) return []
  return [
    {
      where: shownPath(deployment, path),
      gapMs: timerGapMs(timer.text),
      off: await offOf(basename(path), deployment, signal),
    },
  ]
}

/** Only what systemd itself says: without it nothing is known. */
async function offOf(
  timer: string,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<string | undefined> {
  const result = await runCommand(deployment, 'systemctl', ['is-enabled', timer], signal)
  const said = result?.stdout.trim()
  if (said === 'disabled' || said === 'masked') return `is ${said}`
  return said === 'not-found' ? 'is not installed' : undefined
}

async function inCompose(deployment: Deployment, signal: AbortSignal): Promise<BackupSchedules> {
  const { services } = await composeFacts(deployment, signal)
  const found = services
    .filter((service) => isBackupService(service, deployment.clock.nowMs()))
    .map((service): BackupSchedule => {
      const gapMs = composeGapMs(service, deployment.clock.nowMs())
      const isOnce = gapMs === undefined && (service.restart ?? 'no') === 'no'
      const where = `the service ${service.name} (${service.at()})`
      if (service.profiles.length > 0)
        return { where, gapMs, off: 'is started by hand, with a profile' }
      return { where, gapMs, off: isOnce ? 'runs once, and nothing starts it again' : undefined }
    })
  return { found, unseen: [] }
}

/** A name alone tells nothing: `search-backup` may be the second member of a group. */
function isBackupService(service: ComposeService, nowMs: number): boolean {
  const { name, image = '', command, entrypoint, environment } = service
  const words = [name, image, ...command, ...entrypoint].join(' ')
  if (TOOLS.test(words)) return true
  if (!MAKES.test(words)) return false
  const isSetUp = [...environment.keys()].some((key) => /BACKUP/i.test(key))
  return isSetUp || composeGapMs(service, nowMs) !== undefined
}

/** By a variable such as `BACKUP_CRON` or `SCHEDULE`, or a `sleep` between two runs. */
function composeGapMs(
  { environment, command, entrypoint }: ComposeService,
  nowMs: number,
): number | undefined {
  for (const [name, { value = '' }] of environment) {
    if (!/CRON|SCHEDULE|INTERVAL|PERIOD|FREQUENCY/i.test(name)) continue
    const gapMs = cronGapMs(value, nowMs) ?? spanMs(value)
    if (gapMs !== undefined) return gapMs
  }
  const sleep = /\bsleep\s+(\d+[smhd]?)/.exec([...entrypoint, ...command].join(' '))?.[1]
  return sleep === undefined ? undefined : spanMs(sleep)
}

function makesBackups(script: string): boolean {
  return script.split('\n').some((line) => !line.trimStart().startsWith('#') && MAKES.test(line))
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []) // where there is none, nothing is scheduled there
}
