import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, listToolNames, textOf } from '../fixtures/wire.ts'

/** Writes the configuration as an editor does: beside it, then in its place. */
async function edit(gateway: TestGateway, change: (config: Config) => void): Promise<void> {
  const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as Config // as the fixture wrote it
  change(config)
  await writeFile(`${gateway.configFile}.new`, JSON.stringify(config, null, 2))
  await rename(`${gateway.configFile}.new`, gateway.configFile)
}

interface Config {
  mcpServers: Record<string, object>
  [key: string]: unknown
}

const logged = (gateway: TestGateway, text: string): Promise<boolean> =>
  waitUntil(`the log to say ${text}`, async () => gateway.logs.includes(text))

test('a changed file is in force by itself, while a call of an unchanged server goes on [reload/causes] [reload/kept]', async () => {
  const one = stdioServer({ EVENTS_FILE: './events' })
  await using gateway = await startGateway({ config: { mcpServers: { one } } })
  const running = callTool(gateway, 'one__wait', { ms: 3_000 })
  await waitUntil('the server to run', async () => (await gateway.children()).length === 1)
  const [before] = await gateway.children()
  await edit(gateway, ({ mcpServers }) => void (mcpServers['two'] = stdioServer({})))
  await logged(gateway, 'configuration in force')
  expect(textOf(await callTool(gateway, 'two__echo', { message: 'hi' }))).toBe('hi')
  expect(textOf(await running)).toBe('waited')
  expect((await gateway.children()).map(({ pid }) => pid)).toContain(before?.pid)
})

test('a file that is broken is told with line and column, changes nothing, and the next good one counts [reload/broken]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { one: stdioServer({}) } } })
  const good = await readFile(gateway.configFile, 'utf8')
  await writeFile(gateway.configFile, good.replace('"mcpServers"', '"mcpServer"'))
  await logged(gateway, 'configuration refused')
  const line = gateway.logs.split('\n').find((one) => one.includes('configuration refused'))
  expect(JSON.parse(line ?? '')).toMatchObject({
    path: 'mcpServer',
    line: expect.any(Number),
    column: 3,
    remedy: expect.stringContaining('mcpServers'),
  })
  expect(await listToolNames(gateway)).toContain('one__echo')
  await writeFile(gateway.configFile, good.replace('"one"', '"two"'))
  await logged(gateway, 'configuration in force')
  expect(await listToolNames(gateway)).toContain('two__echo')
})

test('SIGHUP without a terminal reads what the file refers to, and stops nothing [reload/causes]', async () => {
  const env = { EVENTS_FILE: './events', NOTE: '${file:./note}' }
  await using gateway = await startGateway({ config: {} })
  await writeFile(join(gateway.dir, 'note'), 'first')
  await edit(gateway, ({ mcpServers }) => void (mcpServers['one'] = stdioServer(env)))
  await logged(gateway, 'configuration in force')
  const note = async (): Promise<unknown> =>
    JSON.parse(textOf(await callTool(gateway, 'one__environment')))['NOTE']
  expect(await note()).toBe('first')
  await writeFile(join(gateway.dir, 'note'), 'second')
  process.kill(gateway.pid, 'SIGHUP')
  await waitUntil('the server to have the new value', async () => (await note()) === 'second')
  expect(gateway.logs).toContain('"cause":"signal"')
  expect(await gateway.stop()).toBe(0)
})
