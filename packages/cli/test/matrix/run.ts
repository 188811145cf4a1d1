import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import type { ClientSettings, MatrixClient } from './client.ts'
import { connectV1 } from './client-v1.ts'
import { connectV2 } from './client-v2.ts'
import type { Cell, Feature } from './feature.ts'
import { BASIC, LOGGING } from './features-basic.ts'
import { CONTENT } from './features-content.ts'
import { QUESTIONS } from './features-questions.ts'
import { startServers } from './servers.ts'

/** What may run side by side, and what must not: on standard streams a question names no call. */
const TOGETHER = [...BASIC, ...CONTENT]
const ALONE = [LOGGING, ...QUESTIONS]

/** All rows, in the order of the table. */
export const FEATURES: readonly Feature[] = [...BASIC, LOGGING, ...CONTENT, ...QUESTIONS]

export interface ClientKind {
  readonly name: string
  readonly title: string
  connect(settings: ClientSettings): Promise<MatrixClient>
}

/** The three clients, in the order of the table. */
export const CLIENTS: readonly ClientKind[] = [
  { name: 'v1', title: 'SDK v1', connect: connectV1 },
  {
    name: 'v2-legacy',
    title: 'SDK v2 by default (legacy era)',
    connect: (settings) => connectV2('legacy', settings),
  },
  {
    name: 'v2-modern',
    title: 'SDK v2, 2026-07-28',
    connect: (settings) => connectV2('modern', settings),
  },
]

/** What a cell's check said: nothing, or why not. */
export type Outcome = Error | undefined

const CHECK_MS = 20_000

/** What came of a check, or that nothing came of it in time. */
async function outcomeOf(checking: Promise<void>): Promise<Outcome> {
  const late = Promise.withResolvers<Outcome>()
  const timer = setTimeout(
    () => late.resolve(new Error(`nothing came of it in ${CHECK_MS} ms`)),
    CHECK_MS,
  )
  const outcome = checking.then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))),
  )
  return Promise.race([outcome, late.promise]).finally(() => clearTimeout(timer))
}

/** One gateway before all servers, and the three clients at it. */
export class Matrix implements AsyncDisposable {
  readonly #gateway: TestGateway
  readonly #owned: AsyncDisposableStack
  readonly #clients = new Map<string, Promise<MatrixClient>>()
  readonly #keys = new Map<string, Promise<string>>()

  private constructor(gateway: TestGateway, owned: AsyncDisposableStack) {
    this.#gateway = gateway
    this.#owned = owned
  }

  /** Starts servers and gateway. Each client has a key of its own, and one more for its unable self. */
  static async start(): Promise<Matrix> {
    await using stack = new AsyncDisposableStack()
    const { entries } = stack.use(await startServers())
    const mcpServers = Object.fromEntries(entries.map(({ name, config }) => [name, config]))
    const gateway = stack.use(await startGateway({ config: { mcpServers } }))
    return new Matrix(gateway, stack.move())
  }

  /** Checks all features of one client at one server. */
  async pair(kind: ClientKind, server: string): Promise<ReadonlyMap<string, Outcome>> {
    const cell = await this.#cell(kind, server)
    const run = async ({ id, check }: Feature): Promise<[string, Outcome]> => {
      const ticket = `${kind.name}.${server}.${id}`
      return [id, await outcomeOf(check({ ...cell, ticket }))]
    }
    const outcomes = new Map(await Promise.all(TOGETHER.map(run)))
    for (const feature of ALONE) outcomes.set(...(await run(feature)))
    return outcomes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }

  async #cell(kind: ClientKind, server: string): Promise<Omit<Cell, 'ticket'>> {
    const [client, alone, unable] = await Promise.all([
      this.#client(kind, '/mcp', true),
      this.#client(kind, `/servers/${server}/mcp`, true),
      this.#client(kind, '/mcp', false),
    ])
    const named = (name: string): string => `${server}__${name}`
    // A child that starts takes its time, which is not the time of a check.
    await Promise.all([client, unable].map((one) => one.callTool(named('echo'), { message: '' })))
    const rootedName = (name: string): string => `${server}-roots__${name}`
    return { server, client, alone, unable, rooted: client, named, rootedName }
  }

  /** One connection per client and route, kept to the end. */
  #client(kind: ClientKind, route: string, able: boolean): Promise<MatrixClient> {
    const name = `${kind.name} ${route} ${able}`
    const known = this.#clients.get(name)
    if (known) return known
    const connecting = this.#connect(kind, route, able)
    this.#clients.set(name, connecting)
    return connecting
  }

  async #connect(kind: ClientKind, route: string, able: boolean): Promise<MatrixClient> {
    // A stdio server's question belongs to a client only while no other of the same key is busy there.
    const role = able ? (route === '/mcp' ? '' : '-alone') : '-unable'
    const token = await this.#key(`${kind.name}${role}`)
    const url = `${this.#gateway.data}${route}`
    return this.#owned.use(await kind.connect({ url, token, able }))
  }

  #key(name: string): Promise<string> {
    const key = this.#keys.get(name) ?? this.#gateway.createKey(name)
    this.#keys.set(name, key)
    return key
  }
}
