import { spawn } from 'node:child_process'
import { AppError } from '@sallyport/kit/errors'
import type { Deployment } from '../deployment.ts'
import { QUIET, type Repository } from './git.ts'

const BYTES_MAX = 1024 ** 3
const TOKEN_MIN = 12

/** Where a text was committed. */
export interface Committed {
  /** Which of the texts, by its position. */
  readonly index: number
  /** Short hash. */
  readonly commit: string
}

/**
 * Looks for texts in everything that was ever committed to any branch or tag, oldest first; each is found once.
 * The texts are compared here and leave this process in no way.
 *
 * @throws {AppError} `internal` where git fails or there is more than 1 GiB of history; the signal's own reason
 */
export async function searchHistory(
  { variables }: Deployment,
  { folder }: Repository,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Committed[]> {
  const args = ['-C', folder, ...QUIET, 'log', '--all', '--full-history', '-m', '-p', '-U0']
  args.push(
    '--no-color',
    '--no-ext-diff',
    '--no-textconv',
    '--no-renames',
    '--reverse',
    '--format=%x00%h%x00',
  )
  const { PATH, HOME } = variables
  const child = spawn('git', args, {
    ...{ env: { PATH, HOME, LC_ALL: 'C.UTF-8' }, signal, killSignal: 'SIGKILL' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  ended.catch(() => undefined) // told below, once the output ends
  const search = new Search(texts)
  let bytes = 0
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      // a readable without an encoding gives buffers
      bytes += chunk.length
      if (bytes > BYTES_MAX) {
        throw new AppError('internal', 'the history is larger than what can be searched')
      }
      search.take(chunk.toString('latin1'))
    }
  } finally {
    child.kill('SIGKILL')
  }
  signal.throwIfAborted()
  const code = await ended
  if (code !== 0) throw new AppError('internal', `\`git log\` ended with status ${code}`)
  return search.found
}

class Search {
  readonly found: Committed[] = []
  readonly #texts: Map<number, string>
  readonly #keep: number
  #rest = ''
  #commit = ''

  constructor(texts: readonly string[]) {
    // As Latin-1, so that a chunk may end within a character.
    const all = texts.map((text, index) => [index, Buffer.from(text).toString('latin1')] as const)
    this.#texts = new Map(all.filter(([, text]) => text.length >= TOKEN_MIN))
    this.#keep = Math.max(64, ...[...this.#texts.values()].map(({ length }) => length))
  }

  take(chunk: string): void {
    const text = this.#rest + chunk
    for (const [index, wanted] of this.#texts) {
      const at = text.indexOf(wanted)
      if (at < 0) continue
      this.found.push({ index, commit: this.#commitBefore(text, at) })
      this.#texts.delete(index)
    }
    this.#commit = this.#commitBefore(text, text.length - this.#keep)
    this.#rest = text.slice(-this.#keep)
  }

  /** The last commit that was announced before a place. */
  #commitBefore(text: string, at: number): string {
    const marks = text.slice(0, Math.max(0, at)).matchAll(/\0([0-9a-f]{4,40})\0/g)
    return [...marks].at(-1)?.[1] ?? this.#commit
  }
}

/** One version of a file that was committed. */
export interface Version {
  /** Relative to the root of the repository. */
  readonly path: string
  readonly blob: string
  /** Short hash of the first commit with it. */
  readonly commit: string
}

const CHANGE = /^:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) [A-Z]\d*\t(.+)$/

/**
 * Every version of files of these names, in any branch or tag, oldest first.
 *
 * @throws what {@link Repository.run} throws
 */
export async function versionsOf(
  repository: Repository,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<Version[]> {
  const specs = patterns.map((pattern) => `:(top,glob)${pattern}`)
  const which = ['--all', '--full-history', '-m', '--root', '--reverse', '--diff-filter=AMT']
  const how = ['--raw', '--no-abbrev', '--no-renames', '--format=commit %h']
  const listed = await repository.run(['log', ...which, ...how, '--', ...specs], signal)
  const versions = new Map<string, Version>()
  let commit = ''
  for (const line of listed.split('\n')) {
    commit = /^commit ([0-9a-f]+)/.exec(line)?.[1] ?? commit
    const [, blob, path] = CHANGE.exec(line) ?? []
    if (blob === undefined || path === undefined) continue
    const key = `${blob} ${path}`
    if (!versions.has(key)) versions.set(key, { path, blob, commit: commit.slice(0, 12) })
  }
  return [...versions.values()]
}
