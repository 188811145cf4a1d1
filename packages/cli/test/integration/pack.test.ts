import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EVERYTHING } from '../fixtures/everything.ts'
import { bareEnvironment, runCommand, type CommandResult } from '../fixtures/run-command.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const PACK_MS = 180_000

let folder = ''
let packed: string[] = []

function npm(args: readonly string[], cwd: string): Promise<CommandResult> {
  const env = { ...bareEnvironment(), npm_config_audit: 'false', npm_config_fund: 'false' }
  return runCommand('npm', args, { cwd, env, timeoutMs: PACK_MS })
}

/** The installed command, as its own shebang line would run it. */
function sallyport(
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): Promise<CommandResult> {
  const command = join(folder, 'node_modules/sallyport/bin/sallyport.js')
  const env = { ...bareEnvironment(), HOME: folder }
  return runCommand(process.execPath, [...nodeArgs, command, ...args], { cwd: folder, env })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-pack-'))
  const made = await npm(['pack', '-w', 'sallyport', '--json', '--pack-destination', folder], ROOT)
  expect(made, made.stderr).toMatchObject({ code: 0 })
  const listing: unknown = JSON.parse(made.stdout)
  const [tarball] = (Array.isArray(listing) ? listing : Object.values(listing as object)) as {
    filename: string
    files: { path: string }[]
  }[] // npm's documented output; version 12 gives an object by name
  packed = tarball?.files.map(({ path }) => path) ?? []
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  const installed = await npm(['install', `./${tarball?.filename}`], folder)
  expect(installed, installed.stderr).toMatchObject({ code: 0 })
}, PACK_MS)

afterAll(() => rm(folder, { recursive: true, force: true }))

test('the tarball holds the command, its bundle and the licences, and nothing of the workshop', () => {
  expect(packed).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'bin/sallyport.js',
      'dist/THIRD-PARTY-LICENSES.txt',
      'dist/audit-worker.js',
      'dist/main.js',
      'package.json',
    ]),
  )
  const allowed = /^(LICENSE|README\.md|package\.json|bin\/sallyport\.js|dist\/[^/]+\.(js|txt))$/
  expect(packed.filter((path) => !allowed.test(path))).toEqual([])
})

test('it is installed without any other package [command/packed]', async () => {
  const { stdout } = await runCommand('ls', [join(folder, 'node_modules')])
  expect(stdout.trim()).toBe('sallyport')
})

test('the licences name every bundled package with its terms [command/packed/licences]', async () => {
  const text = await readFile(
    join(folder, 'node_modules/sallyport/dist/THIRD-PARTY-LICENSES.txt'),
    'utf8',
  )
  for (const name of ['commander', 'fastify', 'kysely', 'pg', 'pino', 'undici', 'yaml', 'zod']) {
    expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ {2}\\S+`, 'm'))
  }
  expect(text).not.toContain('not stated')
})

test('up serves calls, audits them with its worker, and drains [command/packed]', async () => {
  const config = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    store: 'sqlite:./data/s.db',
    mcpServers: { everything: EVERYTHING },
  }
  await writeFile(join(folder, 'sallyport.yaml'), JSON.stringify(config))
  const child = spawn(join(folder, 'node_modules/.bin/sallyport'), ['up', '--json'], {
    cwd: folder,
    env: {
      ...bareEnvironment(),
      HOME: folder,
      PATH: `${join(process.execPath, '..')}:${process.env['PATH']}`,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    let stdout = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')))
    await waitUntil('the packed gateway to be ready', () => stdout.includes('"pid"'))
    expect(JSON.parse(stdout)).toMatchObject({ pid: child.pid })
    const called = await sallyport(['call', 'everything__echo', '{"message":"packed"}'])
    expect(called).toMatchObject({ code: 0, stdout: 'Echo: packed\n' })
    const verified = await sallyport(['audit', 'verify', '--json'])
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, writers: 1 })
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    expect(await closed).toEqual([0, null])
  } finally {
    child.kill('SIGKILL')
  }
  expect(await sallyport(['keys', 'list', '--json'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"first"'),
  })
})

test('on an older Node it says in one sentence which one it needs, and ends with 2 [command/old-node]', async () => {
  const older = `data:text/javascript,${encodeURIComponent(
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })",
  )}`
  expect(await sallyport(['up'], ['--import', older])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'sallyport needs Node 24 or newer, and this is Node 20.1.0\n',
  })
})
