import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const PACKAGE = fileURLToPath(
  new URL('node_modules/@modelcontextprotocol/conformance/', import.meta.url),
)
const COMMAND = join(PACKAGE, 'dist/index.js')
const RUN_MS_MAX = 120_000
const SCENARIO_MS_MAX = 30_000
const SAID_CHARACTERS_MAX = 4_000
const STAMP = /-\d{4}-\d{2}-\d{2}T[\dZ-]+$/

/** Revisions of the specification that have a set of requirements. */
export const REVISIONS = ['2025-11-25', '2026-07-28'] as const
export type Revision = (typeof REVISIONS)[number]

/** What the suite found about one point; anything but these is of a newer suite. */
export type Status = 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'

export interface Check {
  readonly id: string
  /** Several checks of one scenario can share an id. */
  readonly name: string
  readonly status: Status
  readonly errorMessage?: string
}

/** Checks by scenario, in the order in which the suite made them. */
export type Results = ReadonlyMap<string, readonly Check[]>

/** What a revision requires, and what is run besides. */
export interface Requirements {
  readonly required: readonly string[]
  readonly others: readonly string[]
}

interface RequirementsFile {
  readonly server: string[]
  readonly client: string[]
  readonly not_scored: { scenario: string; leg: 'server' | 'client' }[]
}

/** The frozen list of a revision, as the suite ships it. */
export async function requirementsOf(
  revision: Revision,
  leg: 'server' | 'client',
): Promise<Requirements> {
  const text = await readFile(join(PACKAGE, 'requirements', `${revision}.yaml`), 'utf8')
  const file = parse(text) as RequirementsFile // the package's own file, at an exact version
  const others = file.not_scored.filter((entry) => entry.leg === leg)
  return { required: file[leg], others: others.map(({ scenario }) => scenario) }
}

/** Runs a revision's server scenarios, or just one of them, against an address. */
export function runServerSuite(url: string, revision: Revision, only?: string): Promise<Results> {
  const which = only
    ? ['--scenario', only, '--spec-version', revision]
    : ['--requirements', revision]
  return runSuite(['server', '--url', url, ...which])
}

/**
 * Runs one client scenario: the suite starts a server and then the command with its address.
 *
 * @param command one shell line
 */
export function runClientScenario(
  command: string,
  revision: Revision,
  scenario: string,
): Promise<Results> {
  const which = ['--scenario', scenario, '--spec-version', revision]
  return runSuite(['client', '--command', command, ...which])
}

/** @throws {Error} when the suite wrote no result, with the end of what it said */
async function runSuite(args: readonly string[]): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-conformance-'))
  try {
    const said = await run([...args, '--timeout', String(SCENARIO_MS_MAX), '-o', folder])
    const results = await readResults(folder)
    if (results.size === 0) throw new Error(`the conformance suite gave no result: ${said}`)
    return results
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Failed scenarios end it with 1 too, so the exit code says nothing that the results do not. */
function run(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS_MAX,
    killSignal: 'SIGKILL',
  })
  let said = ''
  const keep = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-SAID_CHARACTERS_MAX)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })
}

async function readResults(folder: string): Promise<Results> {
  const results = new Map<string, readonly Check[]>()
  for (const entry of (await readdir(folder)).sort()) {
    const scenario = entry.replace(/^server-/, '').replace(STAMP, '')
    const text = await readFile(join(folder, entry, 'checks.json'), 'utf8')
    results.set(scenario, JSON.parse(text) as Check[]) // the suite's own format
  }
  return results
}
