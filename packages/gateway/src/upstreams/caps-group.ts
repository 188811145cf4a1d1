import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CapsConfig } from '@sallyport/contract/config'
import { AppError } from '@sallyport/kit/errors'
import { type Controller, ensureDelegated, readText } from './caps-delegation.ts'
import { type CgroupHome, type CgroupWorld, findCgroupHome } from './caps-folders.ts'
import { signalProcess } from './mark.ts'

const END_ROUNDS_MAX = 80
const END_POLL_MS = 25
/** Without waiting: enough for what forks meanwhile. */
const NOW_ROUNDS_MAX = 5

/** Which group bounds what. */
const CONTROLLERS = { memory: 'memory', processes: 'pids' } as const
export type GroupCap = keyof typeof CONTROLLERS

/** Of which gateway process groups are. */
export interface GroupOwner {
  readonly gatewayId: string
  readonly instanceId: string
}

/** Makes control groups that bound a child with all its descendants. */
export class CapsGroups {
  readonly #prefix: string
  readonly #instanceId: string
  readonly #world: CgroupWorld
  readonly #homes = new Map<Controller, Promise<CgroupHome | undefined>>()
  #made = 0

  constructor(owner: GroupOwner, world: CgroupWorld = { self: '/proc/self' }) {
    // Names of folders say nothing about the gateway's store.
    const id = createHash('sha256').update(owner.gatewayId).digest('hex').slice(0, 16)
    this.#prefix = `sallyport.${id}.`
    this.#instanceId = owner.instanceId
    this.#world = world
  }

  /** Whether this host can enforce such a cap. */
  async can(cap: GroupCap): Promise<boolean> {
    return (await this.#home(CONTROLLERS[cap])) !== undefined
  }

  /**
   * Makes the groups for one child; undefined when it has no such caps.
   *
   * @throws {AppError} `caps_unavailable`
   */
  async make(caps: CapsConfig): Promise<CapsGroup | undefined> {
    const { memoryBytes, processes } = caps
    if (memoryBytes === undefined && processes === undefined) return undefined
    this.#made += 1
    const name = this.nameOf(this.#made)
    const folders = new Set<string>()
    const group = new CapsGroup(folders, caps)
    try {
      if (memoryBytes !== undefined) {
        await this.#bound('memory', name, folders, (home) => memoryLimits(home, memoryBytes))
      }
      if (processes !== undefined) {
        await this.#bound('processes', name, folders, () => [['pids.max', String(processes)]])
      }
    } catch (thrown) {
      await group.remove()
      throw thrown
    }
    return group
  }

  /**
   * Removes what processes of this gateway that no longer run left behind, with what still runs in it. Never
   * throws: resolves to the groups that could not be removed.
   */
  async removeLeftovers(livingInstances: readonly string[]): Promise<string[]> {
    const stuck: string[] = []
    const homes = await Promise.all(
      Object.values(CONTROLLERS).map((controller) => findCgroupHome(controller, this.#world)),
    )
    for (const folder of new Set(homes.flatMap((home) => home?.folder ?? []))) {
      const names = await readdir(folder).catch(() => [])
      for (const name of names.filter((each) => this.#isLeft(each, livingInstances))) {
        const group = path.join(folder, name)
        await removeGroup(group).catch(() => stuck.push(group))
      }
    }
    return stuck
  }

  /** What the group of the child with this number is called. */
  nameOf(child: number): string {
    return `${this.#prefix}${this.#instanceId}.${child}`
  }

  #isLeft(name: string, livingInstances: readonly string[]): boolean {
    if (!name.startsWith(this.#prefix)) return false
    const [instance = ''] = name.slice(this.#prefix.length).split('.')
    return instance !== this.#instanceId && !livingInstances.includes(instance)
  }

  async #bound(
    cap: GroupCap,
    name: string,
    folders: Set<string>,
    limitsOf: (home: CgroupHome) => readonly (readonly [file: string, text: string])[],
  ): Promise<void> {
    const home = await this.#home(CONTROLLERS[cap])
    if (home === undefined) throw unavailable(cap)
    const folder = path.join(home.folder, name)
    try {
      if (!folders.has(folder)) await mkdir(folder)
      folders.add(folder)
      for (const [file, text] of limitsOf(home)) await limit(path.join(folder, file), text)
    } catch (thrown) {
      throw unavailable(cap, thrown)
    }
  }

  async #home(controller: Controller): Promise<CgroupHome | undefined> {
    const finding = this.#homes.get(controller) ?? this.#find(controller)
    this.#homes.set(controller, finding)
    const home = await finding
    // What is missing may come.
    if (home === undefined) this.#homes.delete(controller)
    return home
  }

  /** A folder that can be read is not yet one that can be written: what counts is that a group can be made. */
  async #find(controller: Controller): Promise<CgroupHome | undefined> {
    const home = await findCgroupHome(controller, this.#world)
    if (home === undefined) return undefined
    if (home.version === 2 && !(await ensureDelegated(home.folder, controller))) return undefined
    const trial = path.join(home.folder, `${this.#prefix}${this.#instanceId}.${controller}-trial`)
    try {
      await mkdir(trial)
      await rmdir(trial)
      return home
    } catch {
      return undefined // told by what is missing then
    }
  }
}

/** The groups of one child. */
export class CapsGroup {
  readonly #folders: ReadonlySet<string>
  readonly #caps: CapsConfig

  constructor(folders: ReadonlySet<string>, caps: CapsConfig) {
    this.#folders = folders
    this.#caps = caps
  }

  /** The files into which a process writes its id to be bound by the groups. */
  get doors(): string[] {
    return [...this.#folders].map((folder) => path.join(folder, 'cgroup.procs'))
  }

  /** Which cap a process in the groups ran into, one sentence; undefined when none. */
  explain(): string | undefined {
    const { memoryBytes, processes } = this.#caps
    const found = [...this.#folders]
    const kills = (file: string): boolean =>
      found.some((folder) => counted(folder, file, 'oom_kill'))
    if (kills('memory.events') || kills('memory.oom_control')) {
      return `it needed more memory than caps.memory allows (${memoryBytes} bytes)`
    }
    if (found.some((folder) => counted(folder, 'pids.events', 'max'))) {
      return `it wanted more processes than caps.processes allows (${processes})`
    }
    return undefined
  }

  /** Kills what is in the groups before it returns. The groups stay, for the next start to remove. */
  killNow(): void {
    for (const folder of this.#folders) killGroupNow(folder)
  }

  /** Ends what is still in the groups, and removes them. @throws {AppError} `internal` when that fails */
  async remove(): Promise<void> {
    await Promise.all([...this.#folders].map(removeGroup))
  }
}

/** Swap is memory too. Source: Linux kernel, "Memory Resource Controller", v1 and v2. */
function memoryLimits({ version }: CgroupHome, bytes: number): (readonly [string, string])[] {
  return version === 1
    ? [
        ['memory.limit_in_bytes', String(bytes)],
        ['memory.memsw.limit_in_bytes', String(bytes)],
      ]
    : [
        ['memory.max', String(bytes)],
        ['memory.swap.max', '0'],
      ]
}

/** A kernel that does not account for swap has no file for it. @throws what the kernel says otherwise */
async function limit(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'r+' })
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException // what `fs` throws has a code
    if (!/\.(memsw|swap)\./.test(file) || code !== 'ENOENT') throw thrown
  }
}

function counted(folder: string, file: string, name: string): boolean {
  try {
    const text = readFileSync(path.join(folder, file), 'utf8')
    return new RegExp(`^${name} [1-9]`, 'm').test(text)
  } catch {
    return false // of the other version, or of another controller
  }
}

/** Source: Linux kernel, "Control Group v2", `cgroup.kill`, which v1 and kernels before 5.14 do not have. */
function killGroupNow(folder: string): void {
  try {
    writeFileSync(path.join(folder, 'cgroup.kill'), '1', { flag: 'r+' })
    return
  } catch {
    // Killed one by one then.
  }
  for (let round = 0; round < NOW_ROUNDS_MAX; round += 1) {
    const pids = processesOf(folder)
    if (pids.length === 0) return
    for (const pid of pids) signalProcess(pid, 'SIGKILL')
  }
}

function processesOf(folder: string): number[] {
  try {
    const text = readFileSync(path.join(folder, 'cgroup.procs'), 'utf8')
    return text.split('\n').filter(Boolean).map(Number)
  } catch {
    return [] // removed already
  }
}

async function removeGroup(folder: string): Promise<void> {
  let cause: unknown
  for (let round = 0; round < END_ROUNDS_MAX; round += 1) {
    const pids = (await readText(path.join(folder, 'cgroup.procs'))).split('\n').filter(Boolean)
    for (const pid of pids) signalProcess(Number(pid), 'SIGKILL')
    try {
      await rmdir(folder)
      return
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return // what `fs` throws has a code
      cause = thrown
    }
    // The last process leaves a group some time after its end.
    await sleep(END_POLL_MS)
  }
  throw new AppError('internal', 'the control group of an ended child could not be removed', {
    cause,
  })
}

function unavailable(cap: GroupCap, cause?: unknown): AppError {
  return new AppError('caps_unavailable', missingGroup(cap), { cause, outcome: 'not_sent' })
}

/** What is missing for a cap that needs a control group, one sentence. */
export function missingGroup(cap: GroupCap): string {
  const controller = CONTROLLERS[cap]
  const remedy = 'delegate one to the gateway (systemd: `Delegate=memory pids`) or remove the cap'
  return `caps.${cap} needs a writable cgroup with the ${controller} controller, which this host does not give the gateway; ${remedy}`
}
