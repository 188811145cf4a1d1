/**
 * Node 24 for a host that may have an older one. `node scripts/node.mjs FILE ARGS` runs FILE under it and
 * is one process to its caller. Plain JavaScript for Node 20: it runs before anything is installed.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ensureInstalled } from './install.mjs'

const NODE_MAJOR_MIN = 24
const HERE = dirname(fileURLToPath(import.meta.url))
const PARENT_POLL_MS = 200
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Whether the Node that runs this is new enough itself. */
export const hostIsEnough = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN

/**
 * The path of a Node 24 or newer: the host's own, else a platform package that is installed on first use.
 *
 * @returns {Promise<string>}
 * @throws {Error} one sentence that asks for Node 24
 */
export async function node24() {
  if (hostIsEnough) return process.execPath
  const folder = join(HERE, 'node')
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  const binary = join(folder, 'node_modules', `node-${platform}-${process.arch}`, 'bin', file)
  try {
    await ensureInstalled(folder, 'Node 24')
  } catch (error) {
    throw new Error(`${error.message}; install Node 24 or newer yourself and try again`, {
      cause: error,
    })
  }
  if (existsSync(binary)) return binary
  throw new Error(
    `npm has no Node 24 for ${process.platform}-${process.arch}, and this is Node ${process.versions.node}: install Node 24 or newer and try again`,
  )
}

/**
 * Runs FILE with its arguments under Node 24. On a host that has it, in this very process; else in a child
 * that shares stdin, stdout and stderr, gets our signals, and dies with us even when we are killed.
 *
 * @param {string} file
 * @param {string[]} args
 * @returns {Promise<void>} the process ends with the child's exit code, 128 + n after signal n
 */
export async function runUnderNode24(file, args) {
  const path = resolve(file)
  if (hostIsEnough) {
    process.argv = [process.execPath, path, ...args]
    await import(pathToFileURL(path).href)
    return
  }
  process.exitCode = await runChild(await node24(), path, args)
}

/** @returns {Promise<number>} */
export function runChild(node, path, args, env = process.env) {
  const lifeline = pathToFileURL(join(HERE, 'lifeline.mjs')).href
  return new Promise((done, fail) => {
    const child = spawn(node, ['--import', lifeline, path, ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: { ...env, SALLYPORT_LIFELINE: String(process.pid) },
    })
    const handlers = PASSED_ON.map((signal) => [signal, () => child.kill(signal)])
    for (const [signal, handler] of handlers) process.on(signal, handler)
    child.on('error', (error) =>
      fail(
        new Error(`${node} cannot be run (${error.code}): install Node 24 or newer and try again`),
      ),
    )
    child.on('exit', (code, signal) => {
      for (const [name, handler] of handlers) process.off(name, handler)
      done(code ?? 128 + constants.signals[signal])
    })
  })
}

/**
 * Asks this process to stop when npm was asked to: npm runs a script under a shell, and some shells die of a
 * signal without passing it on. A signal that reaches us by itself is not doubled.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, PARENT_POLL_MS)
  timer.unref()
  for (const signal of PASSED_ON) {
    process.once(signal, () => {
      clearInterval(timer)
      // Until the program listens itself, the signal means what it means by default.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    })
  }
}

/** Ends a script with one sentence instead of a stack. */
export function giveUp(error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

async function main() {
  const [file, ...args] = process.argv.slice(2)
  if (file) return runUnderNode24(file, args)
  process.stderr.write('usage: node scripts/node.mjs FILE [ARGS]\n')
  process.exitCode = 2
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    // In this very process an error is FILE's own and keeps its stack.
    if (hostIsEnough) throw error
    giveUp(error)
  })
}
