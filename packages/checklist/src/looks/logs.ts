import { stat } from 'node:fs/promises'
import { basename, relative, resolve } from 'node:path'
import { z } from 'zod'
import { type Deployment, fact } from '../deployment.ts'
import { composeFacts, type ComposeService } from './compose.ts'
import { composeRoles } from './compose-roles.ts'
import { type LiveContainer, liveContainers, NO_DOCKER, refused } from './live-containers.ts'
import { MISSING_TEXT, readText } from './read-text.ts'
import { runCommand } from './run-command.ts'
import { systemdUnits } from './systemd-units.ts'
import { parsedJson } from './parsed-text.ts'

const TAIL_BYTES = 4 * 1024 ** 2
const LINES_MAX = 2_000
const SERVICES_MAX = 30
/** Docker tells that a container started a moment after its first lines. */
const STARTED_LATE_MS = 2_000

/** One line of a log. */
export interface LogLine {
  /** From 1, within what was read. */
  readonly number: number
  readonly text: string
  /** When it was written, milliseconds since the epoch; undefined where the line does not tell. */
  readonly atMs: number | undefined
  /** The object that the line is, where it is one. */
  readonly json: Readonly<Record<string, unknown>> | undefined
  /** Whether systemd says it of a unit, instead of the unit itself. */
  readonly isAbout: boolean
}

/** One log of a deployment: its newest lines. */
export interface LogSource {
  /** `logs/gateway.log`, `the service db`, `the unit sallyport.service`. */
  readonly name: string
  readonly lines: readonly LogLine[]
  /** Those since whatever writes it was last started; all where that cannot be told. */
  readonly sinceStart: readonly LogLine[]
  /** Whether there are older lines since that start, which were not read. */
  readonly isCut: boolean
  /** Whether the product, or a server of it, writes it: not a database or a proxy. */
  readonly isOurs: boolean
}

/** The logs of a deployment. */
export interface Logs {
  readonly sources: readonly LogSource[]
  /** Logs that cannot be read, as sentences. */
  readonly gaps: readonly string[]
  /** How to make them readable. */
  readonly remedy: string
}

/**
 * The logs of a deployment: `checklist.logs`, the last 4 MiB of each; else those of its containers; else those of
 * its units in the journal, the last 2,000 lines of each.
 */
export const logFacts = fact(async (deployment, signal): Promise<Logs> => {
  if (deployment.settings.logs !== undefined) return ofFiles(deployment, signal)
  const { services } = await composeFacts(deployment, signal)
  if (services.length > 0) return ofContainers(deployment, services, signal)
  return ofJournal(deployment, signal)
})

async function ofFiles(deployment: Deployment, signal: AbortSignal): Promise<Logs> {
  const { folder, settings } = deployment
  const sources: LogSource[] = []
  const gaps: string[] = []
  for (const path of (settings.logs ?? []).map((one) => resolve(folder, one))) {
    const inside = relative(folder, path)
    const name = inside.startsWith('..') ? path : inside
    const { text, missing } = await readText(path, signal, { bytesMax: TAIL_BYTES, tail: true })
    if (missing !== undefined) {
      gaps.push(`${name} ${MISSING_TEXT[missing]}`)
      continue
    }
    const lines = toLines(text.split('\n'))
    const sinceStart = sinceLastProcess(lines)
    const isCut = sinceStart.length === lines.length && (await stat(path)).size > TAIL_BYTES
    sources.push({ name, lines, sinceStart, isCut, isOurs: true })
  }
  return { sources, gaps, remedy: 'correct the paths under `checklist.logs`' }
}

async function ofContainers(
  deployment: Deployment,
  services: readonly ComposeService[],
  signal: AbortSignal,
): Promise<Logs> {
  const live = await liveContainers(deployment, signal)
  if (live.missing !== undefined) {
    return { sources: [], gaps: [live.missing.text], remedy: live.missing.remedy }
  }
  const roles = await composeRoles(deployment, signal)
  const sources: LogSource[] = []
  const gaps: string[] = []
  if (services.length > SERVICES_MAX) {
    gaps.push(`only the logs of ${SERVICES_MAX} of ${services.length} services are read`)
  }
  for (const service of services.slice(0, SERVICES_MAX)) {
    const container = live.containers.find(
      (one) => one.service === service.name && one.project === service.project,
    )
    if (container === undefined) continue
    const found = await ofContainer(deployment, container, signal)
    if ('missing' in found) {
      gaps.push(`the log of ${service.name} cannot be read: ${found.missing}`)
      continue
    }
    const startedMs = Date.parse(container.startedAt) - STARTED_LATE_MS
    const role = roles.get(service)
    const sinceStart = found.lines.filter(({ atMs }) => atMs === undefined || !(atMs < startedMs))
    sources.push({
      name: `the service ${service.name}`,
      lines: found.lines,
      sinceStart,
      isCut: sinceStart.length >= LINES_MAX,
      isOurs: role === 'gateway' || role === 'backend',
    })
  }
  return { sources, gaps, remedy: 'run the check where `docker logs` works' }
}

async function ofContainer(
  deployment: Deployment,
  { id }: LiveContainer,
  signal: AbortSignal,
): Promise<{ readonly lines: readonly LogLine[] } | { readonly missing: string }> {
  const args = ['logs', '--timestamps', '--tail', `${LINES_MAX}`, id]
  const result = await runCommand(deployment, 'docker', args, signal)
  if (result === undefined) return { missing: NO_DOCKER.text }
  if (result.code !== 0) return { missing: refused(result.stderr).text }
  // What a container writes to stderr comes there, and the stamps before lines sort as text.
  const texts = [...result.stdout.split('\n'), ...result.stderr.split('\n')]
  return { lines: toLines(texts.filter((text) => text !== '').sort(byStamp)) }
}

function byStamp(one: string, other: string): number {
  const [first = ''] = one.split(' ', 1)
  const [second = ''] = other.split(' ', 1)
  return first < second ? -1 : first > second ? 1 : 0
}

const journalLine = z.object({
  MESSAGE: z.union([z.string(), z.array(z.int().min(0).max(255)), z.null()]).optional(),
  __REALTIME_TIMESTAMP: z.string().optional(),
  _SYSTEMD_INVOCATION_ID: z.string().optional(),
})
const unitsHere = systemdUnits('/')

async function ofJournal(deployment: Deployment, signal: AbortSignal): Promise<Logs> {
  const remedy = 'name the log files under `checklist.logs`'
  const { units } = await unitsHere(deployment, signal)
  const sources: LogSource[] = []
  const gaps: string[] = []
  if (units.length === 0)
    return { sources, gaps: ['no log file, container or unit is known'], remedy }
  for (const { name } of units) {
    const options = ['--output', 'json', '--no-pager', '--lines', `${LINES_MAX}`, '--unit', name]
    const result = await runCommand(deployment, 'journalctl', options, signal)
    if (result === undefined)
      return { sources, gaps: ['the command `journalctl` is not on the PATH'], remedy }
    if (result.code !== 0 || /not seeing messages|insufficient permissions/i.test(result.stderr)) {
      const text = `this user may not read the journal of ${basename(name)}`
      return {
        sources,
        gaps: [text],
        remedy: 'run the check as root or as a member of `systemd-journal`',
      }
    }
    const rows = result.stdout
      .split('\n')
      .flatMap((line) => journalLine.safeParse(parsedJson(line)).data ?? [])
    const texts = rows.map(({ MESSAGE = '' }) =>
      typeof MESSAGE === 'string' ? MESSAGE : Buffer.from(MESSAGE ?? []).toString('utf8'),
    )
    const lines = texts.map((text, index) => {
      const microseconds = Number(rows[index]?.__REALTIME_TIMESTAMP)
      const line = toLine(text, index)
      const atMs = Number.isNaN(microseconds) ? line.atMs : microseconds / 1_000
      return { ...line, atMs, isAbout: rows[index]?._SYSTEMD_INVOCATION_ID === undefined }
    })
    const last = rows.findLast((row) => row._SYSTEMD_INVOCATION_ID !== undefined)
    const from = rows.findIndex(
      (row) => row._SYSTEMD_INVOCATION_ID === last?._SYSTEMD_INVOCATION_ID,
    )
    sources.push({
      name: `the unit ${name}`,
      lines,
      sinceStart: lines.slice(Math.max(0, from)),
      isCut: from <= 0 && lines.length >= LINES_MAX,
      isOurs: true,
    })
  }
  return { sources, gaps, remedy }
}

function toLines(texts: readonly string[]): LogLine[] {
  return texts.map(toLine).filter(({ text }) => text.trim() !== '')
}

// Docker puts one in front of every line that it is asked for with its time.
const STAMP = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)\s+/

function toLine(raw: string, index: number): LogLine {
  const stamp = STAMP.exec(raw)
  const text = stamp !== null && raw[stamp[0].length] === '{' ? raw.slice(stamp[0].length) : raw
  const json = objectOf(text)
  const told = json?.['time'] ?? json?.['timestamp'] ?? json?.['ts'] ?? stamp?.[1]
  const atMs = typeof told === 'number' ? told : Date.parse(String(told ?? '').replace(',', '.'))
  return {
    ...{ number: index + 1, text, json, isAbout: false },
    atMs: Number.isNaN(atMs) ? undefined : atMs,
  }
}

function objectOf(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined
  return z.record(z.string(), z.unknown()).safeParse(parsedJson(text)).data
}

/** Every process of ours writes its number into every line. */
function sinceLastProcess(lines: readonly LogLine[]): readonly LogLine[] {
  const pid = lines.findLast(({ json }) => json?.['pid'] !== undefined)?.json?.['pid']
  if (pid === undefined) return lines
  const from = lines.findIndex(({ json }) => json?.['pid'] === pid)
  return lines.slice(from)
}
