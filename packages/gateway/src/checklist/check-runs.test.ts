import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@sallyport/kit/clock'
import { createLog } from '@sallyport/kit/log'
import { expect, onTestFinished, test } from 'vitest'
import { markedProcesses } from '../upstreams/mark.ts'
import { CheckRuns, type CheckRunsDeps } from './check-runs.ts'

const BY = { by: 'key:a', requestId: 'r-1' }
let count = 0

function runsOf(script: string, more: Partial<CheckRunsDeps> = {}) {
  const lines: string[] = []
  const mark = `check-runs-${process.pid}-${(count += 1)}`
  const runs = new CheckRuns({
    program: { file: process.execPath, args: ['-e', script] },
    ...{ mark, environment: process.env, clock: systemClock },
    log: createLog({ level: 'debug', json: true, destination: { write: (l) => lines.push(l) } }),
    ...more,
  })
  onTestFinished(() => runs[Symbol.asyncDispose]())
  return { runs, mark, lines }
}

async function ended(runs: CheckRuns) {
  await expect.poll(() => runs.status().running, { timeout: 10_000 }).toBe(false)
  return runs.status().last
}

/** A file that a child writes its process id into. */
function pidFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-check-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'pid')
}

test.each([
  [0, true, 'passed'],
  [1, true, 'failed'],
  [3, true, 'failed'],
  [0, false, 'broken'],
  [2, false, 'broken'],
] as const)('exit code %s, report %s: %s [checklist/run]', async (code, reported, outcome) => {
  const { runs } = runsOf(`process.exitCode = ${code}`)
  expect(runs.status()).toEqual({ running: false, startedAt: null, last: null })
  expect(runs.start(BY)).toMatchObject({ running: true, startedAt: expect.any(String) })
  if (reported) runs.reported()
  expect(await ended(runs)).toMatchObject({ outcome, exitCode: code, by: 'key:a' })
})

test('one runs at a time, and the next one after it [checklist/run]', async () => {
  const { runs } = runsOf('setTimeout(() => {}, 300)')
  runs.start(BY)
  expect(() => runs.start(BY)).toThrow(expect.objectContaining({ code: 'conflict' }))
  await ended(runs)
  expect(runs.start(BY).running).toBe(true)
})

test('what it says last is in the log where no report came of it', async () => {
  const { runs, lines } = runsOf('console.error("x".repeat(99999)); console.error("no such file")')
  runs.start(BY)
  await ended(runs)
  const line = lines.find((one) => one.includes('check brought no report')) ?? ''
  expect(line).toContain('no such file')
  expect(line.length).toBeLessThan(6_000)
})

test('a program that is not there is a run that broke', async () => {
  const { runs } = runsOf('', { program: { file: '/nowhere/sallyport', args: [] } })
  runs.start(BY)
  expect(await ended(runs)).toMatchObject({ outcome: 'broken', exitCode: null })
})

test('without a program none is started', () => {
  const { runs } = runsOf('', { program: undefined })
  expect(() => runs.start(BY)).toThrow(expect.objectContaining({ code: 'not_found' }))
})

const STUBBORN = `process.on('SIGTERM', () => {});`
const WITH_CHILD = `
  const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e3)'],
    { detached: true, stdio: 'ignore' });
  require('fs').writeFileSync(FILE, String(child.pid));
  setInterval(() => {}, 1e3)`

test('one that takes too long is ended with all it started, however it resists [checklist/run]', async () => {
  const file = pidFile()
  const script = `const FILE = ${JSON.stringify(file)};${STUBBORN}${WITH_CHILD}`
  const { runs, mark } = runsOf(script, { runMs: 700 })
  runs.start(BY)
  expect(await ended(runs)).toMatchObject({ outcome: 'timed_out', exitCode: null })
  expect(Number(readFileSync(file, 'utf8'))).toBeGreaterThan(0)
  expect(await markedProcesses(mark)).toEqual([])
})

test('the end of the gateway ends it, with all it started [checklist/run]', async () => {
  const file = pidFile()
  const { runs, mark } = runsOf(`const FILE = ${JSON.stringify(file)};${WITH_CHILD}`)
  runs.start(BY)
  await expect.poll(() => markedProcesses(mark), { timeout: 10_000 }).toHaveLength(2)
  await runs[Symbol.asyncDispose]()
  expect(runs.status()).toMatchObject({ running: false, last: { outcome: 'stopped' } })
  expect(await markedProcesses(mark)).toEqual([])
  expect(() => runs.start(BY)).toThrow(expect.objectContaining({ code: 'shutting_down' }))
})
