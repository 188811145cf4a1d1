import path from 'node:path'
import { type Controller, delegatorOf, readText } from './caps-delegation.ts'

/** Which files a controller goes by: those of cgroup v1, a hierarchy each, or those of v2, one for all. */
export type CgroupVersion = 1 | 2

/** Where groups of one controller may be made. */
export interface CgroupHome {
  readonly version: CgroupVersion
  /** The group this process is in, whose children bound what it starts. */
  readonly folder: string
}

/** What of the host is read; files of a test stand in for it. */
export interface CgroupWorld {
  /** Usually `/proc/self`. */
  readonly self: string
}

interface Mount {
  readonly point: string
  /** The group that stands at the mount point. */
  readonly root: string
  readonly version: CgroupVersion
  readonly options: readonly string[]
}

/**
 * Finds where groups of a controller would be made: below the group of this process. Undefined where the host
 * has no such thing; changes nothing.
 *
 * Source: Linux kernel, "Control Group v2" and "Control Groups version 1"; proc_pid_mountinfo(5).
 */
export async function findCgroupHome(
  controller: Controller,
  world: CgroupWorld,
): Promise<CgroupHome | undefined> {
  const mounts = parseMounts(await readText(path.join(world.self, 'mountinfo')))
  const groups = parseGroups(await readText(path.join(world.self, 'cgroup')))
  const first = mounts.find(({ version, options }) => version === 1 && options.includes(controller))
  if (first !== undefined) {
    const group = groups.find(({ controllers }) => controllers.includes(controller))?.group
    return group === undefined ? undefined : { version: 1, folder: folderOf(first, group) }
  }
  const group = groups.find(({ controllers }) => controllers.length === 0)?.group
  const second = mounts.find(({ version }) => version === 2)
  if (second === undefined || group === undefined) return undefined
  return { version: 2, folder: delegatorOf(folderOf(second, group)) }
}

function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root = '', point = ''] = before.split(' ')
    const [kind, , options = ''] = after.split(' ')
    if (kind !== 'cgroup' && kind !== 'cgroup2') return []
    const version = kind === 'cgroup' ? 1 : 2
    return [{ point: unescape(point), root: unescape(root), version, options: options.split(',') }]
  })
}

/** Each line is `id:controllers:group`; v2 names no controllers. */
function parseGroups(text: string): { controllers: string[]; group: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, names, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (names === undefined || group === undefined) return []
    return [{ controllers: names === '' ? [] : names.split(','), group }]
  })
}

function folderOf({ point, root }: Mount, group: string): string {
  const relative = path.posix.relative(root, group)
  // A group outside what is mounted is that of the host; what is mounted is ours then.
  return relative.startsWith('..') ? point : path.posix.join(point, relative)
}

/** Source: proc_pid_mountinfo(5): blanks are written as octal escapes. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
