import { readFile, realpath, stat } from 'node:fs/promises'
import { AppError } from '@sallyport/kit/errors'

/** The file system that a path lies on. */
export interface Mount {
  /** Where it is mounted. */
  readonly point: string
  /** `ext4`, `tmpfs`, `overlay`, `nfs4` ... as the kernel names it. */
  readonly type: string
}

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
 * @throws {Error} of the file system; {AppError} `internal` where the kernel lists no mount of it
 */
export async function mountOf(path: string): Promise<Mount> {
  const real = await realpath(path)
  const mounts = parseMounts(await readFile('/proc/self/mountinfo', 'utf8'))
  const found = mountAbove(mounts, real)
  if (found === undefined) throw new AppError('internal', `the kernel lists no mount of ${real}`)
  return found
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
