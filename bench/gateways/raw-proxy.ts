import { join } from 'node:path'
import { printedPort } from '../processes.ts'
import { httpTarget } from './row.ts'
import type { Row } from './row.ts'

const PROGRAM = join(import.meta.dirname, '../raw-proxy.ts')

/** The yardstick: the least that a Node proxy can do. */
export const rawProxy: Row = {
  id: 'raw-proxy',
  upstreams: ['http', 'stdio'],
  eras: ['modern', 'legacy'],
  async start(fleet, upstream) {
    const args =
      upstream.kind === 'http' ? ['--url', upstream.url] : ['--stdio', '--', ...upstream.command]
    const running = fleet.start({ command: [process.execPath, PROGRAM, ...args] })
    return { target: httpTarget(await printedPort(running)), prefix: '', pid: running.pid }
  },
}
