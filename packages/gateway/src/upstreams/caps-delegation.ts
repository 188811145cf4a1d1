import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

export type Controller = 'memory' | 'pids'

/** Where the gateway itself goes, since a group of v2 with controllers for its children holds no process. */
const OWN_GROUP = 'sallyport-gateway'
const ANCESTORS_MAX = 64

/** The group whose children are bounded: that of this process, or the one it was moved aside from. */
export function delegatorOf(folder: string): string {
  return path.basename(folder) === OWN_GROUP ? path.dirname(folder) : folder
}

/**
 * Sees that children of a v2 group can have limits of this controller; false when they cannot: the
 * controller is not handed down, the folder is not ours, or others are in it.
 *
 * Source: Linux kernel, "Control Group v2", "No Internal Process Constraint" and "Delegation".
 */
export async function ensureDelegated(home: string, controller: Controller): Promise<boolean> {
  const has = async (file: string): Promise<boolean> =>
    (await readText(path.join(home, file))).split(/\s+/).includes(controller)
  if (!(await has('cgroup.controllers'))) return false
  if (await has('cgroup.subtree_control')) return true
  try {
    if (!(await enable(home, controller))) {
      await moveAside(home)
      await enable(home, controller)
    }
  } catch {
    // Told by what is missing then.
    return false
  }
  return has('cgroup.subtree_control')
}

/** False when processes in the group stand against it. @throws what else the kernel says */
async function enable(folder: string, controller: Controller): Promise<boolean> {
  try {
    await writeFile(path.join(folder, 'cgroup.subtree_control'), `+${controller}`)
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EBUSY') return false // what `fs` throws has a code
    throw thrown
  }
}

/** Moves this process, what started it and what it started; others are not ours to move. */
async function moveAside(folder: string): Promise<void> {
  const pids = (await readText(path.join(folder, 'cgroup.procs'))).split('\n').filter(Boolean)
  const above = await ancestorsOf(String(process.pid))
  for (const pid of pids) {
    const related = above.includes(pid) || (await ancestorsOf(pid)).includes(String(process.pid))
    if (!related) return
  }
  const own = path.join(folder, OWN_GROUP)
  await mkdir(own, { recursive: true })
  for (const pid of pids) await writeFile(path.join(own, 'cgroup.procs'), pid)
}

/** The process itself, its parent, and so on. */
async function ancestorsOf(pid: string): Promise<string[]> {
  const found: string[] = []
  let at = pid
  while (at !== '0' && at !== '' && found.length < ANCESTORS_MAX) {
    found.push(at)
    at = /^PPid:\s+(\d+)$/m.exec(await readText(`/proc/${at}/status`))?.[1] ?? ''
  }
  return found
}

/** The text of a file; empty when it cannot be read. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    // What is not there says nothing, and says so.
    return ''
  }
}
