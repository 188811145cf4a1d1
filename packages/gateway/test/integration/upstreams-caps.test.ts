import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CapsConfig } from '@sallyport/contract/config'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CapsGroups } from '../../src/upstreams/caps-group.ts'
import { findCgroupHome } from '../../src/upstreams/caps-folders.ts'
import { killChildrenNow } from '../../src/upstreams/live-children.ts'
import type { StdioServerConfig } from '../../src/upstreams/server-config.ts'
import {
  callText,
  isAlive,
  openTestUpstreams,
  stdioServer,
  temporaryFolder,
  type TestUpstreams,
  until,
} from '../fixtures/upstreams/harness.ts'

const GREEDY = fileURLToPath(new URL('../fixtures/upstreams/greedy-server.ts', import.meta.url))
const MIB = 1_024 * 1_024
const OWNER = { gatewayId: 'probe', instanceId: 'probe' }
const canGroup =
  (await new CapsGroups(OWNER).can('memory')) && (await new CapsGroups(OWNER).can('processes'))
const canLimit = spawnSync('prlimit', ['--version']).error === undefined

function capped(
  caps: Partial<CapsConfig>,
  changes: Partial<StdioServerConfig> = {},
): StdioServerConfig {
  const none = {
    ...{ memoryBytes: undefined, processes: undefined, openFiles: undefined, cpuMs: undefined },
  }
  const command = [process.execPath, GREEDY, 'two words', '$HOME']
  return stdioServer(command, { OWN: 'yes' }, { caps: { ...none, ...caps }, ...changes })
}

/** What a tool answers, parsed. */
async function told(test: TestUpstreams, tool: string, args: object = {}): Promise<unknown> {
  return JSON.parse(await callText(test.upstreams, ['one', tool], args))
}

/** Folders of control groups that processes of this gateway made below that of this process. */
async function groupFolders(gatewayId: string): Promise<string[]> {
  const [prefix = ''] = new CapsGroups({ gatewayId, instanceId: '-' }).nameOf(1).split('-')
  const homes = await Promise.all(
    (['memory', 'pids'] as const).map((controller) =>
      findCgroupHome(controller, { self: '/proc/self' }),
    ),
  )
  return homes
    .flatMap((home) => home?.folder ?? [])
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.startsWith(prefix))
        .map((name) => path.join(folder, name)),
    )
}

describe.skipIf(!canGroup)('within control groups', () => {
  test('a server that takes more memory than its cap is ended, and why is told [supervision/caps/memory] [supervision/caps/told]', async () => {
    await using test = await openTestUpstreams({ one: capped({ memoryBytes: 128 * MIB }) })
    await expect(told(test, 'eat')).rejects.toMatchObject({ code: 'server_lost' })
    expect(test.status('one')).toMatchObject({
      state: 'degraded',
      reason:
        'the server was ended by SIGKILL: it needed more memory than caps.memory allows (134217728 bytes)',
    })
    // The next call has a new child.
    expect(await told(test, 'pid')).toBeGreaterThan(1)
  })

  test('what a server started counts towards its cap of memory, wherever it went [supervision/caps/memory]', async () => {
    await using test = await openTestUpstreams({ one: capped({ memoryBytes: 192 * MIB }) })
    expect(await told(test, 'eat-below')).toEqual({ code: null, signal: 'SIGKILL' })
  })

  test('no more processes and threads than the cap can be started [supervision/caps/processes]', async () => {
    await using test = await openTestUpstreams({ one: capped({ processes: 40 }) })
    const answer = await told(test, 'programs', { count: 100 })
    expect(answer).toMatchObject({ code: 'EAGAIN' })
    expect((answer as { started: number }).started).toBeLessThan(40)
  })

  test('a capped child has its own pid, group, arguments, environment and three pipes, and nothing besides [supervision/caps/plain]', async () => {
    const everything = { memoryBytes: 512 * MIB, processes: 100, openFiles: 256, cpuMs: 60_000 }
    await using plain = await openTestUpstreams({ one: capped({}) })
    await using test = await openTestUpstreams({ one: capped(everything) })
    for (const [tool, differs] of [
      ['arguments', []],
      ['descriptors', []],
      ['environment', ['SALLYPORT_CHILD']],
    ] as const) {
      const [bare, within] = (await Promise.all([told(plain, tool), told(test, tool)])) as object[]
      const without = (all: object = {}): object =>
        Array.isArray(all)
          ? all
          : Object.fromEntries(
              Object.entries(all).filter(([name]) => !differs.some((each) => each === name)),
            )
      expect(without(within)).toEqual(without(bare))
    }
    const pid = Number(await told(test, 'pid'))
    expect(test.status('one').pids).toEqual([pid])
    const groupOf = spawnSync('ps', ['-o', 'pgid=', '-p', String(pid)])
      .stdout.toString()
      .trim()
    expect(Number(groupOf)).toBe(pid)
  })

  test('signals that Node.js ignores act on a capped child as on any other [supervision/caps/plain]', async () => {
    const shows = { command: 'grep', args: ['SigIgn', '/proc/self/status'] }
    const seen = async (caps: Partial<CapsConfig>): Promise<unknown> => {
      await using test = await openTestUpstreams({ one: capped(caps, shows) })
      await told(test, 'none').catch(() => undefined)
      return test.logged.find(({ message }) => message.includes('something else'))?.fields['text']
    }
    const plain = await seen({})
    expect(plain).toContain('SigIgn')
    expect(await seen({ processes: 100 })).toBe(plain)
  })

  test('the groups of a child go with it, also after a start that failed, and with what hid in them [supervision/caps/groups]', async () => {
    const test = await openTestUpstreams({
      one: capped({ memoryBytes: 512 * MIB, processes: 200 }),
      broken: { ...capped({ processes: 100 }), args: [GREEDY, '--no-such'], command: 'false' },
    })
    // Without the mark in its environment and in a session of its own.
    const hidden = Number(await told(test, 'hide'))
    expect(await groupFolders(test.gatewayId)).toHaveLength(2)
    await expect(callText(test.upstreams, ['broken', 'pid'])).rejects.toMatchObject({
      code: 'server_start_failed',
    })
    await test[Symbol.asyncDispose]()
    expect(isAlive(hidden)).toBe(false)
    expect(await groupFolders(test.gatewayId)).toEqual([])
  })

  test('a forced end kills what is in the groups of a child, also what hides from its mark [command/signal/children]', async () => {
    await using test = await openTestUpstreams({ one: capped({ memoryBytes: 512 * MIB }) })
    const pids = [await told(test, 'pid'), await told(test, 'leave'), await told(test, 'hide')]
    killChildrenNow()
    await until(() => !pids.some((pid) => isAlive(Number(pid))), 'the end of all three', 1_000)
  })

  test('what a gateway that was killed left behind goes with the next start: children, those in sessions of their own, and groups [supervision/caps/groups] [upstreams/stop/orphans]', async () => {
    const gatewayId = `killed-${process.pid}`
    const script = fileURLToPath(
      new URL('../fixtures/upstreams/gateway-to-kill.ts', import.meta.url),
    )
    const gateway = spawn(process.execPath, [script, gatewayId, GREEDY], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void gateway.kill('SIGKILL'))
    const [line] = (await once(gateway.stdout, 'data')) as [Buffer]
    const left = JSON.parse(line.toString()) as number[] // as that script prints
    expect(await groupFolders(gatewayId)).toHaveLength(2)
    gateway.kill('SIGKILL')
    await once(gateway, 'exit')
    expect(left.map(isAlive)).toEqual([true, true, true])
    await using next = await openTestUpstreams({ one: capped({}) }, { gatewayId })
    expect(left.map(isAlive)).toEqual([false, false, false])
    expect(await groupFolders(gatewayId)).toEqual([])
    expect(await told(next, 'pid')).toBeGreaterThan(1)
  })
})

describe.skipIf(!canLimit)('within limits of its processes', () => {
  test('a server cannot open more files than its cap [supervision/caps/open-files]', async () => {
    await using test = await openTestUpstreams({ one: capped({ openFiles: 64 }) })
    const answer = (await told(test, 'files')) as { opened: number; code: string }
    expect(answer.code).toBe('EMFILE')
    expect(answer.opened).toBeLessThan(64)
  })

  test('a server that used up its CPU time is ended, and why is told [supervision/caps/cpu-time] [supervision/caps/told]', async () => {
    await using test = await openTestUpstreams({ one: capped({ cpuMs: 1_000 }) })
    await expect(told(test, 'burn')).rejects.toMatchObject({ code: 'server_lost' })
    expect(test.status('one').reason).toBe(
      'the server was ended by SIGXCPU: it used more CPU time than caps.cpuTime allows (1 s)',
    )
  })

  test.each([
    ['a command that is nowhere', { command: 'no-such-command' }],
    ['a folder that is not there', { cwd: '/no/such/folder' }],
    ['a file that is no program', { command: path.join(path.dirname(GREEDY), 'harness.ts') }],
  ])('%s fails a capped start with the words of any other', async (_case, changes) => {
    const caps = { openFiles: 64, ...(canGroup ? { processes: 100 } : {}) }
    await using test = await openTestUpstreams({
      bare: capped({}, changes),
      one: capped(caps, changes),
    })
    const [bare, within] = await Promise.all(
      ['bare', 'one'].map((server) => callText(test.upstreams, [server, 'pid']).catch(String)),
    )
    expect(within).toContain('could not be run')
    expect(within).toBe(bare)
  })
})

test('a server whose caps this host cannot enforce is refused, says what is missing, and starts no process [supervision/caps/refused]', async () => {
  const folder = temporaryFolder()
  onTestFinished(() => rm(folder, { recursive: true }))
  const log = path.join(folder, 'started')
  const groups = new CapsGroups(OWNER, { self: folder })
  const one = { ...capped({ memoryBytes: MIB }), command: 'touch', args: [log] }
  await using test = await openTestUpstreams({ one }, { groups })
  const refusal = {
    code: 'caps_unavailable',
    message: expect.stringMatching(/^caps\.memory needs a writable cgroup .* or remove the cap$/),
  }
  // Each caller hears it: there is nothing to leave alone for a while.
  for (const tool of ['pid', 'pid']) await expect(told(test, tool)).rejects.toMatchObject(refusal)
  expect(test.status('one')).toMatchObject({ state: 'degraded', reason: refusal.message })
  expect(existsSync(log)).toBe(false)
})
