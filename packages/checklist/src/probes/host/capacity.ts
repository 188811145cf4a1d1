import type { StatsFs } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { failed, type Probe, proved, type Seen, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { readText } from '../../looks/read-text.ts'
import { runCommand } from '../../looks/run-command.ts'
import { runsContainers } from './docker.ts'

const GIB = 1024 ** 3
/** 4 GB as machines are sold, less what firmware and kernel keep. */
const MEMORY_MIN = 3.5 * GIB
const DISK_MIN = 10 * GIB

/**
 * There are 4 GB of memory, of the host and of what a control group leaves of it.
 *
 * @param root `/`, but in tests
 */
export function memory(root: string): Probe {
  return {
    kind: 'probe',
    title: 'The host has 4 GB of memory or more',
    remedy: 'give the host 4 GB of memory, or raise the limit of the group that this runs in',
    async look(_deployment, signal) {
      const total = /^MemTotal:\s+(\d+) kB/m.exec(
        await textOf(join(root, 'proc/meminfo'), signal),
      )?.[1]
      if (total === undefined) {
        return unproved(
          'file',
          '/proc/meminfo does not tell how much memory there is',
          'look on Linux',
        )
      }
      const bytes = Number(total) * 1_024
      const limit = await groupLimit(root, signal)
      const seen: Seen = {
        kind: 'file',
        text:
          limit < bytes
            ? `/sys/fs/cgroup: ${inGib(limit)} of ${inGib(bytes)} of memory may be used`
            : `/proc/meminfo: ${inGib(bytes)} of memory`,
      }
      return Math.min(limit, bytes) < MEMORY_MIN ? failed([seen]) : proved(seen)
    },
  }
}

async function groupLimit(root: string, signal: AbortSignal): Promise<number> {
  const files = ['sys/fs/cgroup/memory.max', 'sys/fs/cgroup/memory/memory.limit_in_bytes']
  for (const file of files) {
    const text = (await textOf(join(root, file), signal)).trim()
    if (/^\d+$/.test(text)) return Number(text)
  }
  return Number.POSITIVE_INFINITY
}

async function textOf(file: string, signal: AbortSignal): Promise<string> {
  const { text } = await readText(file, signal)
  return text ?? ''
}

/** Tells how much of a disk is free; `statfs` of the system, but in tests. */
export type DiskReader = (path: string) => Promise<Pick<StatsFs, 'bavail' | 'bsize'>>

/** There are 10 GiB free wherever this deployment writes. */
export function disk(read: DiskReader = statfs): Probe {
  return {
    kind: 'probe',
    title: 'There are 10 GiB free wherever this deployment writes',
    remedy: 'free space on the disk that is named, or make it larger',
    async look(deployment, signal) {
      const places = await writtenPlaces(deployment, signal)
      const faults: Seen[] = []
      const unknowns: Seen[] = []
      const seen: Seen[] = []
      for (const { name, path } of places) {
        if (path === undefined) {
          unknowns.push({ kind: 'command', text: `${name} is not known, as docker does not tell` })
          continue
        }
        const free = await freeBytes(path, read)
        const text = `${path}: ${inGib(free)} free for ${name}`
        ;(free < DISK_MIN ? faults : seen).push({ kind: 'file', text })
      }
      if (faults.length > 0) return failed([...faults, ...unknowns])
      if (unknowns.length === 0) return proved(...seen)
      const remedy = 'run the check where docker answers'
      return { state: 'unproved', evidence: [...unknowns, ...seen], remedy }
    },
  }
}

interface WrittenPlace {
  readonly name: string
  readonly path: string | undefined
}

async function writtenPlaces(deployment: Deployment, signal: AbortSignal): Promise<WrittenPlace[]> {
  const { folder, config, settings } = deployment
  const store = config?.store?.startsWith('sqlite:') ? config.store.slice(7) : undefined
  const places: WrittenPlace[] = [{ name: 'the deployment', path: folder }]
  if (store !== undefined) {
    places.push({ name: 'the store', path: dirname(resolve(folder, store)) })
  }
  if (settings.backups !== undefined) {
    places.push({ name: 'backups', path: resolve(folder, settings.backups.folder) })
  }
  if (await runsContainers(deployment, signal)) {
    places.push({ name: 'the disk of docker', path: await dockerRoot(deployment, signal) })
  }
  return places
}

async function dockerRoot(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<string | undefined> {
  const isElsewhere = /^(?:tcp|ssh|https?):/.test(deployment.variables['DOCKER_HOST'] ?? '')
  const result = await runCommand(
    deployment,
    'docker',
    ['info', '--format', '{{.DockerRootDir}}'],
    signal,
  )
  const path = result?.code === 0 && !isElsewhere ? result.stdout.trim() : ''
  return path.startsWith('/') ? path : undefined
}

/** Of the nearest folder that is there; one that is to be made will be on its disk. */
async function freeBytes(path: string, read: DiskReader): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await read(at)
      return bavail * bsize
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException // statfs throws such errors alone
      if (code !== 'ENOENT' || dirname(at) === at) throw thrown
    }
  }
}

function inGib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`
}
