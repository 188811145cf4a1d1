import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { bareEnvironment, runCommand } from '../fixtures/run-command.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const COMMAND = join(import.meta.dirname, '../../bin/sallyport.js')

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-first-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

interface Started {
  readonly stdout: string
  readonly stderr: string
  /** Sends SIGINT and waits; the exit code. */
  stop(): Promise<number | null>
}

async function up(args: readonly string[], env: Record<string, string> = {}): Promise<Started> {
  const child = spawn(process.execPath, [COMMAND, 'up', ...args], {
    cwd: folder,
    env: { ...bareEnvironment(), HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
  await waitUntil('the gateway to be ready', () => /"pid"|Ctrl-C/.test(stdout) || child.exitCode)
  return {
    stdout,
    stderr,
    stop: async () => {
      const closed = once(child, 'close')
      child.kill('SIGINT')
      const [code] = (await closed) as [number | null] // Node's own event
      return code
    },
  }
}

// The starter's ports are fixed; an overlay frees them for tests that run beside each other.
async function freePorts(): Promise<void> {
  await writeFile(join(folder, 'sallyport.local.yaml'), 'listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n')
}

test('with no file it writes one, runs it, and keeps the first key out of the output [command/first-run] [command/first-key/file] [command/up/json]', async () => {
  await freePorts()
  const first = await up([])
  const file = join(folder, 'sallyport.yaml')
  expect(first.stderr).toContain(`wrote ${file}`)
  expect(await readFile(file, 'utf8')).toContain('mcpServers:')
  const keyFile = join(folder, 'data/sallyport.db.first-key')
  expect(first.stdout).toContain(keyFile)
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600)
  const key = (await readFile(keyFile, 'utf8')).trim()
  expect(first.stdout + first.stderr).not.toContain(key)
  const url = /MCP address: +(\S+)/.exec(first.stdout)?.[1] ?? ''
  const env = { HOME: folder, SALLYPORT_KEY: key }
  const tools = await runCommand(process.execPath, [COMMAND, 'tools', '--url', url], { env })
  expect(tools.code).toBe(0)
  expect(await first.stop()).toBe(0)

  const second = await up(['--json'])
  expect(JSON.parse(second.stdout)).toEqual({
    data: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    admin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    pid: expect.any(Number),
  })
  expect(second.stderr).not.toContain('first API key')
  expect(await second.stop()).toBe(0)
})

test('where logs are JSON and nobody is at a terminal, every line is, and the file of the first key is named [command/up/json]', async () => {
  await writeFile(join(folder, 'sallyport.yaml'), 'listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n')
  const { stdout, stderr, stop } = await up([], { MCP_JSON_LOGS: 'true' })
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
  const objects = lines.map((line) => JSON.parse(line) as unknown)
  expect(objects).toContainEqual(
    expect.objectContaining({ firstKeyFile: expect.stringContaining('.first-key') }),
  )
  expect(await stop()).toBe(0)
})

test.runIf(process.platform !== 'win32')(
  'a start that waits for ever, here for a key file that is a pipe, obeys a signal within two seconds [command/signal/start]',
  async () => {
    await freePorts()
    await mkdir(join(folder, 'data'))
    await promisify(execFile)('mkfifo', ['-m', '600', join(folder, 'data/sallyport.db.key')])
    const child = spawn(process.execPath, [COMMAND, 'up'], {
      cwd: folder,
      env: { ...bareEnvironment(), HOME: folder },
      stdio: 'ignore',
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const closed = once(child, 'close')
    const lock = join(folder, 'data/sallyport.db.lock')
    await waitUntil('the start to hold the lock', () => existsSync(lock))
    const beganMs = performance.now()
    child.kill('SIGTERM')
    expect(await closed).toEqual([null, 'SIGTERM'])
    expect(performance.now() - beganMs).toBeLessThan(2_500)
  },
)

test('a start that fails leaves the exit code and one sentence, and opens nothing [command/up/fails] [config/refuse/before-opening]', async () => {
  await writeFile(join(folder, 'sallyport.yaml'), 'listen: 0.0.0.0:0\nauth: { anonymous: true }\n')
  const result = await runCommand(process.execPath, [COMMAND, 'up'], {
    cwd: folder,
    env: { HOME: folder },
  })
  expect(result).toMatchObject({ code: 2, stdout: '' })
  expect(result.stderr).toMatch(/^sallyport: .*anonymous/m)
  expect(await readdir(folder)).not.toContain('data')
})
