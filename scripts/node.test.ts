import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

const LAUNCHER = pathToFileURL(join(import.meta.dirname, 'node.mjs')).href
const GONE_MS_MAX = 5_000

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launcher-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

interface Launched {
  readonly launcher: ChildProcess
  /** The first line the program printed, its pid. */
  readonly pid: number
}

/** Starts a program through the launcher, as on a host whose own Node is too old. */
async function launch(body: string): Promise<Launched> {
  const program = join(folder, 'program.mjs')
  writeFileSync(program, `${body}\nprocess.stdout.write(process.pid + '\\n')`)
  const start = `import { runChild } from '${LAUNCHER}'
    process.exitCode = await runChild(process.execPath, ${JSON.stringify(program)}, ['a', 'b c'])`
  const launcher = spawn(process.execPath, ['--input-type=module', '-e', start], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void launcher.kill('SIGKILL'))
  const [line] = (await once(launcher.stdout, 'data')) as [Buffer] // stdout is a pipe without encoding
  return { launcher, pid: Number(line.toString('utf8').split('\n')[0]) }
}

async function exitOf({ launcher }: Launched): Promise<number | null> {
  if (launcher.exitCode !== null) return launcher.exitCode
  const [code] = (await once(launcher, 'exit')) as [number | null] // Node's own event
  return code
}

async function hasGone(pid: number): Promise<boolean> {
  const deadline = performance.now() + GONE_MS_MAX
  while (performance.now() < deadline) {
    try {
      process.kill(pid, 0)
    } catch {
      return true // ESRCH: gone
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return false
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'passes %s on and ends after the program, with its code [command/launcher]',
  async (signal) => {
    const launched = await launch(
      `process.on('${signal}', () => setTimeout(() => process.exit(7), 100)); setInterval(() => {}, 1000)`,
    )
    launched.launcher.kill(signal)
    expect(await exitOf(launched)).toBe(7)
    expect(await hasGone(launched.pid)).toBe(true)
  },
)

test('ends with 128 + n when signal n ended the program', async () => {
  expect(
    await exitOf(await launch("setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50)")),
  ).toBe(137)
})

test('takes the program with it when it is killed [command/launcher]', async () => {
  const launched = await launch('setInterval(() => {}, 1000)')
  launched.launcher.kill('SIGKILL')
  expect(await hasGone(launched.pid)).toBe(true)
})

test('leaves a program alone that a program started', async () => {
  const child = join(folder, 'child.mjs')
  writeFileSync(child, "process.send('here'); setTimeout(() => process.exit(), 200)")
  const launched = await launch(
    `import { fork } from 'node:child_process'
     const child = fork(${JSON.stringify(child)})
     child.on('exit', (code, signal) => process.exit(signal ? 9 : code))`,
  )
  expect(await exitOf(launched)).toBe(0)
})

test('hands arguments, stdin and environment over as they are', async () => {
  const launched = await launch(
    `const line = process.env.SALLYPORT_LIFELINE
     process.stdin.once('data', (data) =>
       process.exit(process.argv[3] === 'b c' && String(data) === 'x' && !line ? 5 : 6))`,
  )
  launched.launcher.stdin?.end('x')
  expect(await exitOf(launched)).toBe(5)
})

test('stops when npm was stopped, although the shell between them passed nothing on [command/launcher/npm]', async () => {
  const program = join(folder, 'program.mjs')
  writeFileSync(
    program,
    `import { endWithNpm } from '${LAUNCHER}'
     endWithNpm()
     process.on('SIGTERM', () => process.exit(0))
     setInterval(() => {}, 1000)
     process.stdout.write(process.pid + '\\n')`,
  )
  // Does not exec its last command, as some shells never do.
  const shell = spawn('sh', ['-c', `${process.execPath} ${program}; true`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, npm_lifecycle_event: 'start' },
  })
  const [line] = (await once(shell.stdout, 'data')) as [Buffer] // stdout is a pipe without encoding
  shell.kill('SIGTERM')
  expect(await hasGone(Number(line.toString('utf8')))).toBe(true)
})
