/** Rules H4, H5, H6, H8 and I12: the children of a gateway, its local doors, and text of servers. */
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callers } from '../fixtures/callers.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { isRunning, kill } from '../fixtures/processes.ts'
import { send } from '../fixtures/send.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, type Target, textOf } from '../fixtures/wire.ts'

const FILE = fileURLToPath(new URL('../fixtures/servers/unruly-stdio.ts', import.meta.url))
const MASTER = Buffer.alloc(32, 'a-master-key-of-the-tests').toString('base64')
/** What a shell would make something of. */
const WORDS = [
  '$(touch pwned)',
  '; touch pwned',
  '`touch pwned`',
  '*',
  '~',
  '$HOME',
  'a b',
  '"',
  "'",
  '\\',
  '-e',
  '',
]
/** Control characters but tab and line feed, also those beyond ASCII. */
// oxlint-disable-next-line no-control-regex -- finding them is the point
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/

let gateway: TestGateway
let mine: Target
let theirs: Target
const owned = new AsyncDisposableStack()
beforeAll(async () => {
  const { auth, next } = callers()
  const command = process.execPath
  gateway = owned.use(
    await startGateway({
      env: {
        SALLYPORT_MASTER_KEY: MASTER,
        CANARY_OF_THE_GATEWAY: 'canary',
        NODE_OPTIONS: '--no-deprecation',
        LD_LIBRARY_PATH: '/canary',
      },
      config: {
        auth,
        mcpServers: {
          unruly: {
            command,
            args: [FILE, ...WORDS],
            env: { OWN: 'own', SECRET: '${env:TEST_TOKEN}' },
          },
          stubborn: { command, args: [FILE], env: { STUBBORN: '1' } },
        },
        limits: { drainTimeout: '2s' },
      },
    }),
  )
  mine = { url: gateway.url, token: next() }
  theirs = { url: gateway.url, token: next() }
})
afterAll(() => owned.disposeAsync())

interface LogLine {
  readonly msg?: string
  readonly message?: string
  readonly pid?: number
  readonly server?: string
}

function logged(words: string): LogLine[] {
  const lines = gateway.logs.split('\n').filter((line) => line.startsWith('{'))
  const parsed = lines.map((line) => JSON.parse(line) as LogLine) // asserted by the test
  return parsed.filter((line) => JSON.stringify(line).includes(words))
}

test('H4: every start of a child is logged with its server, its process and its command, and without its secrets [upstreams/spawn-logged]', async () => {
  await Promise.all([callTool(mine, 'unruly__echo'), callTool(theirs, 'unruly__echo')])
  const pids = (await gateway.children()).map(({ pid }) => pid)
  const lines = await waitUntil('both starts to be logged', () => {
    const all = logged('server process started')
    return all.length >= 2 ? all : undefined
  })
  for (const line of lines) {
    expect(JSON.stringify(line)).toContain('unruly')
    expect(JSON.stringify(line)).toContain(process.execPath)
    // A name that stands twice in a line is read as whichever is last.
    expect(line).toMatchObject({ pid: gateway.pid, serverPid: expect.any(Number) })
  }
  for (const pid of pids)
    expect(lines.some((line) => JSON.stringify(line).includes(`${pid}`))).toBe(true)
  expect(gateway.logs).not.toContain(gateway.token)
})

test('H4: each use of a child is in the audit log, with who used it [record/row]', async () => {
  await callTool(theirs, 'unruly__arguments')
  const { items } = await gateway.json<{ items: { tool: string | null; principal: string }[] }>([
    'audit',
    'list',
  ])
  const row = items.find(({ tool }) => tool?.endsWith('arguments'))
  expect(row).toMatchObject({ principal: 'token:caller-1' })
})

test('H5: arguments reach the child one by one as they stand, and no shell reads them [upstreams/no-shell]', async () => {
  expect(JSON.parse(textOf(await callTool(mine, 'unruly__arguments')))).toEqual(WORDS)
  for (const folder of [gateway.dir, process.cwd()])
    expect(existsSync(join(folder, 'pwned'))).toBe(false)
})

test('H5: a child gets what is allowed and what is its own, and nothing else of the gateway’s [upstreams/environment]', async () => {
  const environment = JSON.parse(textOf(await callTool(mine, 'unruly__environment')))
  expect(environment).toMatchObject({ OWN: 'own', SECRET: gateway.token, HOME: gateway.dir })
  const { SECRET: _own, ...rest } = environment
  const names = Object.keys(rest)
  expect(JSON.stringify(rest)).not.toContain('canary')
  expect(JSON.stringify(rest)).not.toContain(gateway.token)
  expect(JSON.stringify(rest)).not.toContain(MASTER)
  for (const name of ['NODE_OPTIONS', 'LD_LIBRARY_PATH', 'TEST_TOKEN', 'SALLYPORT_MASTER_KEY']) {
    expect(names).not.toContain(name)
  }
})

test('H6, I12: garbage and escape sequences of a child cost nothing, are no error, and reach neither log nor terminal [upstreams/output/garbage] [upstreams/stderr] [observe/log/control-characters]', async () => {
  const answer = await callTool(mine, 'unruly__loud')
  // A client gets what the server said: it is data there, JSON all the way.
  expect(textOf(answer)).toContain('\u001b[2J')
  expect(answer.headers['content-type']).toMatch(/^(application\/json|text\/event-stream)/)
  await waitUntil('the garbage to be logged', () => logged('something else than MCP').length > 0)
  expect(gateway.logs).not.toMatch(CONTROL)
  expect(textOf(await callTool(mine, 'unruly__echo'))).toBe('echo')
  for (const words of [
    ['tools'],
    ['call', 'unruly__loud', '{}'],
    ['call', 'unruly__refuse', '{}'],
    ['servers', 'list'],
  ]) {
    const { stdout, stderr } = await gateway.command(words)
    expect([words, CONTROL.exec(`${stdout}${stderr}`)]).toEqual([words, null])
  }
})

test('H6: a child that crashes ends its call with the outcome unknown, and the next call has a new one [upstreams/lost/outcome] [upstreams/retry/unsent]', async () => {
  const failure = failureOf(await callTool(mine, 'unruly__crash'))
  expect(failure).toMatchObject({ code: 'server_lost', outcome: 'unknown' })
  expect(textOf(await callTool(mine, 'unruly__echo'))).toBe('echo')
  expect(textOf(await callTool(theirs, 'unruly__echo'))).toBe('echo')
})

test('H6: a child that is killed outside of any call is noticed and replaced', async () => {
  const children = await gateway.children()
  const before = logged('server ended by itself').length
  for (const { pid } of children) kill(pid)
  // What is written to it before that may have reached it.
  await waitUntil(
    'each to be missed',
    () => logged('server ended by itself').length === before + children.length,
  )
  expect(textOf(await callTool(mine, 'unruly__echo'))).toBe('echo')
})

test('H8: both listeners answer nobody without a credential, and the socket is its owner’s alone [door/challenge] [store/socket]', async () => {
  for (const url of [gateway.url, `${gateway.data}/sse`, `${gateway.admin}/api/v1/keys`]) {
    for (const method of ['GET', 'POST']) {
      expect([url, (await send(url, { method })).status]).toEqual([url, 401])
    }
  }
  const folder = join(gateway.dir, 'data')
  const sockets = (await readdir(folder)).filter((name) => name.endsWith('.sock'))
  expect(sockets).toHaveLength(1)
  for (const name of await readdir(folder)) {
    const { mode } = await stat(join(folder, name))
    expect([name, mode & 0o077]).toEqual([name, 0])
  }
})

test('H6: a child that ignores the end of its input and SIGTERM is gone when the gateway has stopped [upstreams/stop/stubborn]', async () => {
  expect(textOf(await callTool(mine, 'stubborn__echo'))).toBe('echo')
  const pids = (await gateway.children()).map(({ pid }) => pid)
  expect(pids.length).toBeGreaterThan(0)
  expect(await gateway.stop()).toBe(0)
  for (const pid of pids) expect([pid, await isRunning(pid)]).toEqual([pid, false])
})
