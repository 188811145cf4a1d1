import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acquireStoreLock } from '../../src/store/index.ts'

interface Outcome {
  readonly won: boolean
  readonly pid: number
  readonly code?: string
  readonly details?: { readonly pid: number }
}

const HOLD_LOCK = fileURLToPath(new URL('../fixtures/hold-lock.ts', import.meta.url))
let folder: string
let children: ChildProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-lock-'))
  children = []
})

afterEach(async () => {
  await Promise.all(children.map(kill))
  rmSync(folder, { recursive: true, force: true })
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function compete(path: string): Promise<{ child: ChildProcess; outcome: Outcome }> {
  const child = spawn(process.execPath, [HOLD_LOCK, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })
  const [line] = (await once(lines, 'line')) as [string]
  return { child, outcome: JSON.parse(line) as Outcome }
}

test('refuses a second process with the pid of the first [store/lock]', async () => {
  const path = join(folder, 'store.db')
  const first = await compete(path)
  const second = await compete(path)
  expect(first.outcome.won).toBe(true)
  expect(second.outcome).toEqual({
    won: false,
    pid: second.child.pid,
    code: 'store_locked',
    details: { pid: first.child.pid },
  })
})

test('refuses a second lock within one process, and a path that leads to the same store', async () => {
  const path = join(folder, 'store.db')
  symlinkSync(folder, join(folder, 'link'))
  await using lock = await acquireStoreLock(path)
  expect(lock.path).toBe(`${path}.lock`)
  const taken = { code: 'store_locked', details: { pid: process.pid } }
  await expect(acquireStoreLock(path)).rejects.toMatchObject(taken)
  await expect(acquireStoreLock(join(folder, 'link', 'store.db'))).rejects.toMatchObject(taken)
})

test('is free again once released, and once its holder was killed [store/lock/released]', async () => {
  const path = join(folder, 'store.db')
  await (await acquireStoreLock(path))[Symbol.asyncDispose]()
  const { child, outcome } = await compete(path)
  expect(outcome.won).toBe(true)
  await kill(child)
  await using _lock = await acquireStoreLock(path)
})

test('is won by exactly one of four processes, whatever the one before left behind [store/lock]', async () => {
  const path = join(folder, 'store.db')
  for (let round = 0; round < 3; round += 1) {
    const racers = await Promise.all(Array.from({ length: 4 }, () => compete(path)))
    const winners = racers.filter(({ outcome }) => outcome.won)
    expect(winners).toHaveLength(1)
    const named = racers.filter(({ outcome }) => !outcome.won).map(({ outcome }) => outcome.details)
    expect(named).toEqual(Array(3).fill({ pid: winners[0]?.child.pid }))
    await Promise.all(racers.map(({ child }) => kill(child)))
  }
})

test('refuses where the lock cannot be written', async () => {
  await expect(acquireStoreLock('/dev/null/store.db')).rejects.toMatchObject({
    code: 'store_unwritable',
  })
})
