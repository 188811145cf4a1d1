import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { CapsConfig } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { type CapsGroup, type CapsGroups, missingGroup } from './caps-group.ts'
import { MARK_VARIABLE } from './environment.ts'
import type { SpawnPlan } from './spawn-plan.ts'

/** Caps that the kernel keeps for each process by itself. */
type ProcessCap = 'openFiles' | 'cpuTime'

/**
 * Runs in a Node.js of its own: joins the groups, then becomes the child, with the same pid, pipes and
 * process group. Its own environment is next to empty, so nothing meant for the child acts on it; what it is
 * to do comes through a pipe, because others can read arguments. A handler makes an ignored signal, which
 * the child would inherit, a default one.
 */
const LAUNCHER = [
  "const { closeSync, readFileSync, writeFileSync } = process.getBuiltinModule('node:fs')",
  "const { doors, file, args, environment } = JSON.parse(readFileSync(3, 'utf8'))",
  'closeSync(3)',
  'for (const door of doors) writeFileSync(door, String(process.pid))',
  "for (const signal of ['SIGPIPE', 'SIGXFSZ']) process.on(signal, () => {})",
  'process.execve(file, args, environment)',
].join('\n')
const LAUNCHER_FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--input-type=commonjs',
  '--eval',
  LAUNCHER,
]

/** Where the programs of the host are when PATH does not say so. */
const USUAL_FOLDERS = '/usr/bin:/bin:/usr/sbin:/sbin'

export interface CapsWorld {
  readonly groups: CapsGroups
  /** The gateway's own environment, by whose PATH `prlimit` is found. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
}

/** A child as it is to be started. */
export interface Uncapped {
  readonly plan: SpawnPlan
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
}

/** How a child is started within its caps. */
export interface Capped {
  readonly plan: SpawnPlan
  /** What it ran into, by the signal that ended it; undefined when that is not known. */
  explain(signal: NodeJS.Signals | null): string | undefined
  /** Kills what its groups hold before it returns; nothing where it has none. */
  killNow(): void
  /** Ends what is left of it and takes away what held it. @throws {AppError} `internal` */
  remove(): Promise<void>
}

/**
 * Has a child started within its caps. One that is nowhere to be found is left as it is, to fail by its name.
 *
 * Source: prlimit(1), getrlimit(2); Node.js, `process.execve`.
 *
 * @throws {AppError} `caps_unavailable`, naming the cap and what is missing
 */
export async function applyCaps(
  child: Uncapped,
  caps: CapsConfig | undefined,
  world: CapsWorld,
): Promise<Capped> {
  const none: Capped = {
    plan: child.plan,
    explain: () => undefined,
    killNow: () => undefined,
    remove: async () => undefined,
  }
  if (caps === undefined || Object.values(caps).every((cap) => cap === undefined)) return none
  const missing = await findMissingCap(caps, world)
  if (missing !== undefined) {
    throw new AppError('caps_unavailable', missing, { outcome: 'not_sent' })
  }
  const file = await findProgram(child.plan.file, child.environment['PATH'], child.cwd)
  if (file === undefined) return none
  const limited = await limitProcess({ ...child.plan, file }, child.plan.file, caps, world)
  const group = await world.groups.make(caps)
  const plan = group === undefined ? limited : enterGroup(limited, child, group)
  return {
    plan: { ...plan, shownAs: child.plan.file },
    explain: (signal) => explain(signal, caps) ?? group?.explain(),
    killNow: () => group?.killNow(),
    remove: async () => group?.remove(),
  }
}

/** Why this host cannot enforce one of the caps, one sentence; undefined when it can enforce them all. */
export async function findMissingCap(
  caps: CapsConfig,
  { groups, environment, platform }: CapsWorld,
): Promise<string | undefined> {
  const wanted = {
    memory: caps.memoryBytes !== undefined,
    processes: caps.processes !== undefined,
    openFiles: caps.openFiles !== undefined,
    cpuTime: caps.cpuMs !== undefined,
  }
  for (const cap of ['memory', 'processes'] as const) {
    if (wanted[cap] && !(platform === 'linux' && (await groups.can(cap)))) return missingGroup(cap)
  }
  for (const cap of ['openFiles', 'cpuTime'] as const) {
    if (wanted[cap] && (await findPrlimit(platform, environment)) === undefined) {
      return missingPrlimit(cap)
    }
  }
  return undefined
}

async function limitProcess(
  plan: SpawnPlan,
  shownAs: string,
  { openFiles, cpuMs }: CapsConfig,
  { environment, platform }: CapsWorld,
): Promise<SpawnPlan> {
  if (openFiles === undefined && cpuMs === undefined) return plan
  const prlimit = await findPrlimit(platform, environment)
  if (prlimit === undefined) {
    const sentence = missingPrlimit(openFiles === undefined ? 'cpuTime' : 'openFiles')
    throw new AppError('caps_unavailable', sentence, { outcome: 'not_sent' })
  }
  const own = await readOwnLimits()
  const limits: string[] = []
  if (openFiles !== undefined) {
    const most = Math.min(openFiles, own.openFiles)
    limits.push(`--nofile=${most}:${most}`)
  }
  if (cpuMs !== undefined) {
    const seconds = Math.min(Math.ceil(cpuMs / 1_000), own.cpuSeconds)
    // The first limit is told to the process, the second kills one that does not listen.
    limits.push(`--cpu=${seconds}:${Math.min(seconds + 1, own.cpuSeconds)}`)
  }
  const command = shownAs.includes('/') ? plan.file : shownAs
  return { ...plan, file: prlimit, args: [...limits, '--', command, ...plan.args] }
}

function enterGroup(plan: SpawnPlan, child: Uncapped, group: CapsGroup): SpawnPlan {
  const { file, args } = plan
  const { doors } = group
  const task = { doors, file, args: [child.plan.file, ...args], environment: child.environment }
  const mark = child.environment[MARK_VARIABLE] ?? ''
  return {
    ...{ file: process.execPath, args: LAUNCHER_FLAGS, verbatim: false },
    ...{ input: JSON.stringify(task), environment: { [MARK_VARIABLE]: mark } },
  }
}

function explain(signal: NodeJS.Signals | null, { cpuMs }: CapsConfig): string | undefined {
  if (signal !== 'SIGXCPU' || cpuMs === undefined) return undefined
  return `it used more CPU time than caps.cpuTime allows (${Math.ceil(cpuMs / 1_000)} s)`
}

function missingPrlimit(cap: ProcessCap): string {
  const remedy = 'install it or remove the cap'
  return `caps.${cap} needs \`prlimit\` of util-linux on the PATH of the gateway, where it is not; ${remedy}`
}

async function findPrlimit(
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  if (platform !== 'linux') return undefined
  return findProgram('prlimit', `${environment['PATH'] ?? ''}:${USUAL_FOLDERS}`, '/')
}

/** The absolute path of a program, as execvp(3) finds it; undefined when there is none that can be run. */
async function findProgram(
  command: string,
  folders = USUAL_FOLDERS,
  cwd: string,
): Promise<string | undefined> {
  const places = command.includes('/')
    ? [path.resolve(cwd, command)]
    : folders.split(':').map((folder) => path.resolve(cwd, folder, command))
  for (const place of places) {
    if (await isProgram(place)) return place
  }
  return undefined
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return (await stat(file)).isFile()
  } catch {
    return false // looked for elsewhere
  }
}

/** What this process may not exceed itself: a child cannot be given more. */
async function readOwnLimits(): Promise<{ openFiles: number; cpuSeconds: number }> {
  const text = await readFile('/proc/self/limits', 'utf8')
  const hard = (name: string): number => {
    const found = new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, 'm').exec(text)?.[1]
    return found === undefined ? Infinity : Number(found)
  }
  return { openFiles: hard('Max open files'), cpuSeconds: hard('Max cpu time') }
}
