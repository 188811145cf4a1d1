import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { GatewayConfig, HttpServerConfig } from '@sallyport/contract/config'
import { readEnvironment, runCommands } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { isLoopback } from '@sallyport/kit/http'
import type { Secret } from '@sallyport/kit/secret'
import type { Deployment } from '../../deployment.ts'
import { serversOf } from '../calls/chosen-call.ts'
import type { Missing } from '../stage.ts'
import { ownSource } from './client-source.ts'
import { commandsOf, copySource, type CopyCaller, type Tree, treeOf } from './copy-source.ts'
import { type CopyProgram, GatewayCopy, newToken } from './gateway-copy.ts'
import { Keeper } from './keeper.ts'
import { Relay } from './relay.ts'

const COMMAND_MS = 10_000

/** Variables that would lead a copy to what is not its own. */
const NOT_PASSED = [
  ...['SALLYPORT_CONFIG', 'MCP_CONFIG', 'SALLYPORT_MASTER_KEY', 'XDG_STATE_HOME', 'INSTANCES'],
  ...[
    'LISTEN_FDS',
    'LISTEN_PID',
    'LISTEN_FDNAMES',
    'NOTIFY_SOCKET',
    'WATCHDOG_USEC',
    'WATCHDOG_PID',
  ],
]

const CALLERS: readonly CopyCaller[] = [
  { name: 'admin', variable: 'SALLYPORT_DRILL_TOKEN_ADMIN', role: 'admin' },
  { name: 'caller', variable: 'SALLYPORT_DRILL_TOKEN_CALLER', role: 'caller' },
]

/** How a copy is to be. */
export interface CopyWish {
  /** Callers meet the limits of the deployment; false by default. */
  readonly keepsLimits?: boolean
  /** Servers that are started with the gateway are so in the copy; true by default. */
  readonly prestarts?: boolean
}

/** What is copied, and the command that runs the copy. */
export interface CopyOrigin {
  readonly deployment: Pick<Deployment, 'file' | 'folder' | 'source' | 'variables'> & {
    readonly config: GatewayConfig
  }
  readonly program: CopyProgram
}

/** A copy that runs, with everything that was opened for it. */
export interface OpenedCopy extends AsyncDisposable {
  readonly copy: GatewayCopy
}

/**
 * Starts a copy, uses it, and leaves nothing of it.
 *
 * @returns what `use` returned, or why no copy could be started
 * @throws what `use` throws; the signal's own reason
 */
export async function onCopy(
  origin: CopyOrigin,
  wish: CopyWish,
  use: (copy: GatewayCopy) => Promise<Missing | undefined>,
  signal: AbortSignal,
): Promise<Missing | undefined> {
  if (origin.deployment.file === 'environment') {
    const remedy = 'run it from a file, or use `--live`'
    return { text: 'a configuration in variables (INSTANCES) cannot be copied', remedy }
  }
  let opened: OpenedCopy
  try {
    opened = await openCopy(origin, wish, signal)
  } catch (thrown) {
    signal.throwIfAborted()
    const text = `no copy of the deployment could be started: ${AppError.from(thrown).message}`
    return { text, remedy: 'see what `sallyport validate --connect` says' }
  }
  await using held = opened
  return await use(held.copy)
}

/**
 * Starts a copy in a temporary folder of mode 700. Dispose ends it and leaves nothing.
 *
 * @throws {AppError} `server_start_failed`, with what it said; the signal's own reason
 */
async function openCopy(
  { deployment, program }: CopyOrigin,
  { keepsLimits = false, prestarts = true }: CopyWish,
  signal: AbortSignal,
): Promise<OpenedCopy> {
  const { file, folder, config } = deployment
  const source = ownSource(treeOf(deployment.source), folder)
  const { env } = readEnvironment(file, deployment.variables)
  await using opening = new AsyncDisposableStack()
  const own = await mkdtemp(join(tmpdir(), 'sallyport-drill-'))
  const keeper = opening.use(Keeper.start(own))
  const relays = new Map<string, Relay>()
  for (const server of remotesOf(config, env)) {
    relays.set(server.name, opening.use(await Relay.open()))
  }
  const asked = commandsOf(source)
  const commands = await runCommands(asked, { cwd: dirname(file), env, timeoutMs: COMMAND_MS })
  const { tree, variables } = copySource(source, {
    ...{ folder, own, keepsLimits, prestarts, commands, callers: CALLERS },
    relays: new Map([...relays].map(([name, { url }]) => [name, url])),
  })
  const tokens = new Map(CALLERS.map(({ name }) => [name, newToken()]))
  const environment = {
    ...passed(env),
    ...variables,
    ...tokenVariables(tokens),
    XDG_STATE_HOME: own,
  }
  const parts = { program, folder: own, tree, environment, tokens, relays, keeper }
  const copy = await GatewayCopy.start(parts, signal)
  const opened = opening.move()
  return { copy, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

function tokenVariables(tokens: ReadonlyMap<string, Secret>): Tree & Record<string, string> {
  return Object.fromEntries(
    CALLERS.map(({ name, variable }) => [variable, tokens.get(name)?.reveal() ?? '']),
  )
}

type Variables = Readonly<Record<string, string | undefined>>

function passed(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_PASSED.includes(name)))
}

/** Remote servers that a relay can stand before: those that no other proxy does. */
function remotesOf(config: GatewayConfig, env: Variables): HttpServerConfig[] {
  const names = ['https_proxy', 'http_proxy', 'HTTPS_PROXY', 'HTTP_PROXY']
  const proxied = names.some((name) => (env[name] ?? '') !== '')
  return serversOf(config).flatMap((server) => {
    if (server.kind !== 'http') return []
    const direct = server.proxy === 'none' || !proxied || isLoopback(new URL(server.url).hostname)
    return (server.proxy === undefined || server.proxy === 'none') && direct ? [server] : []
  })
}
