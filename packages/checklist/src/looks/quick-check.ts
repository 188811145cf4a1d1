import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { existsSync, statSync } from 'node:fs'
import { bytesText } from './bytes-of.ts'
import { runCommand } from './run-command.ts'
import type { Deployment } from '../deployment.ts'

const BYTES_MAX = 1024 ** 3

/** What SQLite says of one of its files; `unknown` where it was not asked. */
export type QuickCheck =
  | { readonly verdict: 'sound' }
  | { readonly verdict: 'damaged' | 'unknown'; readonly text: string }

/** SQLite blocks the thread that asks it: another process can be ended. */
const SCRIPT = `
const { DatabaseSync } = await import('node:sqlite')
const database = new DatabaseSync(new URL(process.argv[1]), { readOnly: true, timeout: 2000 })
const [row] = database.prepare('pragma quick_check(1)').all()
process.stdout.write(String(row?.quick_check))
`

/**
 * Has SQLite read all of a file, 1 GiB at most, in a process of its own that changes nothing. A file without a
 * WAL beside it is read as one that nobody writes.
 *
 * Source: SQLite, "PRAGMA quick_check".
 *
 * @throws {AppError} `deadline_exceeded`; {Error} of the file system
 */
export async function quickCheck(
  deployment: Deployment,
  path: string,
  signal: AbortSignal,
): Promise<QuickCheck> {
  const { size } = await stat(path)
  if (size > BYTES_MAX) {
    const text = `${path} has ${bytesText(size)}, more than is read here`
    return { verdict: 'unknown', text }
  }
  const url = pathToFileURL(path)
  if (!hasWal(path)) url.searchParams.set('immutable', '1')
  const args = ['--no-warnings', '--input-type=module', '-e', SCRIPT, url.href]
  const result = await runCommand(deployment, process.execPath, args, signal)
  if (result?.code === 0 && result.stdout === 'ok') return { verdict: 'sound' }
  if (result?.code === 0)
    return { verdict: 'damaged', text: `${path} is damaged: ${result.stdout}` }
  const said = reasonIn(result?.stderr ?? '')
  if (DAMAGED.test(said)) return { verdict: 'damaged', text: `${path} is damaged: ${said}` }
  return { verdict: 'unknown', text: `${path} cannot be read: ${said}` }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. Source: SQLite, "Result and Error Codes". */
const DAMAGED = /malformed|not a database|corrupt/i

function reasonIn(stderr: string): string {
  return (
    /^(?:\w*Error[^:]*): (.+)$/m.exec(stderr)?.[1] ?? 'the process that looks ended without a word'
  )
}

function hasWal(path: string): boolean {
  return existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0
}
