import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { callers } from '../../packages/cli/test/fixtures/callers.ts'
import { startGateway, type TestGateway } from '../../packages/cli/test/fixtures/gateway.ts'
import { measuring } from '../census.ts'
import type { Measured } from '../footprint.ts'
import { HostileProcess } from '../hostile-process.ts'
import { HostileProgram } from '../hostile-program.ts'

/** A gateway of its own process in front of servers that do nothing wrong. */
export interface GoodWorld extends AsyncDisposable, Measured {
  readonly tokens: readonly string[]
  /** The servers that take a steady load. */
  readonly servers: readonly string[]
  /** What is in its file, to be edited. */
  readonly config: Config
}

export interface Config {
  readonly mcpServers: Readonly<Record<string, object>>
  readonly limits: object
  readonly [key: string]: unknown
}

/** The program of a child that starts at once. */
export const TINY = {
  command: 'sh',
  args: [fileURLToPath(new URL('../hostile/tiny.sh', import.meta.url))],
}

const NO_LIMITS = {
  ...{ rate: '100000/s', burst: 1_000_000, concurrent: 100_000, daily: 1_000_000_000 },
  writes: { daily: 1_000_000_000 },
}
const LOOK = { look: { readOnly: true } }

/** Starts servers of every transport and the gateway; `more` is laid over its configuration. */
export async function startGoodWorld(
  principals: number,
  more: { readonly mcpServers?: Config['mcpServers']; readonly limits?: object } = {},
): Promise<GoodWorld> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-soak-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const memoryFile = join(folder, 'memory.json')
  const { auth, next } = callers(principals)
  const tokens = Array.from({ length: principals }, next)
  const { file } = stack.use(await HostileProgram.bundle())
  const remote = stack.use(await HostileProcess.start({ file, form: 'http', era: 'modern' }))
  const older = stack.use(await HostileProcess.start({ file, form: 'sse', era: 'legacy' }))
  const child = { command: process.execPath, args: [file, 'stdio', 'legacy'], share: 'all' }
  const good = {
    child: { ...child, tools: LOOK },
    remote: { url: remote.url, tools: LOOK },
    older: { url: older.url, tools: LOOK },
  }
  const config = {
    auth,
    mcpServers: { ...good, ...more.mcpServers },
    limits: { perPrincipal: NO_LIMITS, connectionsPerAddress: 20_000, ...more.limits },
  }
  const gateway: TestGateway = stack.use(await startGateway({ config, env: measuring(memoryFile) }))
  const owned = stack.move()
  return {
    ...{ gateway, memoryFile, tokens, config, servers: Object.keys(good) },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Runs so many tasks, so many at once. */
export async function inParallel(
  count: number,
  atOnce: number,
  task: (at: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) await task(at)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}
