import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { MARK_VARIABLE } from './environment.ts'
import { endMarkedProcesses, markedProcesses } from './mark.ts'

const MODULE = fileURLToPath(new URL('mark.ts', import.meta.url))
const started: { kill(signal: NodeJS.Signals): boolean }[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

describe.runIf(process.platform === 'linux')('processes with a mark', () => {
  test('all of a mark and below it are found, and none of another mark or of a spared one', async () => {
    const mark = `mark-test-${process.pid}-a`
    const one = await start(mark)
    const below = await start(`${mark}/x/1`)
    await start(`${mark}/y/1`)
    await start(`${mark}b`)
    expect((await markedProcesses(mark, ['y'])).toSorted()).toEqual([one, below].toSorted())
  })

  test('a mark behind much else in the environment is found', async () => {
    const mark = `mark-test-${process.pid}-b`
    // Ends up on both sides of what is read at once, wherever the mark stands.
    const pid = await start(mark, { A: 'a'.repeat(65_510), Z: 'z'.repeat(65_510) })
    expect(await markedProcesses(mark)).toEqual([pid])
  })

  test('each of many looks at once sees what was there when it was asked for', async () => {
    const mark = `mark-test-${process.pid}-c`
    const before = markedProcesses(mark)
    const pid = await start(mark)
    const looks = Array.from({ length: 20 }, () => markedProcesses(mark))
    expect(await before).toEqual(expect.any(Array))
    expect(await Promise.all(looks)).toEqual(Array.from({ length: 20 }, () => [pid]))
  })

  test('what was found is ended', async () => {
    const mark = `mark-test-${process.pid}-d`
    await start(mark)
    expect(await endMarkedProcesses(mark)).toBe(1)
    expect(await markedProcesses(mark)).toEqual([])
  })

  test('looking again and again takes no memory that stays', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      ...['--input-type=module', '--eval', growthProgram(MODULE)],
    ])
    // 35 to 50 MiB when all environments were read at the same time, among a hundred processes.
    expect(Number(stdout)).toBeLessThan(16)
  }, 60_000)
})

/** Starts a process that waits, with a mark; resolves once it can be seen. */
async function start(mark: string, more: Record<string, string> = {}): Promise<number> {
  const env = { ...more, [MARK_VARIABLE]: mark }
  const child = spawn('/bin/sleep', ['60'], { env, stdio: 'ignore' })
  started.push(child)
  await once(child, 'spawn')
  return child.pid ?? 0
}

/** Tells by how much resident memory grows over as many looks as 1,300 stopped children take, MiB. */
function growthProgram(module: string): string {
  return `
    import { markedProcesses } from ${JSON.stringify(module)}
    const look = () => Promise.all(Array.from({ length: 16 }, () => markedProcesses('nobody')))
    const resident = () => (gc(), gc(), process.memoryUsage().rss / 1_048_576)
    for (let round = 0; round < 40; round += 1) await look()
    const before = resident()
    for (let round = 0; round < 160; round += 1) await look()
    process.stdout.write(String(resident() - before))
  `
}
