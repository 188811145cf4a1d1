import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DrillDue, DrillRun } from '@sallyport/contract/checklist'
import { expect, test } from 'vitest'
import { CuttingProxy } from '../fixtures/cutting-proxy.ts'
import { ExampleServer } from '../fixtures/example.ts'
import { startGateway, TestGateway } from '../fixtures/gateway.ts'
import { processesWith } from '../fixtures/processes.ts'
import { bareEnvironment, type CommandResult } from '../fixtures/run-command.ts'
import { COMMAND } from '../fixtures/sallyport.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const ONCE = fileURLToPath(new URL('../fixtures/servers/once-server.ts', import.meta.url))
const START_MS = 30_000
const ECHO = { tool: 'echo', arguments: { message: 'm' } }
const READS = { echo: { readOnly: true } }
const own = (env: Readonly<Record<string, string>> = {}): object =>
  stdioServer(env, { tools: READS, share: 'all' })

interface Drilled {
  readonly code: number | null
  readonly runs: readonly DrillRun[]
  readonly notRun: readonly {
    readonly drill: string
    readonly text: string
    readonly remedy: string
  }[]
}

function read({ code, stdout, stderr }: CommandResult): Drilled {
  if (!stdout.startsWith('{')) throw new Error(`no JSON: ${stdout}${stderr}`)
  return { code, ...(JSON.parse(stdout) as Omit<Drilled, 'code'>) } // what the command prints
}

async function drill(gateway: TestGateway, ...args: string[]): Promise<Drilled> {
  return read(await gateway.command(['drill', ...args, '--json']))
}

/** What keeps a drill from having succeeded, in its own words. */
function faultsOf({ steps }: DrillRun): string[] {
  return steps.filter((step) => step.startsWith('FAILED: '))
}

/** A temporary folder that only the drills of one test use. */
class Temporary implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<Temporary> {
    return new Temporary(await mkdtemp(join(tmpdir(), 'sallyport-drills-')))
  }

  get env(): { TMPDIR: string } {
    return { TMPDIR: this.folder }
  }

  /** Folders of drills, and processes that drills have started. */
  async left(): Promise<string[]> {
    const names = await readdir(this.folder)
    const running = await processesWith(`SALLYPORT_DRILL_TOKEN_ADMIN=`)
    const own = await processesWith(`TMPDIR=${this.folder}`)
    const both = own.filter(({ pid }) => running.some((one) => one.pid === pid))
    const folders = names.filter((name) => name.startsWith('sallyport-drill-'))
    return [...folders, ...both.map(({ command }) => command)]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

test.concurrent('every drill succeeds on a healthy deployment and is kept; nothing is left, and what runs is not touched [check/drill/failover] [check/drill/cold-start] [check/drill/flood] [check/drill/auth] [check/drill/reload] [check/drill/recover] [check/drill/keys] [check/drill/stop] [check/drill/stream] [drill/copy] [drill/cleared]', async () => {
  await using temporary = await Temporary.make()
  await using primary = await ExampleServer.start('primary')
  await using backup = await ExampleServer.start('backup')
  await using proxy = await CuttingProxy.start()
  const remote = ({ url }: ExampleServer): object => ({ url, tools: { who: { readOnly: true } } })
  const who = { tool: 'who' }
  await using gateway = await startGateway({
    env: temporary.env,
    config: {
      publicUrl: proxy.url,
      mcpServers: { own: own(), primary: remote(primary), backup: remote(backup) },
      groups: {
        answers: { members: ['primary', 'backup'], strategy: 'priority', hideMembers: true },
      },
      checklist: {
        objectives: { rto: '20s' },
        drills: { calls: { own: ECHO, primary: who, backup: who } },
      },
    },
  })
  proxy.lead(gateway.data)
  await gateway.command(['servers', 'start', 'own'])
  const { pids } = await gateway.api<{ pids: number[] }>('servers/own')
  const before = await readFile(gateway.configFile, 'utf8')

  const turns = await Promise.all([
    drill(gateway, 'failover', 'cold-start', 'auth'),
    drill(gateway, 'reload', 'recover', 'stream', '--hold', '1s'),
    drill(gateway, 'keys', 'stop', 'flood'),
  ])
  const runs = turns.flatMap((one) => one.runs)
  expect(runs.flatMap(faultsOf)).toEqual([])
  expect(turns.map(({ code, notRun }) => [code, notRun])).toEqual(Array(3).fill([0, []]))
  expect(runs.map(({ ok }) => ok)).toEqual(Array(9).fill(true))
  const figures = new Map(
    runs.flatMap((run) => run.figures.map(({ name, value }) => [`${run.drill}/${name}`, value])),
  )
  expect(figures.get('failover/failed answers')).toBe(0)
  expect(figures.get('recover/killed')).toBeGreaterThanOrEqual(1)
  expect(figures.get('flood/refused')).toBeGreaterThan(0)
  expect(figures.get('stream/held')).toBeGreaterThanOrEqual(1_000)

  const { items } = await gateway.json<{ items: readonly DrillDue[] }>(['drill', '--list'])
  const states = new Map(items.map(({ drill: name, ok, overdue }) => [name, [ok, overdue]]))
  expect(states.get('failover')).toEqual([true, false])
  // A stream that was held for a second proves nothing.
  expect(states.get('stream')).toEqual([null, true])
  const now = await gateway.api<{ pids: number[] }>('servers/own')
  expect([now.pids, await readFile(gateway.configFile, 'utf8')]).toEqual([pids, before])
  expect(await temporary.left()).toEqual([])
}, 90_000)

const calls = (call: object, rto = '20s'): object => ({
  objectives: { rto },
  drills: { calls: { own: call } },
})

test.concurrent('each drill fails on a deployment that is broken for it, names the fault, and leaves nothing [check/drill/failover] [check/drill/cold-start] [check/drill/flood] [check/drill/auth] [check/drill/reload] [check/drill/recover] [check/drill/keys] [check/drill/stop] [drill/cleared]', async () => {
  await using temporary = await Temporary.make()
  const broken = async (config: Record<string, unknown>, ...drills: string[]) => {
    await using gateway = await TestGateway.create({ env: temporary.env, config })
    return await drill(gateway, ...drills)
  }
  const startsOnce = own({ MARK_FILE: join(temporary.folder, 'mark'), START_DELAY_MS: '1000' })
  const all = {
    auth: { anonymous: true },
    limits: { perPrincipal: { rate: '100000/s', burst: 1_000_000 } },
    mcpServers: { own: { ...startsOnce, args: [ONCE] } },
    groups: { answers: { members: ['own'] } },
    checklist: calls(ECHO, '1s'),
  }
  const turns = await Promise.all([
    broken(all, 'failover', 'cold-start', 'flood', 'auth'),
    broken(all, 'reload', 'recover'),
    broken({ mcpServers: { own: own() }, checklist: calls({ tool: 'fail' }) }, 'keys'),
    broken(
      {
        limits: { drainTimeout: '200ms' },
        mcpServers: { own: own(), dead: { url: 'http://127.0.0.1:1/mcp' } },
        groups: { answers: { members: ['own', 'dead'], strategy: 'priority' } },
        checklist: calls({ tool: 'wait', arguments: { ms: 1_500 } }),
      },
      ...['failover', 'stop'],
    ),
  ])
  const faults = turns.flatMap(({ runs }) =>
    runs.map((run) => [run.drill, run.ok, faultsOf(run).join('; ')]),
  )
  expect(turns.map(({ code, notRun }) => [code, notRun])).toEqual(Array(4).fill([1, []]))
  expect(faults).toEqual([
    ['failover', false, expect.stringMatching(/answers has one member, own/)],
    ['cold-start', false, expect.stringMatching(/cold own took \d+ ms, more than the 1000 ms/)],
    ['flood', false, expect.stringMatching(/were let through, .* allows 100000\/s/)],
    ['auth', false, expect.stringMatching(/without a key got 200: set `auth.anonymous` to false/)],
    ['reload', false, expect.stringMatching(/\d+ of \d+ calls of echo to own failed meanwhile/)],
    ['recover', false, expect.stringMatching(/own did not come back within 3 s/)],
    [
      'keys',
      false,
      expect.stringMatching(/requests of another key failed meanwhile: \d+ tool_error/),
    ],
    ['failover', false, expect.stringMatching(/no other member of answers answered a call/)],
    [
      'stop',
      false,
      expect.stringMatching(/calls under way were lost: .*; raise `limits.drainTimeout`/),
    ],
  ])
  expect(await temporary.left()).toEqual([])
}, 90_000)

test.concurrent('a proxy that cuts streams fails the drill stream; members that run here, and members behind a proxy of their own, are lost as well [check/drill/stream] [check/drill/failover]', async () => {
  await using proxy = await CuttingProxy.start(700)
  await using first = await ExampleServer.start('first')
  await using second = await ExampleServer.start('second')
  // Each answers to any address, as a proxy does.
  const behind = ({ url }: ExampleServer): object => ({
    url: 'http://far.example.com/mcp',
    proxy: new URL(url).origin,
    health: { call: { tool: 'who' } },
  })
  await using gateway = await startGateway({
    config: {
      publicUrl: proxy.url,
      mcpServers: { one: own(), two: own(), first: behind(first), second: behind(second) },
      groups: {
        here: { members: ['one', 'two'] },
        far: { members: ['first', 'second'], strategy: 'priority' },
      },
      checklist: { drills: { calls: { here: ECHO } } },
    },
  })
  proxy.lead(gateway.data)
  const { code, runs } = await drill(gateway, 'stream', 'failover', '--hold', '2s')
  const [failover, stream] = runs
  expect([code, failover && faultsOf(failover), stream?.ok]).toEqual([1, [], false])
  expect(failover?.steps).toEqual(
    expect.arrayContaining([
      expect.stringContaining(
        'one of here was lost under calls of echo: its processes were killed',
      ),
      expect.stringContaining('first of far was lost under calls of who: its address was changed'),
    ]),
  )
  expect(stream?.steps).toEqual([
    expect.stringMatching(/ended after \d\.\d s .*proxy_read_timeout/),
  ])
}, 90_000)

test.concurrent('with --live the gateway that runs is tried, and no key is left that is good [drill/live] [drill/cleared]', async () => {
  await using gateway = await startGateway({
    config: { auth: { anonymous: true }, mcpServers: { own: own() } },
  })
  const { code, runs } = await drill(gateway, 'auth', 'keys', '--live')
  expect([code, runs.map((run) => [run.drill, run.ok])]).toEqual([
    1,
    [
      ['auth', false],
      ['keys', true],
    ],
  ])
  const { items } = await gateway.api<{ items: { name: string; revokedAt: string | null }[] }>(
    'keys',
  )
  expect(items.length).toBeGreaterThanOrEqual(5)
  expect(items.filter(({ revokedAt }) => revokedAt === null)).toEqual([])
}, 90_000)

test.concurrent('a drill that is killed or interrupted in the middle leaves no process and no folder, and nothing secret was on disk [drill/cleared] [drill/copy]', async () => {
  await Promise.all([endIn('SIGKILL', null), endIn('SIGINT', 130)])
}, 90_000)

async function endIn(signal: NodeJS.Signals, expected: number | null): Promise<void> {
  await using temporary = await Temporary.make()
  const secret = `hunter2-hunter2-${signal}`
  const env = { START_DELAY_MS: '5000', PASSWORD: secret }
  await using gateway = await TestGateway.create({
    config: { mcpServers: { own: own(env) }, checklist: calls(ECHO) },
  })
  const words = [COMMAND, 'drill', 'recover', '--config', gateway.configFile]
  const child = spawn(process.execPath, words, {
    env: { ...bareEnvironment(), ...temporary.env, HOME: gateway.dir, TEST_TOKEN: gateway.token },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const servers = () => processesWith(`PASSWORD=${secret}`)
  await waitUntil(
    'the server of the copy to start',
    async () => (await servers()).length > 0,
    START_MS,
  )
  const [name = ''] = await readdir(temporary.folder)
  const folder = join(temporary.folder, name)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'latin1').catch(() => '') // its socket
    expect(text).not.toContain(secret)
    expect(text).not.toContain(gateway.token)
  }
  child.kill(signal)
  const [code] = await ended
  expect(code).toBe(expected)
  const left = async () => [...(await temporary.left()), ...(await servers())]
  await waitUntil('nothing to be left', async () => (await left()).length === 0, START_MS)
}
