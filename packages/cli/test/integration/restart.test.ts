import { expect, test } from 'vitest'
import { Load } from '../fixtures/load.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { StdioClient, launchOf, toolCall } from '../fixtures/stdio-client.ts'
import { Supervised } from '../fixtures/supervised.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const CONFIG = {
  limits: { perPrincipal: { rate: '100000/s', burst: 100_000, writes: { daily: 1_000_000 } } },
  mcpServers: { own: stdioServer() },
}

test('a restart on the sockets of the parent refuses no connection and fails no call: what arrives meanwhile waits [handover/systemd] [handover/sessions]', async () => {
  await using supervised = await Supervised.start({ config: CONFIG })
  await using load = new Load()
  const { target } = supervised
  load.keepAlive(target, 'own__echo', 6)
  load.connecting(target, 'own__echo', 2)
  await load.sessions(target, 'own__echo', 2)
  await load.sdk(target, 'own__echo', 2)
  for (let round = 0; round < 2; round += 1) {
    const before = load.answered
    await waitUntil('some calls', () => load.answered > before + 100)
    await supervised.restart()
  }
  const last = load.answered
  await waitUntil('calls to the last', () => load.answered > last + 100)
  await load.stop()
  expect(load.failures).toEqual([])
}, 60_000)

test('a client over the local socket goes on through a handover and a restart [handover/stdio]', async () => {
  await using supervised = await Supervised.start({ config: CONFIG })
  await using client = new StdioClient(launchOf(supervised.files))
  await client.initialize()
  const call = async (id: string): Promise<void> => {
    client.send(toolCall(id, 'own__echo', { message: id }))
    expect(await client.answer(id)).toMatchObject({ result: { content: [{ text: id }] } })
  }
  await call('before')
  await supervised.handOver()
  await call('between')
  await supervised.restart()
  await call('after')
  expect(client.child.exitCode).toBeNull()
})
