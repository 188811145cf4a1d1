import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { operate } from '../fixtures/operator.ts'
import { bareEnvironment } from '../fixtures/run-command.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, listToolNames, textOf } from '../fixtures/wire.ts'

const COMMAND = join(import.meta.dirname, '../../bin/sallyport.js')
const TALKS = `console.error('cannot open /data/index: \\u001b[31mENOSPC'); process.exit(3)`
const BROKEN = { command: process.execPath, args: ['-e', TALKS] }

interface Server {
  readonly name: string
  readonly state: string
  readonly pid: number | null
  readonly inFlight: number
}

/** One server as `servers show` has it. */
async function show(gateway: TestGateway, name: string): Promise<Server> {
  const { printed } = await operate(gateway, 'servers', 'show', name, '--json')
  return JSON.parse(printed) as Server // documented
}

async function readiness(gateway: TestGateway): Promise<number> {
  const { status } = await fetch(`${gateway.data}/health/ready`)
  return status
}

test('servers that do not start say why, in the list, in their logs and when they are started or checked [operate/why] [operate/logs]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { broken: BROKEN } } })
  const started = await gateway.command(['servers', 'start', 'broken'])
  expect(started).toMatchObject({ code: 1, stdout: '' })
  expect(started.stderr).toMatch(
    /^sallyport: broken: .*exited with code 3; see `servers logs broken`\n$/,
  )
  const [list, logs, checked, unknown] = await Promise.all([
    gateway.command(['servers']),
    gateway.command(['servers', 'logs', 'broken']),
    gateway.command(['servers', 'check', 'broken']),
    gateway.command(['servers', 'logs', 'borken']),
  ])
  expect(list.stdout).toMatch(/^broken +stdio +degraded .*exited with code 3$/m)
  expect(logs).toMatchObject({ code: 0, stderr: '' })
  expect(logs.stdout).toMatch(/^\d{4}-[\d-]+T[\d:.]+Z \d+ cannot open \/data\/index: ENOSPC$/m)
  expect(checked.code).toBe(1)
  expect(unknown).toMatchObject({
    code: 1,
    stderr: 'sallyport: there is no server `borken`; did you mean `broken`?\n',
  })
})

test('a server is restarted once its running call is through, and says what it waited for [operate/restart]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { one: stdioServer({}) } } })
  const running = callTool(gateway, 'one__wait', { ms: 2_500 })
  const before = await waitUntil('the call to run', async () => {
    const server = await show(gateway, 'one')
    return server.inFlight === 1 ? server : undefined
  })
  const restarted = await operate(gateway, 'servers', 'restart', 'one')
  expect(textOf(await running)).toBe('waited')
  expect(restarted).toMatchObject({ code: 0 })
  expect(restarted.printed).toMatch(
    /^restarted one: waited [\d.]+ m?s for 1 call; started in .*pid \d+/,
  )
  expect(restarted.noted).toMatch(/^restarting one \.\.\. \(1\.\d s, 1 call in flight\)/)
  const after = await show(gateway, 'one')
  expect(after).toMatchObject({ state: 'ready', inFlight: 0 })
  expect(after.pid).not.toBe(before.pid)

  const checked = await operate(gateway, 'servers', 'check', 'one')
  expect(checked).toMatchObject({ code: 0, printed: expect.stringMatching(/^one: ok \(ping, /) })
  const stopped = await operate(gateway, 'servers', 'stop', 'one')
  expect(stopped.printed).toMatch(/^stopped one: no call was in flight/)
  expect(await gateway.children()).toEqual([])
  expect(textOf(await callTool(gateway, 'one__echo', { message: 'again' }))).toBe('again')
})

test('a blocked server is hidden and refused also after kill -9, and is unblocked while no gateway runs [operate/block] [operate/marks/kept] [operate/marks/anywhere]', async () => {
  const mcpServers = { one: stdioServer({}), two: stdioServer({}) }
  await using gateway = await startGateway({ config: { mcpServers } })
  expect(await listToolNames(gateway)).toContain('one__echo')
  const reason = 'deletes too much'
  const blocked = await operate(gateway, 'servers', 'block', 'one', '--reason', reason)
  expect(blocked).toMatchObject({ code: 0, noted: '' })
  expect(blocked.printed).toMatch(/to undo: \S+ servers unblock one$/)

  const isBlocked = async (): Promise<void> => {
    const tools = await listToolNames(gateway)
    expect(tools).toContain('two__echo')
    expect(tools).not.toContain('one__echo')
    const refused = failureOf(await callTool(gateway, 'one__echo', { message: 'hi' }))
    expect(refused).toMatchObject({ code: 'server_blocked', retryable: false })
    const list = await operate(gateway, 'servers')
    expect(list.printed).toMatch(/^one .* blocked .*blocked by local: deletes too much$/m)
  }
  await isBlocked()
  await gateway.kill9()
  await gateway.restart()
  await isBlocked()

  await gateway.stop()
  expect(await operate(gateway, 'servers', 'unblock', 'on')).toMatchObject({
    code: 1,
    noted: 'sallyport: there is no server `on`; did you mean `one`?',
  })
  expect(await operate(gateway, 'servers', 'list')).toMatchObject({
    code: 1,
    noted: expect.stringContaining('no gateway runs on'),
  })
  expect(await operate(gateway, 'servers', 'unblock', 'one')).toMatchObject({
    code: 0,
    printed: 'one is no longer blocked',
  })
  await gateway.restart()
  expect(textOf(await callTool(gateway, 'one__echo', { message: 'hi' }))).toBe('hi')
})

test('a drained gateway is not ready, lets calls finish and refuses others with a time to retry, until it is told otherwise [operate/drain]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { one: stdioServer({}) } } })
  const running = callTool(gateway, 'one__wait', { ms: 2_500 })
  await waitUntil('the call to run', async () => (await show(gateway, 'one')).inFlight === 1)
  const drained = await operate(gateway, 'drain', '--reason', 'kernel update')
  expect(drained.printed).toMatch(
    /^draining the gateway: it is not ready and new calls are refused; 1 call in flight may finish\nto undo: \S+ drain --off$/,
  )
  expect(await readiness(gateway)).toBe(503)
  expect(await operate(gateway, 'health')).toMatchObject({
    code: 1,
    printed: 'not ready: an operator drains it (kernel update); `drain --off` ends that',
  })
  const refused = failureOf(await callTool(gateway, 'one__echo', { message: 'hi' }))
  expect(refused).toMatchObject({ code: 'server_draining', retryAfterMs: 5_000 })
  expect(textOf(await running)).toBe('waited')

  await gateway.stop()
  await gateway.restart()
  expect(await readiness(gateway)).toBe(503)
  const off = await operate(gateway, 'drain', '--off')
  expect(off).toMatchObject({ code: 0, printed: 'the gateway is no longer draining' })
  expect(await readiness(gateway)).toBe(200)
  expect(textOf(await callTool(gateway, 'one__echo', { message: 'hi' }))).toBe('hi')

  await operate(gateway, 'drain', '--server', 'one')
  expect(await readiness(gateway)).toBe(200)
  expect(failureOf(await callTool(gateway, 'one__echo', { message: 'hi' }))).toMatchObject({
    code: 'server_draining',
  })
})

test('a file that somebody has broken is told apart from the gateway that still runs on it [operate/broken-file]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { one: stdioServer({}) } } })
  const good = await readFile(gateway.configFile, 'utf8')
  await writeFile(gateway.configFile, good.replace('"mcpServers"', '"mcpServer"'))
  const problem = /^error: \S+sallyport\.yaml:\d+:3 mcpServer: .*`mcpServers`.*\n/
  const [diff, reload, servers] = await Promise.all([
    operate(gateway, 'config', 'diff'),
    operate(gateway, 'config', 'reload'),
    operate(gateway, 'servers'),
  ])
  expect(diff).toMatchObject({ code: 2, printed: expect.stringMatching(problem) })
  expect(reload).toMatchObject({ code: 2, printed: expect.stringMatching(problem) })
  expect(reload.printed).toMatch(/\nthe file is refused: nothing has changed$/)
  expect(servers).toMatchObject({ code: 0, printed: expect.stringMatching(/^one /m) })

  // Not even YAML any more.
  await writeFile(gateway.configFile, good.replace('"auth"', '{ "auth"'))
  const history = await operate(gateway, 'config', 'history')
  expect(history).toMatchObject({ code: 0, printed: expect.stringMatching(/^1 +now /m) })
  expect(history.noted).toMatch(
    /^the last reload \(.*\) was refused for \d problems?: see `config diff`$/,
  )
  expect((await operate(gateway, 'validate')).code).toBe(2)
})

test('a configuration is compared, brought into force and taken back, and the file is said to differ then [operate/rollback]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { one: stdioServer({}) } } })
  const config = JSON.parse(await readFile(gateway.configFile, 'utf8'))
  config.mcpServers.two = stdioServer({})
  await writeFile(gateway.configFile, JSON.stringify(config, null, 2))
  await waitUntil('the file to be in force', () => gateway.logs.includes('configuration in force'))
  const reload = await operate(gateway, 'config', 'reload')
  expect(reload.printed).toBe('generation 2 stays in force: nothing differs')
  expect(await listToolNames(gateway)).toContain('two__echo')
  const back = await operate(gateway, 'config', 'rollback')
  expect(back).toMatchObject({
    code: 0,
    noted: expect.stringContaining('the file still says otherwise'),
  })
  expect(back.printed).toMatch(
    /^generation 3 is in force: it is 1 again\n  removed, after its calls: two\n  untouched: one$/,
  )
  expect(await listToolNames(gateway)).not.toContain('two__echo')
  const diff = await operate(gateway, 'config', 'diff')
  expect(diff).toMatchObject({
    code: 0,
    printed: expect.stringMatching(/^added: mcpServers\.two\b/),
  })
  const history = await operate(gateway, 'config', 'history', '--json')
  expect(JSON.parse(history.printed).items).toMatchObject([
    { id: 3, cause: 'rollback', by: 'local', current: true },
    { id: 2, current: false },
    { id: 1, cause: 'start' },
  ])
  const shown = await operate(gateway, 'config', 'show', '2')
  expect(shown.printed).toContain('two:')
  expect(shown.printed).not.toContain(gateway.token)
  expect(await operate(gateway, 'config', 'rollback', '9')).toMatchObject({ code: 1, printed: '' })
})

test('logs are followed until Ctrl-C, and each line comes once [operate/logs]', async () => {
  const script = `let n = 0; setInterval(() => console.error('line ' + ++n), 100)`
  const chatty = { command: process.execPath, args: ['-e', script] }
  await using gateway = await startGateway({ config: { mcpServers: { chatty } } })
  const starting = operate(gateway, 'servers', 'start', 'chatty')
  const args = [COMMAND, 'servers', 'logs', 'chatty', '--follow', '--config', gateway.configFile]
  const env = { ...bareEnvironment(), HOME: gateway.dir, TEST_TOKEN: gateway.token }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await waitUntil('lines of two polls', () => text.includes('line 25\n'))
  child.kill('SIGINT')
  const [code] = await once(child, 'close')
  expect(code).toBe(0)
  const numbers = [...text.matchAll(/ line (\d+)\n/g)].map(([, number]) => Number(number))
  expect(numbers).toEqual(numbers.map((_number, at) => at + (numbers[0] ?? 0)))
  await gateway.stop()
  await starting
})
