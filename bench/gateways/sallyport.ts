import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fleet, Running } from '../processes.ts'
import { httpTarget } from './row.ts'
import type { Gateway, Row, Upstream } from './row.ts'

const ROOT = join(import.meta.dirname, '../..')
const CLI = join(ROOT, 'packages/cli')
const READY_MS_MAX = 20_000

/** How Sallyport is started: which program, and with what in its environment. */
export interface Program {
  readonly file: string
  readonly form: 'packed' | 'checkout'
}

/** A configuration in a folder of its own, ready to be started any number of times. */
export interface Prepared {
  readonly config: string
  readonly token: string
}

/**
 * Packs the command and lays it out as npm would install it, so that what is measured is what is shipped
 * and fresh. A checkout that does not pack is measured from its sources.
 */
export function packSallyport(fleet: Fleet): Program {
  const checkout: Program = { file: join(CLI, 'bin/sallyport.js'), form: 'checkout' }
  const packed = spawnSync(process.execPath, [join(ROOT, 'scripts/pack.ts')], { encoding: 'utf8' })
  if (packed.status !== 0) {
    process.stderr.write(`packing failed, measuring the checkout: ${packed.stderr.slice(-500)}\n`)
    return checkout
  }
  const folder = fleet.newFolder()
  for (const part of ['bin', 'dist', 'package.json']) {
    cpSync(join(CLI, part), join(folder, part), { recursive: true })
  }
  return { file: join(folder, 'bin/sallyport.js'), form: 'packed' }
}

/** The checkout's own program. */
export const CHECKOUT: Program = { file: join(CLI, 'bin/sallyport.js'), form: 'checkout' }

/** Writes a configuration for one server; see `prepareServers`. */
export function prepare(fleet: Fleet, upstream: Upstream, audit: boolean): Prepared {
  return prepareServers(fleet, { echo: upstream }, { audit })
}

/** What of a configuration differs between measurements. */
export interface PrepareOptions {
  readonly audit?: boolean
  /** After which time a legacy session that nobody uses ends, as the configuration writes it. */
  readonly sessionIdle?: string
}

/** Writes a configuration for these servers with everything on and limits that never refuse. */
export function prepareServers(
  fleet: Fleet,
  servers: Readonly<Record<string, Upstream>>,
  { audit = true, sessionIdle }: PrepareOptions = {},
): Prepared {
  const folder = fleet.newFolder()
  mkdirSync(folder)
  const config = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    store: 'sqlite:./state.db',
    auth: { tokens: ['${env:SALLYPORT_BENCH_TOKEN}'] },
    mcpServers: Object.fromEntries(
      Object.entries(servers).map(([name, upstream]) => [name, entryOf(upstream)]),
    ),
    limits: {
      perPrincipal: {
        ...{ rate: '100000/s', burst: 1_000_000, concurrent: 1_000 },
        ...{ daily: 1_000_000_000, writes: { daily: 1_000_000_000 } },
      },
      ...(sessionIdle === undefined ? {} : { session: { idle: sessionIdle } }),
    },
    ...(audit ? {} : { audit: { enabled: false } }),
  }
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, JSON.stringify(config, undefined, 2))
  return { config: file, token: randomBytes(32).toString('base64url') }
}

function entryOf(upstream: Upstream): Readonly<Record<string, unknown>> {
  if (upstream.kind === 'http') return { url: upstream.url }
  const [command, ...args] = upstream.command
  return { command, args }
}

/** A started Sallyport, and how long it took to say that it is ready. */
export interface Started {
  readonly running: Running
  readonly gateway: Gateway
  readonly readyMs: number
}

/** Starts a prepared Sallyport; `nodeOptions` are for profiling. */
export async function startSallyport(
  fleet: Fleet,
  program: Program,
  prepared: Prepared,
  nodeOptions?: string,
): Promise<Started> {
  const startMs = performance.now()
  const running = fleet.start({
    command: [process.execPath, program.file, 'up', '--config', prepared.config, '--json'],
    env: {
      SALLYPORT_BENCH_TOKEN: prepared.token,
      MCP_LOG_LEVEL: 'warn',
      ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }),
    },
  })
  const { data, pid } = await running.until(() => readyLine(running.output), READY_MS_MAX)
  const readyMs = performance.now() - startMs
  const port = Number(data.slice(data.lastIndexOf(':') + 1).replace(/\D.*$/, ''))
  const headers = { Authorization: `Bearer ${prepared.token}` }
  return {
    running,
    readyMs,
    gateway: { target: httpTarget(port, { headers }), prefix: 'echo__', pid },
  }
}

/** Sallyport as a row: the whole product as a black box. */
export function sallyportRow(program: Program, audit: boolean): Row {
  return {
    id: audit ? 'sallyport' : 'sallyport-no-audit',
    upstreams: ['http', 'stdio'],
    eras: ['modern', 'legacy'],
    async start(fleet, upstream) {
      const prepared = prepare(fleet, upstream, audit)
      return (await startSallyport(fleet, program, prepared)).gateway
    },
  }
}

function readyLine(output: string): { data: string; pid: number } | undefined {
  if (!output.includes('"pid"') || !output.trimEnd().endsWith('}')) return undefined
  return JSON.parse(output) as { data: string; pid: number } // what `up --json` prints
}
