import type { Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { type Deployment, fact } from '../deployment.ts'

const ENTRIES_MAX = 20_000
const DEPTH_MAX = 32
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '.git'])

/** One file, folder or link of the deployment. Links are not followed. */
export interface FoundFile {
  /** Absolute. */
  readonly path: string
  /** Relative to the folder of the configuration, as it is shown. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** Permissions with the sticky bit, such as 0o644. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
}

/** What is in the folders of the deployment. */
export interface FoundFiles {
  /** Near ones first. */
  readonly entries: readonly FoundFile[]
  /** Whether there is more than was looked at. */
  readonly cut: boolean
  /** Folders that could not be read, as they are shown, with the reason. */
  readonly unreadable: readonly string[]
}

/**
 * Everything in `checklist.folders` but `node_modules` and `.git`: at most 20,000 entries.
 *
 * @throws the signal's own reason
 */
export const deploymentFiles = fact((deployment, signal) => {
  return findFiles(deployment, signal, ENTRIES_MAX)
})

/** The same with another bound. */
export function findFiles(
  { folder, settings }: Pick<Deployment, 'folder' | 'settings'>,
  signal: AbortSignal,
  entriesMax: number,
): Promise<FoundFiles> {
  const folders = settings.folders.map((path) => resolve(folder, path))
  return new Walk(folder, entriesMax, signal).run(folders)
}

/** How a path of the deployment is shown: relative where it is within its folder. */
export function shownPath({ folder }: Pick<Deployment, 'folder'>, path: string): string {
  const name = relative(folder, path)
  return name === '' ? '.' : name.startsWith('..') ? path : name
}

interface Waiting {
  readonly path: string
  readonly depth: number
}

class Walk {
  readonly #folder: string
  readonly #entriesMax: number
  readonly #signal: AbortSignal
  readonly #entries: FoundFile[] = []
  readonly #unreadable: string[] = []
  readonly #seen = new Set<string>()
  #cut = false

  constructor(folder: string, entriesMax: number, signal: AbortSignal) {
    this.#folder = folder
    this.#entriesMax = entriesMax
    this.#signal = signal
  }

  async run(folders: readonly string[]): Promise<FoundFiles> {
    const waiting: Waiting[] = folders.map((path) => ({ path, depth: 0 }))
    // The list grows while it is walked: breadth first, so that a cut takes what is deepest.
    for (const { path, depth } of waiting) {
      this.#signal.throwIfAborted()
      if (this.#cut || this.#seen.has(path)) continue
      this.#seen.add(path)
      for (const inner of await this.#list(path)) {
        if (depth < DEPTH_MAX) waiting.push({ path: inner, depth: depth + 1 })
        else this.#cut = true
      }
    }
    return { entries: this.#entries, cut: this.#cut, unreadable: this.#unreadable }
  }

  /** Takes the entries of one folder, and gives the folders among them. */
  async #list(folder: string): Promise<string[]> {
    const names = await this.#names(folder)
    const folders: string[] = []
    for (const name of names.toSorted()) {
      if (SKIPPED.has(name)) continue
      if (this.#entries.length >= this.#entriesMax) {
        this.#cut = true
        break
      }
      const path = join(folder, name)
      const stat = await lstat(path).catch(ignoreGone)
      if (stat === undefined) continue
      const found = toFound(path, shownPath({ folder: this.#folder }, path), stat)
      this.#entries.push(found)
      if (found.kind === 'folder') folders.push(path)
    }
    return folders
  }

  async #names(folder: string): Promise<string[]> {
    try {
      return await readdir(folder)
    } catch (thrown) {
      const reason = codeOf(thrown)
      this.#unreadable.push(`${shownPath({ folder: this.#folder }, folder)} (${reason})`)
      return []
    }
  }
}

/** What is told of a file by its status. */
export function toFound(path: string, name: string, stat: Stats): FoundFile {
  const { mode, uid, gid, size } = stat
  return { path, name, kind: kindOf(stat), mode: mode & 0o7777, uid, gid, size }
}

function kindOf(stat: Stats): FoundFile['kind'] {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'folder'
  return stat.isSymbolicLink() ? 'link' : 'other'
}

/** The code of a fault of the file system, such as `EACCES`. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown fault'
}

/** Files come and go while they are listed. @throws whatever is no absence */
function ignoreGone(thrown: unknown): undefined {
  if (['ENOENT', 'EACCES'].includes(codeOf(thrown))) return undefined
  throw thrown
}
