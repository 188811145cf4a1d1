import { expect, test } from 'vitest'
import { TestGateway } from '../fixtures/gateway.ts'
import { isRunning } from '../fixtures/processes.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import {
  type Json,
  launchOf,
  modernRequest as modern,
  StdioClient,
  toolCall as call,
} from '../fixtures/stdio-client.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const CHANGED = 'notifications/tools/list_changed'

const create = (): Promise<TestGateway> =>
  TestGateway.create({ config: { mcpServers: { own: stdioServer() } } })

async function echo(client: StdioClient, id: string): Promise<Json> {
  client.send(call(id, 'own__echo', { message: id }))
  return client.answer(id)
}
const echoed = (id: string): object => ({ id, result: { content: [{ text: id }] } })

async function isDraining(gateway: TestGateway): Promise<boolean> {
  const { stdout } = await gateway.command(['health'])
  return stdout.startsWith('not ready')
}

/** How many processes run the server behind the gateway. */
async function servers(gateway: TestGateway): Promise<number> {
  const all = await gateway.children()
  return all.filter(({ command }) => command.includes('stdio-server')).length
}

test('clients launched at the same moment share one gateway, and each may end first [command/stdio/shares] [command/stdio/stays]', async () => {
  await using gateway = await create()
  await using a = new StdioClient(launchOf(gateway))
  await using b = new StdioClient(launchOf(gateway))
  await using c = new StdioClient(launchOf(gateway))
  const clients = [a, b, c]
  await Promise.all(clients.map((client) => client.initialize()))
  for (const client of clients) expect(await echo(client, 'one')).toMatchObject(echoed('one'))
  expect(await servers(gateway)).toBe(1)
  for (const left of [[b, c], [c], []]) {
    clients
      .find((client) => !left.includes(client) && !client.child.stdin.writableEnded)
      ?.child.stdin.end()
    for (const client of left) {
      expect(await echo(client, `${left.length}`)).toMatchObject(echoed(`${left.length}`))
    }
  }
  expect(await Promise.all(clients.map(({ ended }) => ended))).toEqual([0, 0, 0])
  expect(clients.map(({ stderr }) => stderr)).toEqual(['', '', ''])
  expect(await gateway.children()).toEqual([])
})

test('a client uses the gateway that runs, and goes on by itself when that stops [command/stdio/shares] [command/stdio/takes-over]', async () => {
  await using gateway = await create()
  await gateway.restart()
  await using client = new StdioClient(launchOf(gateway))
  await client.initialize()
  expect(await echo(client, 'a')).toMatchObject(echoed('a'))
  expect(await servers(gateway)).toBe(1)
  expect(await gateway.stop()).toBe(0)
  expect(await echo(client, 'b')).toMatchObject(echoed('b'))
  expect((await client.finish()).code).toBe(0)
})

test('a stop of the first client’s process answers what the others have in flight, and they go on [command/stdio/takes-over]', async () => {
  await using gateway = await create()
  await using first = new StdioClient(launchOf(gateway))
  await first.initialize()
  await using second = new StdioClient(launchOf(gateway))
  await second.initialize()
  second.send(call(1, 'own__wait', { ms: 3_000 }))
  expect(await echo(second, 'before')).toMatchObject(echoed('before'))
  first.child.kill('SIGTERM')
  const { pid } = first
  await waitUntil('the end of its gateway to begin', () => isDraining(gateway))
  second.send(call(2, 'own__echo', { message: 'meanwhile' }))
  expect(await isRunning(pid)).toBe(true)
  expect(await second.answer(1)).toMatchObject({ result: { content: [{ text: 'waited' }] } })
  expect(await second.answer(2)).toMatchObject({ result: { content: [{ text: 'meanwhile' }] } })
  expect(await first.ended).toBe(0)
  expect(await echo(second, 'after')).toMatchObject(echoed('after'))
  expect((await second.finish()).code).toBe(0)
  expect(await gateway.children()).toEqual([])
})

test('kill -9 of the first client’s process: the others keep their sessions, calls that may have acted are answered as unknown, the rest is asked again [command/stdio/takes-over]', async () => {
  await using gateway = await create()
  await using first = new StdioClient(launchOf(gateway))
  await first.initialize()
  await using legacy = new StdioClient(launchOf(gateway))
  await legacy.initialize()
  await using other = new StdioClient(launchOf(gateway))
  other.send(modern('d', 'server/discover'))
  await other.answer('d')
  const listen = modern('l', 'subscriptions/listen', { notifications: { toolsListChanged: true } })
  other.send(listen)
  await other.find(({ method }) => method === 'notifications/subscriptions/acknowledged')
  legacy.send(call('wait', 'own__wait'))
  expect(await echo(legacy, 'before')).toMatchObject(echoed('before'))
  first.child.kill('SIGKILL')
  legacy.send({ jsonrpc: '2.0', id: 'list', method: 'tools/list' })
  const lost = { code: -31_000, data: { code: 'server_lost', outcome: 'unknown' } }
  const answers = await Promise.all([legacy.answer('wait'), other.answer('l')])
  expect(answers).toMatchObject([{ error: lost }, { error: lost }])
  expect(await legacy.answer('list')).toMatchObject({ result: { tools: expect.any(Array) } })
  expect(await echo(legacy, 'after')).toMatchObject(echoed('after'))
  // The session that goes on still hears of changes, and so does a listen that is begun again.
  other.send(listen)
  await other.find(({ method }) => method === 'notifications/subscriptions/acknowledged')
  legacy.send(call('grow', 'own__grow'))
  await legacy.find(({ method }) => method === CHANGED)
  await other.find(({ method }) => method === CHANGED)
  for (const client of [legacy, other]) client.child.stdin.end()
  expect(await Promise.all([legacy.ended, other.ended])).toEqual([0, 0])
  await waitUntil('every process to end', async () => (await gateway.children()).length === 0)
})

test('a client’s end with a kill leaves the gateway of its process to nobody [command/stdio/no-port]', async () => {
  await using gateway = await create()
  await using client = new StdioClient(launchOf(gateway))
  await client.initialize()
  await echo(client, 'a')
  client.child.kill('SIGKILL')
  await client.ended
  await waitUntil('the server to end', async () => (await gateway.children()).length === 0)
  expect(await isRunning(client.pid)).toBe(false)
})

test('another gateway of the same store is refused with the pid of the client’s process', async () => {
  await using gateway = await create()
  await using client = new StdioClient(launchOf(gateway))
  await client.initialize()
  await expect(gateway.restart()).rejects.toThrow(`pid ${client.pid}`)
  expect((await client.finish()).code).toBe(0)
})
