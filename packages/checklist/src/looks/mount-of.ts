import { readFile, realpath, stat, statfs } from 'node:fs/promises'

/** The file system that a path lies on. */
export interface Mount {
  /** Where it is mounted. */
  readonly point: string
  /** `ext4`, `tmpfs`, `overlay`, `nfs4` ... as the kernel names it. */
  readonly type: string
}

/** Names of file systems by what `statfs` says of them. Source: statfs(2). */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, 'overlay'],
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb3'],
  [0x01021997, '9p'],
])
const MEMORY = new Set(['tmpfs', 'ramfs', 'devtmpfs', 'hugetlbfs'])
const LAYERED = new Set(['overlay', 'overlayfs', 'aufs'])
const NETWORK =
  /^(?:nfs\d?|cifs|smb3?|smbfs|9p|afs|ceph|glusterfs|fuse\.(?:sshfs|glusterfs|ceph.*))$/

/** What a file system does to what is written there: `memory` and `layer` lose it with a restart. */
export function kindOfMount({ type }: Mount): 'disk' | 'memory' | 'layer' | 'network' {
  if (MEMORY.has(type)) return 'memory'
  if (LAYERED.has(type)) return 'layer'
  return NETWORK.test(type) ? 'network' : 'disk'
}

/**
 * The file system of a path that exists, symbolic links followed.
 *
 * Source: proc_pid_mountinfo(5).
 *
 * @throws {Error} of the file system
 */
export async function mountOf(path: string): Promise<Mount> {
  const real = await realpath(path)
  const mounts = parseMounts(await readFile('/proc/self/mountinfo', 'utf8'))
  // Below a changed root the mount that holds it is on no list.
  return mountAbove(mounts, real) ?? { point: '/', type: typeOf((await statfs(real)).type) }
}

/** The name of a file system by its number, which the kernel may give with its sign. */
export function typeOf(number: number): string {
  const unsigned = number >>> 0
  return TYPES.get(unsigned) ?? `0x${unsigned.toString(16)}`
}

/** Whether two paths that exist lie on one file system. */
export async function isSameDevice(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one), stat(other)])
  return first.dev === second.dev
}

/** Reads the lines of `/proc/self/mountinfo`, in their order. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const point = before.split(' ')[4]
    const type = after.split(' ')[0]
    if (point === undefined || type === undefined || type === '') return []
    return [{ point: point.replace(/\\(\d{3})/g, (_, digits: string) => octal(digits)), type }]
  })
}

/** The deepest mount above a path; of several on one point the last, which hides the others. */
export function mountAbove(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts
    .filter(({ point }) => path === point || path.startsWith(point === '/' ? '/' : `${point}/`))
    .reduce<Mount | undefined>(
      (best, mount) =>
        best === undefined || mount.point.length >= best.point.length ? mount : best,
      undefined,
    )
}

function octal(digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 8))
}
