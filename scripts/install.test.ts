import { spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

const INSTALL = pathToFileURL(join(import.meta.dirname, 'install.mjs')).href
const LOCKED = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } }

let folder = ''
let runs = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'install-'))
  runs = join(folder, 'runs')
  mkdirSync(runs)
  writeFileSync(join(folder, 'package.json'), '{}')
  writeLock('package-lock.json', LOCKED)
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

function writeLock(name: string, packages: object): void {
  writeFileSync(join(folder, name), JSON.stringify({ packages }))
}

function putInstalled(packages: object): void {
  mkdirSync(join(folder, 'node_modules'))
  writeLock('node_modules/.package-lock.json', packages)
  // Older than the lockfile, so that contents are compared.
  utimesSync(join(folder, 'node_modules/.package-lock.json'), 1, 1)
}

/** Stands for npm: leaves a file per run, and what `npm ci` leaves, or fails. */
function fakeNpm(body: string): string {
  const path = join(folder, 'npm-cli.js')
  writeFileSync(
    path,
    `const { writeFileSync, mkdirSync, cpSync } = require('node:fs')
     writeFileSync(${JSON.stringify(runs)} + '/' + process.pid, process.argv.slice(2).join(' '))
     const put = () => {
       mkdirSync('node_modules', { recursive: true })
       cpSync('package-lock.json', 'node_modules/.package-lock.json')
     }
     ${body}`,
  )
  return path
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function install(npm: string, env: Record<string, string> = {}): Promise<Ended> {
  const program = `import { ensureInstalled } from '${INSTALL}'
    await ensureInstalled(${JSON.stringify(folder)}, 'the thing').catch((error) => {
      process.stderr.write(error.message)
      process.exitCode = 1
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, ...env, npm_execpath: npm },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}

test('fails with one sentence that holds what npm said', async () => {
  const npm = fakeNpm("console.error('no such host'); process.exit(1)")
  expect(await install(npm)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^the thing could not be installed by `npm ci` in .*no such host$/s,
    ),
  })
})

test('runs npm once for several processes at once, and all of them wait for it [command/install]', async () => {
  const npm = fakeNpm('setTimeout(put, 500)')
  const ended = await Promise.all([1, 2, 3].map(() => install(npm)))
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(readdirSync(runs)).toHaveLength(1)
  expect(readdirSync(folder)).not.toContain('.installing')
})

test('takes over from a process that died while it installed', async () => {
  mkdirSync(join(folder, '.installing'))
  const dead = spawn(process.execPath, ['-e', ''])
  await new Promise((resolve) => dead.on('exit', resolve))
  writeFileSync(join(folder, '.installing/pid'), String(dead.pid))
  expect((await install(fakeNpm('put()'))).code).toBe(0)
  expect(readdirSync(runs)).toHaveLength(1)
})

test('writes nothing to stdout, whatever npm prints', async () => {
  const npm = fakeNpm("console.log('added 1 package'); put()")
  expect(await install(npm)).toMatchObject({ code: 0, stdout: '' })
})

test('installs everything even when the npm that started it was told to leave things out', async () => {
  const npm = fakeNpm(
    'put(); process.exit(process.env.npm_config_omit || process.env.npm_config_workspace || process.env.NODE_ENV ? 1 : 0)',
  )
  const env = { npm_config_omit: 'dev', npm_config_workspace: 'x', NODE_ENV: 'production' }
  expect((await install(npm, env)).code).toBe(0)
  const [run = ''] = readdirSync(runs)
  expect(readFileSync(join(runs, run), 'utf8')).toContain('ci --include=dev --include=optional')
})

test.each([
  ['another version', { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } }],
  ['other bytes of the same version', { 'node_modules/a': { version: '1.0.0', integrity: 'x' } }],
  ['nothing', {}],
])('installs again when node_modules holds %s', async (_case, packages) => {
  putInstalled(packages)
  await install(fakeNpm('put()'))
  expect(readdirSync(runs)).toHaveLength(1)
})

test.each([
  ['what the lockfile names', LOCKED, LOCKED],
  [
    'all but an optional package of another platform',
    { ...LOCKED, 'node_modules/b': { version: '1.0.0', optional: true } },
    LOCKED,
  ],
])('runs nothing when node_modules holds %s [command/install]', async (_case, locked, present) => {
  writeLock('package-lock.json', locked)
  putInstalled(present)
  await install(fakeNpm('put()'))
  expect(readdirSync(runs)).toEqual([])
})
