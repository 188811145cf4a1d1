import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EVERYTHING } from '../fixtures/everything.ts'
import { startGateway, TestGateway } from '../fixtures/gateway.ts'
import { bareEnvironment, runCommand, type CommandResult } from '../fixtures/run-command.ts'
import { startModernServer } from '../fixtures/servers/modern-server.ts'

const COMMAND = join(import.meta.dirname, '../../bin/sallyport.js')
const CONFIG = { mcpServers: { everything: EVERYTHING } }

function sallyport(
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; stdin?: string } = {},
): Promise<CommandResult> {
  return runCommand(process.execPath, [COMMAND, ...args], {
    ...options,
    env: { ...bareEnvironment(), ...options.env },
  })
}

interface KeyRow {
  readonly id: string
  readonly name: string
  readonly revokedAt: string | null
}

test('the same key commands work on a stopped gateway and on a running one [command/keys/anywhere]', async () => {
  await using gateway = await TestGateway.create()
  const made = await gateway.json<{ id: string; name: string; key: string }>([
    'keys',
    'create',
    'early',
    '--expires',
    '30d',
  ])
  expect(made).toEqual({
    id: expect.stringMatching(/^[a-z2-7]{8}$/),
    name: 'early',
    key: expect.stringMatching(new RegExp(`^sp_${made.id}_[A-Za-z0-9_-]{49}$`)),
  })

  await gateway.restart()
  const late = await gateway.json<{ key: string }>(['keys', 'create', 'late', '--role', 'admin'])
  for (const { key } of [made, late]) {
    const seen = await sallyport(['tools', '--url', gateway.data], { env: { SALLYPORT_KEY: key } })
    expect(seen).toMatchObject({ code: 0, stdout: expect.stringContaining('name') })
  }

  expect((await gateway.command(['keys', 'revoke', 'early'])).code).toBe(0)
  expect((await gateway.command(['keys', 'revoke', 'early'])).code).toBe(1)
  const refused = await sallyport(['tools', '--url', gateway.data], {
    env: { SALLYPORT_KEY: made.key },
  })
  expect(refused).toMatchObject({ code: 1, stdout: '' })

  await gateway.stop()
  const { items } = await gateway.json<{ items: KeyRow[] }>(['keys', 'list'])
  expect(items.map(({ name, revokedAt }) => [name, revokedAt !== null])).toEqual([
    ['early', true],
    ['late', false],
  ])
})

test('a key made by one gateway is taken over by another, from stdin or a file, never by argument [command/keys/given]', async () => {
  await using gateway = await startGateway()
  await using other = await startGateway()
  const key = await gateway.createKey('shared')
  const file = join(other.dir, 'key')
  await writeFile(file, `${key}\n`)
  const bad = await other.command(['keys', 'create', 'x', '--key-stdin'], `${key.slice(0, -1)}!`)
  expect(bad).toMatchObject({ code: 2, stdout: '' })
  expect(bad.stderr).not.toContain(key.slice(12, -1))
  expect((await other.command(['keys', 'create', 'one', '--key-stdin'], key)).code).toBe(0)
  const seen = await sallyport(['tools', '--url', other.url, '--key-file', file])
  expect(seen).toMatchObject({ code: 0 })
  const listed = await sallyport(['tools', '--url', other.url, '--key-stdin'], { stdin: key })
  expect(listed).toMatchObject({ code: 0 })
})

test('tools and call see what a client sees; call ends with 1 when the tool reports an error [command/call]', async () => {
  await using gateway = await startGateway({ config: CONFIG })
  const tools = await gateway.json<{ items: { name: string }[] }>(['tools'])
  expect(tools.items.map(({ name }) => name)).toContain('everything__echo')
  const echo = await gateway.command(['call', 'everything__echo', '{"message":"hi"}'])
  expect(echo).toMatchObject({ code: 0, stdout: 'Echo: hi\n', stderr: '' })
  const raw = await gateway.command(['call', 'everything__echo', '-', '--json'], '{"message":"1"}')
  expect(JSON.parse(raw.stdout)).toMatchObject({ content: [{ type: 'text', text: 'Echo: 1' }] })

  const faulty = await gateway.command(['call', 'everything__echo', '{"message":5}'])
  expect(faulty).toMatchObject({ code: 1, stdout: expect.stringContaining('Invalid') })
  const unknown = await gateway.command(['call', 'everything__nope', '{}'])
  expect(unknown).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('-32602') })
})

test('tools says which servers its list is missing, on stderr and as JSON [command/tools/partial]', async () => {
  const broken = { command: process.execPath, args: ['-e', 'process.exit(3)'] }
  await using gateway = await startGateway({
    config: { mcpServers: { ...CONFIG.mcpServers, broken } },
  })
  const { code, stdout, stderr } = await gateway.command(['tools'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('everything__echo') })
  expect(stderr).toMatch(
    /^broken is \w+: none of its tools are in the list\nthe list is partial: see `sallyport servers` .*\n$/,
  )
  const listed = await gateway.json<{ sources: object[] }>(['tools'])
  expect(listed.sources).toMatchObject([
    { server: 'broken', tools: 0, at: null },
    { server: 'everything', state: 'ready' },
  ])

  await using alone = await startGateway({ config: { mcpServers: { broken } } })
  const none = await alone.command(['tools'])
  expect(none).toMatchObject({ code: 0, stdout: 'name  description\n' })
  expect(none.stderr).toMatch(/^broken is \w+: none of .*\nno tools: see `sallyport servers`/)
})

test('audit list finds calls by the tool name that clients see and prints it, on a stopped gateway too [record/list/tool]', async () => {
  await using gateway = await startGateway({ config: CONFIG })
  await gateway.command(['call', 'everything__echo', '{"message":"hi"}'])
  await gateway.command(['call', 'everything__nope', '{}'])
  const found = async (tool: string): Promise<unknown[]> => {
    const list = await gateway.json<{ items: object[] }>(['audit', 'list', '--tool', tool])
    return list.items
  }
  const check = async (): Promise<void> => {
    expect(await found('everything__echo')).toMatchObject([
      { kind: 'call', server: 'everything', tool: 'echo' },
      { kind: 'intent', server: 'everything', tool: 'echo' },
    ])
    expect(await found('everything__nope')).toMatchObject([{ outcome: 'refused', server: null }])
    expect(await found('everything__absent')).toEqual([])
    const table = await gateway.command(['audit', 'list', '--tool', 'everything__echo'])
    expect(table.stdout.match(/ everything__echo /g)).toHaveLength(2)
    expect(await gateway.command(['audit', 'list', '--tool', 'absent'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'no rows match\n',
    })
  }
  await check()
  await gateway.stop()
  await check()
  expect((await gateway.command(['audit', 'verify'])).stdout).toBe('3 rows of 1 writer: unbroken\n')
})

test('call repeats arguments as headers where the tool of a modern server wants that', async () => {
  await using server = await startModernServer()
  await using gateway = await startGateway({
    config: { mcpServers: { routes: { url: server.url } } },
  })
  const called = await gateway.command(['call', 'routes__route', '{"region":"nörd","count":7}'])
  expect(called).toMatchObject({ code: 0, stdout: '{"region":"nörd","count":7}\n' })
})

test('what a server sends reaches the terminal without control characters [command/control-characters]', async () => {
  await using gateway = await startGateway({ config: CONFIG })
  const message = JSON.stringify({ message: '\u001b[31mred\u001b[0m\u0007 a\nb' })
  const { stdout } = await gateway.command(['call', 'everything__echo', message])
  expect(stdout).toBe('Echo: red a\nb\n')
})

test('servers, audit and health tell of the running gateway, and are typed as JSON [command/lists]', async () => {
  await using gateway = await startGateway({ config: CONFIG })
  await gateway.command(['call', 'everything__echo', '{"message":"hi"}'])
  const servers = await gateway.json<{ items: unknown[] }>(['servers'])
  expect(servers.items).toEqual([
    expect.objectContaining({ name: 'everything', kind: 'stdio', state: 'ready', inFlight: 0 }),
  ])
  expect(await gateway.json(['servers', 'list'])).toEqual(servers)
  const audit = await gateway.json<{ items: { method: string; outcome: string }[] }>([
    'audit',
    'list',
    '--since',
    '1h',
    '--outcome',
    'ok',
    '--limit',
    '1',
  ])
  expect(audit.items).toMatchObject([{ method: 'tools/call', outcome: 'ok' }])
  expect(await gateway.json(['audit', 'verify'])).toMatchObject({ ok: true, writers: 1 })
  expect(await gateway.command(['health'])).toMatchObject({ code: 0, stdout: 'ready\n' })
  expect(await sallyport(['health', '--url', gateway.data])).toMatchObject({ code: 0 })
  await gateway.stop()
  expect(await gateway.command(['health'])).toMatchObject({ code: 1, stdout: '' })
  expect(await gateway.command(['servers'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^sallyport: no gateway runs on /),
  })
  expect(await gateway.json(['audit', 'verify'])).toMatchObject({ ok: true, writers: 1 })
})

test('a second gateway on one store is refused with the pid of the first [store/lock]', async () => {
  await using gateway = await startGateway()
  const second = await gateway.command(['up'])
  expect(second).toMatchObject({ code: 1, stdout: '' })
  expect(second.stderr).toContain(String(gateway.pid))
})

test('validate prints every problem with its place and ends with 2 [command/validate]', async () => {
  await using gateway = await TestGateway.create()
  await writeFile(gateway.configFile, 'listen: nowhere\nmcpServers:\n  a: { comand: x }\n')
  const { code, stdout } = await gateway.command(['validate', '--json'])
  const report = JSON.parse(stdout) as { ok: boolean; file: string; problems: { line: number }[] } // documented
  expect(code).toBe(2)
  expect(report).toMatchObject({ ok: false, file: gateway.configFile })
  expect(report.problems.map(({ line }) => line)).toEqual(expect.arrayContaining([1, 3]))
  const text = await gateway.command(['validate'])
  expect(text.stdout).toContain(`${gateway.configFile}:1:`)
  expect(text.stdout).toContain('did you mean')
})

test('validate --connect starts each server once, names the one that does not start, leaves none [command/validate/connect]', async () => {
  await using gateway = await TestGateway.create({
    config: {
      mcpServers: {
        ...CONFIG.mcpServers,
        broken: { command: process.execPath, args: ['-e', 'process.exit(3)'] },
      },
    },
  })
  const { code, stdout } = await gateway.command(['validate', '--connect', '--json'])
  expect(code).toBe(2)
  const { problems } = JSON.parse(stdout) as { problems: { path: string }[] } // documented
  expect(problems.map(({ path }) => path)).toEqual(['mcpServers.broken'])
  expect(await gateway.children()).toEqual([])
})

test('up --plan lists what a start would do to the store and changes nothing [command/up/plan] [store/migrate/plan]', async () => {
  await using gateway = await TestGateway.create()
  const before = await gateway.json<{ isNew: boolean; items: unknown[] }>(['up', '--plan'])
  expect(before.isNew).toBe(true)
  expect(before.items.length).toBeGreaterThan(0)
  const { stdout } = await runCommand('ls', [gateway.dir])
  expect(stdout.trim()).toBe('sallyport.yaml')
  await gateway.restart()
  expect(await gateway.json(['up', '--plan'])).toEqual({ isNew: false, items: [] })
})

test('a reader that goes away ends a listing quietly', async () => {
  await using gateway = await startGateway({ config: CONFIG })
  const words = `${process.execPath} ${COMMAND} tools --json --config ${gateway.configFile}`
  const { code, stderr } = await runCommand(
    'bash',
    ['-c', `${words} | true; echo \${PIPESTATUS[0]} >&2`],
    {
      env: { ...bareEnvironment(), HOME: gateway.dir, TEST_TOKEN: gateway.token },
    },
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '0\n' })
})
