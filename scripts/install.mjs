/**
 * Installs a folder's packages from its lockfile, once, however many ask at the same time.
 * Plain JavaScript for Node 20: it runs before anything is installed.
 */
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const WAIT_MS_MAX = 10 * 60_000
const POLL_MS = 200
const SAID_AFTER_MS = 1_000
const OUTPUT_BYTES_MAX = 64 * 1024
/** Settings of the npm that started us which would change what a nested `npm ci` installs. */
const FOREIGN_SETTINGS =
  /^npm_config_(workspaces?|include_workspace_root|global|location|dry_run|omit|include|only|json|prefix|local_prefix|production)$/i

/**
 * Runs `npm ci` in `folder` unless what its lockfile names is already there. Progress goes to stderr
 * when it takes longer than a second; stdout is never written.
 *
 * @param {string} folder holds package.json and package-lock.json
 * @param {string} what for people: what is being installed
 * @throws {Error} one sentence with the remedy
 */
export async function ensureInstalled(folder, what) {
  if (isInstalled(folder)) return
  const release = await lock(join(folder, '.installing'), what)
  try {
    if (!isInstalled(folder)) await npmCi(folder, what)
  } finally {
    release()
  }
}

/** Whether `node_modules` holds what the lockfile names; npm writes its own list last, so a broken install is not one. */
export function isInstalled(folder) {
  const locked = join(folder, 'package-lock.json')
  const present = join(folder, 'node_modules', '.package-lock.json')
  if (!existsSync(present)) return false
  if (statSync(present).mtimeMs >= statSync(locked).mtimeMs) return true
  return !differs(packagesOf(locked), packagesOf(present))
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
}

function differs(locked, present) {
  return Object.entries(locked).some(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.link) return false
    const found = present[path]
    if (!found) return !entry.optional && !entry.peer
    return found.version !== entry.version || found.integrity !== entry.integrity
  })
}

/** Takes a lock folder, waiting for a living holder and clearing away after a dead one. Returns the release. */
async function lock(path, what) {
  const deadline = performance.now() + WAIT_MS_MAX
  let said = false
  for (const started = performance.now(); ; await sleep(POLL_MS)) {
    if (take(path)) return () => rmSync(path, { recursive: true, force: true })
    clearDead(path)
    if (performance.now() > deadline) {
      throw new Error(
        `another process has been installing ${what} for too long; remove ${path} and try again`,
      )
    }
    if (!said && performance.now() - started > SAID_AFTER_MS) {
      said = true
      process.stderr.write(`waiting for another process that installs ${what} ...\n`)
    }
  }
}

function take(path) {
  try {
    mkdirSync(path)
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw new Error(`${path} cannot be written (${error.code}); make the checkout writable`, {
      cause: error,
    })
  }
  writeFileSync(join(path, 'pid'), String(process.pid))
  return true
}

/** Moves a dead holder's lock aside. The move is atomic, so of several waiters one clears it. */
function clearDead(path) {
  const holder = holderOf(path)
  if (holder === undefined || isAlive(holder)) return
  const aside = `${path}-${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return // Released, or cleared by another waiter, in between.
  }
  if (holderOf(aside) === holder) rmSync(aside, { recursive: true, force: true })
  else renameSync(aside, path)
}

function holderOf(path) {
  try {
    return Number(readFileSync(join(path, 'pid'), 'utf8')) || undefined
  } catch {
    return undefined // Just created or just released: ask again at the next turn.
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== 'ESRCH'
  }
}

async function npmCi(folder, what) {
  const timer = setTimeout(() => process.stderr.write(`installing ${what} ...\n`), SAID_AFTER_MS)
  try {
    const { code, output } = await runNpm(folder, [
      'ci',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ])
    if (code !== 0) {
      const reason = output.trim().split('\n').slice(-8).join('\n')
      throw new Error(
        `${what} could not be installed by \`npm ci\` in ${basename(folder)}: ${reason}`,
      )
    }
  } finally {
    clearTimeout(timer)
  }
}

/** npm prints to stdout too; both streams are kept here, so that the caller's stdout stays its own. */
function runNpm(folder, args) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !FOREIGN_SETTINGS.test(name) && name !== 'NODE_ENV',
    ),
  )
  const [command, ...first] = npmCommand()
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, [...first, ...args, '--prefix', folder], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command.endsWith('.cmd'),
    })
    const keep = (chunk) => {
      output = (output + chunk).slice(-OUTPUT_BYTES_MAX)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) =>
      resolve({ code: 1, output: `npm cannot be started (${error.code})` }),
    )
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

function npmCommand() {
  const running = process.env.npm_execpath
  if (running && basename(running) === 'npm-cli.js') return [process.execPath, running]
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm']
}
