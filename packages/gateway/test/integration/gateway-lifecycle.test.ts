import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { acquireStoreLock } from '@sallyport/kit/store'
import { silentLog } from '@sallyport/kit/log'
import { expect, test, vi } from 'vitest'
import { isAlive } from '../fixtures/upstreams/harness.ts'
import { RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

/** A port of loopback that is in use until disposed. */
async function takePort(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

const refusedConnection = { cause: { code: 'ECONNREFUSED' } }

test('a start that fails at its last step leaves nothing open [command/up/rollback]', async () => {
  await using taken = await takePort()
  const free = await takePort()
  const admin = `127.0.0.1:${free.port}`
  await free[Symbol.asyncDispose]()
  await using gateway = TestGateway.create({
    mcpServers: { one: hostileEntry('echo', { SPAWN_LOG: './spawned' }) },
    config: { listen: `127.0.0.1:${taken.port}`, admin },
  })
  await expect(gateway.restart()).rejects.toMatchObject({ code: 'port_taken' })

  const lock = await acquireStoreLock(gateway.storeFile)
  await lock[Symbol.asyncDispose]()
  expect(existsSync(`${gateway.storeFile}.sock`)).toBe(false)
  await expect(fetch(`http://${admin}/health`)).rejects.toMatchObject(refusedConnection)
  expect(gateway.lines('spawned')).toEqual([])
})

test('after a start that failed the next one succeeds, and makes the first key [command/first-key/failed-start]', async () => {
  const taken = await takePort()
  await using gateway = TestGateway.create({ config: { listen: `127.0.0.1:${taken.port}` } })
  await expect(gateway.restart()).rejects.toMatchObject({ code: 'port_taken' })
  await taken[Symbol.asyncDispose]()
  await gateway.restart()
  expect((await fetch(`${gateway.data}/health`)).status).toBe(200)
  expect(gateway.running.firstKey?.name).toBe('first')
})

test.each(['listen', 'admin'])(
  'an address in use is refused with the key `%s` and a remedy [command/up/fails]',
  async (key) => {
    await using taken = await takePort()
    const address = `127.0.0.1:${taken.port}`
    await using gateway = TestGateway.create({ config: { [key]: address } })
    await expect(gateway.restart()).rejects.toMatchObject({
      code: 'port_taken',
      message: `${key}: ${address} is in use by another process; stop it or choose another port`,
    })
  },
)

test('a lost key file is not made anew: the start is refused until it is back [store/master-key/lost]', async () => {
  await using gateway = await TestGateway.start()
  await gateway.stop()
  const file = `${gateway.storeFile}.key`
  renameSync(file, gateway.path('backup'))
  await expect(gateway.restart()).rejects.toMatchObject({
    code: 'master_key_wrong',
    message: `the key file ${file} is missing: restore it from your backup, or set masterKey`,
  })
  expect(existsSync(file)).toBe(false)
  renameSync(gateway.path('backup'), file)
  await gateway.restart()
  expect((await (await RawClient.open(gateway, 'modern')).list()).status).toBe(200)
})

test('a key file without its store, or with an empty one, is as good as a new one', async () => {
  await using gateway = await TestGateway.start()
  await gateway.stop()
  const key = readFileSync(`${gateway.storeFile}.key`, 'utf8')
  for (const suffix of ['', '-wal', '-shm'])
    rmSync(`${gateway.storeFile}${suffix}`, { force: true })
  await gateway.restart()
  expect(readFileSync(`${gateway.storeFile}.key`, 'utf8')).toBe(key)
  await gateway.stop()
  for (const suffix of ['-wal', '-shm', '.key'])
    rmSync(`${gateway.storeFile}${suffix}`, { force: true })
  writeFileSync(gateway.storeFile, '')
  await gateway.restart()
  expect(existsSync(`${gateway.storeFile}.key`)).toBe(true)
})

test('a key file with another key is refused by its name [store/master-key/wrong]', async () => {
  await using gateway = await TestGateway.start()
  await gateway.stop()
  const file = `${gateway.storeFile}.key`
  writeFileSync(file, `${'ab'.repeat(32)}\n`)
  await expect(gateway.restart()).rejects.toMatchObject({
    code: 'master_key_wrong',
    message: expect.stringContaining(file),
  })
})

test('a second gateway on one store is refused with the pid of the first, which runs on [store/lock]', async () => {
  await using gateway = await TestGateway.start()
  await expect(gateway.another()).rejects.toMatchObject({
    code: 'store_locked',
    message: expect.stringContaining(`pid ${process.pid}`),
  })
  expect((await fetch(`${gateway.data}/health/ready`)).status).toBe(200)
  expect(existsSync(`${gateway.storeFile}.sock`)).toBe(true)
})

test('a key is made on the first start only', async () => {
  await using gateway = await TestGateway.start()
  const first = gateway.running.firstKey
  expect(first?.key).toMatch(/^sp_/)
  await gateway.restart()
  expect(gateway.running.firstKey).toBe(undefined)
  expect((await (await RawClient.open(gateway, 'modern', first?.key)).list()).status).toBe(200)
})

test('a stopping gateway finishes the running call and takes no new connection [upstreams/stop/drain]', async () => {
  await using gateway = await TestGateway.start({
    mcpServers: { one: hostileEntry('sleep,pid', { SPAWN_LOG: './spawned' }) },
  })
  const client = await RawClient.open(gateway, 'legacy')
  const [pid] = [Number(textOf(await client.call('one__pid')))]
  const { data } = gateway
  let stopped = false
  const running = client.call('one__sleep', { ms: 700 })
  await vi.waitFor(() => expect(gateway.auditRows().at(-1)).toMatchObject({ tool: 'sleep' }))
  const stopping = gateway.stop().then(() => {
    stopped = true
  })
  // A connection that was open is answered once more; beyond that there is none.
  const last = await fetch(`${data}/health`).catch(() => undefined)
  expect([503, undefined]).toContain(last?.status)
  await expect(fetch(`${data}/health`)).rejects.toMatchObject(refusedConnection)
  expect(stopped).toBe(false)
  expect(textOf(await running)).toBe('slept')
  await stopping
  expect([isAlive(pid), existsSync(`${gateway.storeFile}.sock`)]).toEqual([false, false])
  expect(gateway.auditRows().at(-1)).toMatchObject({ kind: 'call', tool: 'sleep', outcome: 'ok' })
})

test('a call that outlasts the drain is answered, its effect is unknown, and the log says how many and when it is over [upstreams/stop/deadline]', async () => {
  await using gateway = TestGateway.create({
    mcpServers: { one: hostileEntry('hang,echo') },
    config: { limits: { drainTimeout: '1s' } },
  })
  const logged: [string, unknown][] = []
  gateway.log = { ...silentLog, info: (fields, message) => void logged.push([message, fields]) }
  await gateway.restart()
  const client = await RawClient.open(gateway, 'legacy')
  await client.list()
  const running = client.call('one__hang')
  await vi.waitFor(() => expect(gateway.auditRows().at(-1)).toMatchObject({ tool: 'hang' }))
  // What comes after it on the same pipe is answered: the server has it.
  expect(textOf(await client.call('one__echo'))).toBe('{}')
  await gateway.stop()
  const { status, message } = await running
  expect([status, message.result?._meta?.['dev.sallyport/error']]).toMatchObject([
    200,
    { code: 'shutting_down', outcome: 'unknown', retryable: false },
  ])
  expect(gateway.auditRows().at(-1)).toMatchObject({ code: 'shutting_down', outcome: 'unknown' })
  const tookMs = expect.any(Number)
  expect(logged.slice(-3)).toEqual([
    ['gateway stopping', { drainMs: 1_000, handedOver: false }],
    ['clients let go', { tookMs, shuttingDown: 1 }],
    ['gateway stopped', {}],
  ])
})

test('streams end with their last word when the gateway stops', async () => {
  await using gateway = await TestGateway.start()
  const modern = await RawClient.open(gateway, 'modern')
  const legacy = await RawClient.open(gateway, 'legacy')
  const streams = [await modern.listen(), await legacy.listen()]
  await gateway.stop()
  await Promise.all(streams.map(({ over }) => over))
  expect(streams.map(({ methods }) => methods)).toEqual([
    ['notifications/subscriptions/acknowledged', 'result'],
    [],
  ])
})

test('whoever stops a gateway again waits for the same end', async () => {
  await using gateway = await TestGateway.start({ mcpServers: { one: hostileEntry('sleep') } })
  const { running } = gateway
  const client = await RawClient.open(gateway, 'legacy')
  await client.list()
  const call = client.call('one__sleep', { ms: 300 })
  await vi.waitFor(() => expect(gateway.auditRows().at(-1)).toMatchObject({ tool: 'sleep' }))
  const order: string[] = []
  const first = running[Symbol.asyncDispose]().then(() => order.push('first'))
  const second = running[Symbol.asyncDispose]().then(() => order.push('second'))
  await call
  order.push('answered')
  await Promise.all([first, second])
  expect(order[0]).toBe('answered')
  await running[Symbol.asyncDispose]()
})

test('a legacy session is served on after a restart [wire/session/restart]', async () => {
  await using gateway = await TestGateway.start({ mcpServers: { one: hostileEntry('echo') } })
  const client = await RawClient.open(gateway, 'legacy')
  await client.list()
  await gateway.restart()
  expect(textOf(await client.call('one__echo', { a: 1 }))).toBe('{"a":1}')
})
