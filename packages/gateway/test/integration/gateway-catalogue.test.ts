import { expect, test, vi } from 'vitest'
import { isAlive } from '../fixtures/upstreams/harness.ts'
import { namesOf, RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const CHANGED = 'notifications/tools/list_changed'

test('a server that hangs delays the list by five seconds, once; its tools are announced when it comes up [tools/list/patience]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: {
      quick: hostileEntry('echo'),
      slow: hostileEntry('echo', { START_DELAY_MS: '7000' }),
    },
  })
  const modern = await RawClient.open(gateway, 'modern')
  const legacy = await RawClient.open(gateway, 'legacy')
  const streams = [await modern.listen(), await legacy.listen()]

  const startedMs = performance.now()
  const partial = await Promise.all([modern.list(), legacy.list()])
  const tookMs = performance.now() - startedMs
  expect(tookMs).toBeGreaterThan(4_500)
  expect(tookMs).toBeLessThan(6_500)
  for (const list of partial) {
    expect(namesOf(list)).toEqual(['quick__echo'])
    expect(list.message.result?._meta?.['dev.sallyport/sources']).toMatchObject([
      { server: 'quick', state: 'ready', tools: 1, at: expect.any(String) },
      { server: 'slow', state: 'starting', tools: 0, at: null },
    ])
  }
  const againMs = performance.now()
  expect(namesOf(await modern.list())).toEqual(['quick__echo'])
  expect(performance.now() - againMs).toBeLessThan(500)

  const heard = streams.map(({ methods }) => methods.filter((name) => name === CHANGED).length)
  await vi.waitFor(
    () => {
      const now = streams.map(({ methods }) => methods.filter((name) => name === CHANGED).length)
      expect(now).toEqual(heard.map((count) => count + 1))
    },
    { timeout: 15_000, interval: 50 },
  )
  expect(namesOf(await legacy.list())).toEqual(['quick__echo', 'slow__echo'])
})

test('after a restart the list comes from the store, and no server is started for it [tools/list/stored]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { one: hostileEntry('echo,pid', { SPAWN_LOG: './spawned' }) },
  })
  const before = await (await RawClient.open(gateway, 'modern')).list()
  const spawned = gateway.lines('spawned')
  expect(spawned).toHaveLength(1)
  await gateway.restart()
  const client = await RawClient.open(gateway, 'modern')
  const after = await client.list()
  expect(after.message.result?.tools).toEqual(before.message.result?.tools)
  expect(after.message.result?._meta?.['dev.sallyport/sources']).toMatchObject([
    { server: 'one', state: 'cold', tools: 2 },
  ])
  expect(gateway.lines('spawned')).toEqual(spawned)
  expect(spawned.map((pid) => isAlive(Number(pid)))).toEqual([false])
  expect(textOf(await client.call('one__pid'))).toMatch(/^\d+$/)
})

test('what another configuration listed is forgotten', async () => {
  const one = hostileEntry('echo')
  await using gateway = await TestGateway.start({ mcpServers: { one } })
  await (await RawClient.open(gateway, 'modern')).list()
  gateway.configure({ mcpServers: { one: { ...one, cwd: '/' } } })
  await gateway.restart()
  const list = await (await RawClient.open(gateway, 'modern')).list()
  expect(list.message.result?._meta?.['dev.sallyport/sources']).toMatchObject([{ state: 'ready' }])
})

test('a server that changes its tools is heard of once, and one that loses them all is degraded [tools/list/changed] [tools/list/never-empty]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { one: hostileEntry('echo,retool'), two: hostileEntry('echo') },
  })
  const client = await RawClient.open(gateway, 'legacy')
  await client.list()
  const one = await RawClient.open(gateway, 'legacy', gateway.key, 'one')
  const whole = await client.listen()
  const retool = (tools: string) => client.call('one__retool', { tools })
  await retool('echo,retool,pid')
  await vi.waitFor(() => expect(whole.methods).toEqual([CHANGED]), 10_000)
  expect(namesOf(await one.list({}, 'one'))).toEqual(['echo', 'pid', 'retool'])
  await retool('')
  await vi.waitFor(
    async () => {
      const list = await one.list({}, 'one')
      expect(namesOf(list)).toEqual(['echo', 'pid', 'retool'])
      expect(list.message.result?._meta?.['dev.sallyport/sources']).toMatchObject([
        { state: 'degraded', tools: 3 },
      ])
    },
    { timeout: 10_000, interval: 50 },
  )
  expect(whole.methods).toEqual([CHANGED])
})

test('a list of more tools than a page is read page by page, by its own caller only [tools/list/pages] [tools/list/cursor]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { one: hostileEntry('a,b,c,d,e') },
    config: { limits: { listTools: 2 } },
  })
  const client = await RawClient.open(gateway, 'modern')
  const first = await client.list()
  const cursor = first.message.result?.['nextCursor']
  expect(namesOf(first)).toEqual(['one__a', 'one__b'])
  expect(namesOf(await client.list({ cursor }))).toEqual(['one__c', 'one__d'])
  const bob = await RawClient.open(gateway, 'modern', await gateway.createKey('bob'))
  await vi.waitFor(async () => expect((await bob.list()).status).toBe(200), 5_000)
  expect((await bob.list({ cursor })).message.error).toEqual({
    code: -32602,
    message: 'Invalid cursor',
  })
})
