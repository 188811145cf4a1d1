import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const PACKAGE = join(HERE, 'node_modules/@modelcontextprotocol/conformance')
const COMMAND = join(PACKAGE, 'dist/index.js')
const RUN_MS_MAX = 120_000
const SCENARIO_MS_MAX = 30_000
const SAID_CHARACTERS_MAX = 1_000
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

/** Runs of the server scenarios against one address, each revision once. */
export class DirectRuns {
  readonly #url: string
  readonly #only: string | undefined
  readonly #runs = new Map<Revision, Promise<Results>>()

  constructor(url: string, only?: string) {
    this.#url = url
    this.#only = only
  }

  at(revision: Revision): Promise<Results> {
    const run = this.#runs.get(revision) ?? runServerSuite(this.#url, revision, this.#only)
    this.#runs.set(revision, run)
    return run
  }
}

export interface ClientScenario {
  /** One shell line, run in this folder; the address of the suite's server is appended. */
  readonly command: string
  readonly revision: Revision
  readonly scenario: string
  /** Added to the environment of the command. */
  readonly env: Readonly<Record<string, string>>
}

/** What the suite found, and the end of what the command wrote. */
export interface ClientRun {
  readonly checks: readonly Check[]
  readonly said: string
}

/** Runs one client scenario: the suite starts a server and then the command with its address. */
export function runClientScenario(scenario: ClientScenario): Promise<ClientRun> {
  const { command, revision, env } = scenario
  const which = ['--scenario', scenario.scenario, '--spec-version', revision]
  return inFolder(async (folder) => {
    const suiteSaid = await run(['client', '--command', command, ...which, '-o', folder], env)
    const entry = (await readdir(folder))[0] ?? ''
    const checks = await readChecks(join(folder, entry, 'checks.json'), suiteSaid)
    const files = ['stdout.txt', 'stderr.txt'].map((name) => join(folder, entry, name))
    const said = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(String)))
    return { checks, said: said.join('').slice(-SAID_CHARACTERS_MAX) }
  })
}

/** Runs a revision's server scenarios, or just one of them, against an address. */
export function runServerSuite(url: string, revision: Revision, only?: string): Promise<Results> {
  const which = only
    ? ['--scenario', only, '--spec-version', revision]
    : ['--requirements', revision]
  return inFolder(async (folder) => {
    const said = await run(['server', '--url', url, ...which, '-o', folder])
    const results = new Map<string, readonly Check[]>()
    for (const entry of (await readdir(folder)).sort()) {
      const scenario = entry.replace(/^server-/, '').replace(STAMP, '')
      results.set(scenario, await readChecks(join(folder, entry, 'checks.json'), said))
    }
    if (results.size === 0) throw new Error(`the conformance suite gave no result: ${said}`)
    return results
  })
}

async function inFolder<Value>(use: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-conformance-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Failed scenarios end it with 1 too, so the exit code says nothing that the results do not. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const all = [COMMAND, ...args, '--timeout', String(SCENARIO_MS_MAX)]
  const child = spawn(process.execPath, all, {
    cwd: HERE,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
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

/** A scenario that broke off has no checks: that is a failure of its own. */
async function readChecks(file: string, said: string): Promise<readonly Check[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Check[] // the suite's own format
  } catch (error) {
    const errorMessage = `no checks (${String(error)}); the suite said: ${said}`
    return [{ id: 'broke-off', name: 'BrokeOff', status: 'FAILURE', errorMessage }]
  }
}
