import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { TestGateway } from '../fixtures/gateway.ts'
import { freePort } from '../fixtures/free-port.ts'
import { bareEnvironment } from '../fixtures/run-command.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { callTool, textOf } from '../fixtures/wire.ts'

const COMMAND = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url))
const UNITS = fileURLToPath(new URL('../../../../deploy/systemd', import.meta.url))

/** @throws {Error} in CI, where no suite may be skipped */
function systemdAvailable(): boolean {
  if (spawnSync('systemd-socket-activate', ['--version']).status === 0) return true
  if (process.env['CI']) throw new Error('systemd is not installed, and CI needs it')
  console.warn('tests with systemd are skipped: it is not installed')
  return false
}

test.runIf(systemdAvailable())('the units are as systemd wants them', async () => {
  await using files = await TestGateway.create()
  const folder = join(files.dir, 'units')
  await cp(UNITS, folder, { recursive: true })
  // Program and user are there only where the product is installed.
  const service = join(folder, 'sallyport.service')
  const text = await readFile(service, 'utf8')
  expect(text).toMatch(/^ExecStart=\S*node \S+ up /m)
  const here = text
    .replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true')
    .replaceAll(/^(?:User|Group)=.*\n/gm, '')
  await writeFile(service, here)
  const units = ['sallyport.service', 'sallyport.socket', 'sallyport-admin.socket']
  const { status, stderr } = spawnSync(
    'systemd-analyze',
    ['verify', ...units.map((unit) => join(folder, unit))],
    { encoding: 'utf8' },
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test.runIf(systemdAvailable())(
  'what systemd hands over is served on, and the first call is the one that started it [handover/fd] [handover/systemd]',
  async () => {
    await using files = await TestGateway.create({ config: { mcpServers: { own: stdioServer() } } })
    const [data, admin] = [await freePort(), await freePort()]
    const env = { ...bareEnvironment(), HOME: files.dir, TEST_TOKEN: files.token }
    const passed = Object.keys(env).flatMap((name) => ['-E', name])
    const up = [process.execPath, COMMAND, 'up', '--config', files.configFile]
    const sockets = ['-l', `127.0.0.1:${data}`, '-l', `127.0.0.1:${admin}`]
    const child = spawn(
      'systemd-socket-activate',
      [...sockets, '--fdname=data:admin', ...passed, ...up],
      { cwd: files.dir, env, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    const ended = once(child, 'close')
    try {
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
      while (!said.includes(`:${admin}`)) await once(child.stderr, 'data')
      const target = { url: `http://127.0.0.1:${data}/mcp`, token: files.token }
      expect(textOf(await callTool(target, 'own__echo', { message: 'first' }))).toBe('first')
      const metrics = await fetch(`http://127.0.0.1:${admin}/metrics`)
      expect(metrics.status).toBe(200)
      await metrics.text()
    } finally {
      child.kill('SIGTERM')
    }
    expect((await ended)[0]).toBe(0)
  },
)
