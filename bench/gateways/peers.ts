import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, openPort } from '../processes.ts'
import { httpTarget } from './row.ts'
import type { Row, Upstream } from './row.ts'

export const PEERS_FOLDER = join(import.meta.dirname, '../peers')

const MODULES = join(PEERS_FOLDER, 'node_modules')
/** Preloaded where a peer would listen on every interface. */
const LOOPBACK = ['--import', join(import.meta.dirname, '../loopback.ts')]

/** One stdio server behind Streamable HTTP. */
export const mcpProxy: Row = {
  id: 'mcp-proxy',
  upstreams: ['stdio'],
  eras: ['modern', 'legacy'],
  async start(fleet, upstream) {
    const port = await freePort()
    const program = join(MODULES, 'mcp-proxy/dist/bin/mcp-proxy.mjs')
    const address = ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream']
    const running = fleet.start({
      command: [process.execPath, program, ...address, '--', ...commandOf(upstream)],
    })
    await openPort(running, port)
    return { target: httpTarget(port), prefix: '', pid: running.pid }
  },
}

/**
 * One stdio server behind Streamable HTTP, stateful. It starts a child per session, and per call for modern
 * clients; so all connections share one legacy session, which is the best case for it.
 */
export const supergateway: Row = {
  id: 'supergateway',
  upstreams: ['stdio'],
  eras: ['legacy'],
  async start(fleet, upstream) {
    const port = await freePort()
    const program = join(MODULES, 'supergateway/dist/index.js')
    const options = ['--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none']
    const command = [process.execPath, ...LOOPBACK, program, ...options, '--port', String(port)]
    const running = fleet.start({
      command: [...command, '--stdio', commandOf(upstream).map(quoted).join(' ')],
    })
    await openPort(running, port)
    return { target: httpTarget(port, { sharedSession: true }), prefix: '', pid: running.pid }
  },
}

/** An aggregator; its clients speak the 2024-11-05 transport. */
export const mcpHub: Row = {
  id: 'mcp-hub',
  upstreams: ['stdio'],
  eras: ['legacy'],
  async start(fleet, upstream) {
    const port = await freePort()
    const folder = fleet.newFolder()
    mkdirSync(folder)
    const [command, ...args] = commandOf(upstream)
    const file = join(folder, 'servers.json')
    writeFileSync(file, JSON.stringify({ mcpServers: { echo: { command, args } } }))
    const program = join(MODULES, 'mcp-hub/dist/cli.js')
    const running = fleet.start({
      command: [process.execPath, ...LOOPBACK, program, '--port', String(port), '--config', file],
      // It keeps its state and logs under these.
      env: { HOME: folder, XDG_STATE_HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
    })
    await openPort(running, port)
    return {
      target: { kind: 'sse', url: `http://127.0.0.1:${port}/mcp` },
      prefix: 'echo__',
      pid: running.pid,
    }
  },
}

function commandOf(upstream: Upstream): readonly string[] {
  if (upstream.kind === 'stdio') return upstream.command
  throw new Error('the peers stand in front of stdio servers')
}

function quoted(word: string): string {
  return `"${word}"`
}
