import { startGateway, type TestGateway } from '../packages/cli/test/fixtures/gateway.ts'
import { type Fixture, type FixtureMode, startFixture } from './fixture/server.ts'
import { type Forwarder, startForwarder } from './forwarder.ts'

/** Fixtures of every mode, and one gateway in front of them all. */
export interface World extends AsyncDisposable {
  /** The fixture's own address. */
  direct(mode: FixtureMode): string
  /** The gateway's pass-through address for it, behind a forwarder that adds the key. */
  throughGateway(mode: FixtureMode): string
  /** What the gateway logged so far. */
  logs(): string
}

const MODES = ['dual', 'legacy', 'modern'] as const

/** Starts it all; what has been started is ended when a later part fails. */
export async function startWorld(): Promise<World> {
  const stack = new AsyncDisposableStack()
  try {
    const fixtures = new Map<FixtureMode, Fixture>()
    for (const mode of MODES) fixtures.set(mode, stack.use(await startFixture(mode)))
    const mcpServers = Object.fromEntries(
      [...fixtures].map(([mode, { url }]) => [mode, { url, roots: 'client' }]),
    )
    const gateway = stack.use(await startGateway({ config: { mcpServers } }))
    const forwarders = new Map<FixtureMode, Forwarder>()
    for (const mode of MODES) forwarders.set(mode, stack.use(await forward(gateway, mode)))
    const owned = stack.move()
    return {
      direct: (mode) => addressOf(fixtures, mode),
      throughGateway: (mode) => addressOf(forwarders, mode),
      logs: () => gateway.logs,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    }
  } catch (thrown) {
    await stack.disposeAsync()
    throw thrown
  }
}

function forward(gateway: TestGateway, mode: FixtureMode): Promise<Forwarder> {
  return startForwarder(`${gateway.data}/servers/${mode}/mcp`, gateway.token)
}

function addressOf(all: ReadonlyMap<FixtureMode, { url: string }>, mode: FixtureMode): string {
  const found = all.get(mode)
  if (!found) throw new Error(`nothing was started for ${mode}`)
  return found.url
}
