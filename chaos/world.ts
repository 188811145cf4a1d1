import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callers } from '../packages/cli/test/fixtures/callers.ts'
import { startGateway, type TestGateway } from '../packages/cli/test/fixtures/gateway.ts'
import { measuring } from './census.ts'
import { StdioClient } from './clients/stdio-client.ts'
import type { Era, Form } from './hostile/wire.ts'
import { HostileProcess } from './hostile-process.ts'
import { HostileProgram } from './hostile-program.ts'

/** A gateway of its own process, hostile servers of every form behind it, and quiet ones beside them. */
export interface World extends AsyncDisposable {
  readonly gateway: TestGateway
  /** One for each principal of the load. */
  readonly tokens: readonly string[]
  readonly quietToken: string
  /** `sallyport stdio` on the gateway. */
  readonly stdio: StdioClient
  /** Deadline of every call, milliseconds. */
  readonly deadlineMs: number
  /** Where the gateway writes its memory when it is asked. */
  readonly memoryFile: string
}

export interface WorldOptions {
  readonly deadlineMs: number
  readonly principals: number
  readonly eras: readonly Era[]
}

/** How long a person has for a question that nobody answers, milliseconds. */
export const QUESTION_MS = 1_000

export const QUIET = ['quiet-child', 'quiet-remote'] as const

/** The name of the hostile server of a form and era. */
export function serverName(form: Form, era: Era): string {
  return `${form}-${era}`
}

/** Starts it all; what has been started is ended when a later part fails. */
export async function startWorld(options: WorldOptions): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-chaos-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const memoryFile = join(folder, 'memory.json')
  const { auth, next } = callers(options.principals + 1)
  const tokens = Array.from({ length: options.principals }, next)
  const { file } = stack.use(await HostileProgram.bundle())
  const quiet = stack.use(await HostileProcess.start({ file, form: 'http', era: 'modern' }))
  const hostile = new Map<string, HostileProcess>()
  for (const { form, era } of remoteForms(options.eras)) {
    hostile.set(serverName(form, era), stack.use(await HostileProcess.start({ file, form, era })))
  }
  const mcpServers = {
    ...Object.fromEntries([...hostile].map(([name, { url }]) => [name, entry(options, { url })])),
    ...Object.fromEntries(
      options.eras.map((era) => [serverName('stdio', era), childEntry(options, child(file, era))]),
    ),
    [QUIET[0]]: { ...entry(options, child(file, 'legacy')), share: 'all' },
    [QUIET[1]]: entry(options, { url: quiet.url }),
  }
  const config = { auth, mcpServers, limits: LIMITS }
  const gateway = stack.use(await startGateway({ config, env: measuring(memoryFile) }))
  const stdio = stack.use(await StdioClient.open(gateway))
  const owned = stack.move()
  return {
    ...{ gateway, tokens, stdio, quietToken: next(), memoryFile, deadlineMs: options.deadlineMs },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Nothing here is under test, so nothing of it may get in the way. */
const LIMITS = {
  perPrincipal: {
    ...{ rate: '100000/s', burst: 1_000_000, concurrent: 100_000, daily: 1_000_000_000 },
    writes: { daily: 1_000_000_000 },
  },
  connectionsPerAddress: 20_000,
  questions: { timeout: `${QUESTION_MS}ms` },
}

function remoteForms(eras: readonly Era[]): { form: Form; era: Era }[] {
  return [...eras.map((era) => ({ form: 'http' as const, era })), { form: 'sse', era: 'legacy' }]
}

/** A child for all: legacy. A child for each principal: modern. */
function childEntry(options: WorldOptions, own: { readonly args: readonly string[] }): object {
  return { ...entry(options, own), share: own.args.includes('legacy') ? 'all' : 'none' }
}

function child(file: string, era: Era) {
  return { command: process.execPath, args: [file, 'stdio', era] }
}

function entry({ deadlineMs }: WorldOptions, own: object): object {
  return {
    ...own,
    ...{ inFlight: 2_000, queued: 10_000, callTimeout: `${deadlineMs}ms`, startTimeout: '10s' },
    tools: { look: { readOnly: true } },
    health: { every: '1s', timeout: '500ms', failures: 3 },
    breaker: { failures: 5, reset: '500ms' },
  }
}
