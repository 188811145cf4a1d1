import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { type SecretsRotated, secretsRotated } from '@sallyport/contract/admin'
import { callSocket, socketPathOf } from '@sallyport/kit/lifecycle'
import { createLog } from '@sallyport/kit/log'
import { expect, onTestFinished, test } from 'vitest'
import { RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway, type TestGatewayOptions } from '../fixtures/test-gateway.ts'

const A = 'a1b2c3d4e5f60718'.repeat(4)
const B = '18f7e6d5c4b3a290'.repeat(4)

async function start(options: TestGatewayOptions): Promise<TestGateway> {
  const gateway = await TestGateway.start(options)
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

const SERVERS = { one: hostileEntry('echo') }

async function rotate(gateway: TestGateway): Promise<SecretsRotated> {
  const path = socketPathOf(gateway.storeFile)
  const asked = { path, method: 'POST', url: '/api/v1/secrets/rotate' } as const
  return secretsRotated.parse(await callSocket({ ...asked, signal: AbortSignal.timeout(20_000) }))
}

const keyFile = (gateway: TestGateway): string => readFileSync(`${gateway.storeFile}.key`, 'utf8')

test('a rotation replaces key file and data key while sessions live on, and the store starts with the new file alone [secrets/master/file] [secrets/data/rotated]', async () => {
  const gateway = await start({ mcpServers: SERVERS })
  const client = await RawClient.open(gateway, 'legacy')
  const before = keyFile(gateway)
  const report = await rotate(gateway)
  expect(report.masterKey).toMatchObject({ source: 'file', rotated: true })
  expect(report.dataKey).toMatchObject({ keys: 2, dropped: [] })
  expect(report.rows.map(({ resealed, unreadable }) => [resealed, unreadable])).toEqual([
    [1, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ])
  const after = keyFile(gateway)
  expect([
    after === before,
    after.length,
    statSync(`${gateway.storeFile}.key`).mode & 0o777,
  ]).toEqual([false, 65, 0o600])
  expect(textOf(await client.call('one__echo', { text: 'still' }))).toContain('still')
  await gateway.restart()
  // The session of before both rotations and the restart.
  expect(textOf(await client.call('one__echo', { text: 'later' }))).toContain('later')
  await gateway.stop()
  writeFileSync(`${gateway.storeFile}.key`, before)
  await expect(gateway.restart()).rejects.toMatchObject({ code: 'master_key_wrong' })
})

test('a reload with the new master key and the old one goes over to it, and one that opens nothing changes nothing [secrets/master/live] [secrets/master/refused]', async () => {
  const gateway = await start({ mcpServers: SERVERS, config: { masterKey: A } })
  const client = await RawClient.open(gateway, 'legacy')
  const reload = async (masterKey: unknown, more: object = {}) => {
    gateway.configure({ mcpServers: SERVERS, config: { masterKey, ...more } })
    return await gateway.running.config.reload({ cause: 'api', by: 'test' })
  }
  const refused = await reload(B, { endpoints: { e: { servers: ['one'] } } })
  expect(refused).toMatchObject({ ok: false, changed: false })
  expect(refused.problems).toMatchObject([
    { path: 'masterKey', message: expect.stringContaining('is not the one this store was made') },
  ])
  expect(await rotate(gateway)).toMatchObject({
    masterKey: { source: 'configured', rotated: false, next: expect.stringContaining('reload') },
  })
  expect(await reload([B, A])).toMatchObject({ ok: true })
  expect(await rotate(gateway)).toMatchObject({
    masterKey: { source: 'configured', rotated: false, next: expect.stringContaining('removed') },
  })
  expect(await reload(B)).toMatchObject({ ok: true })
  expect(textOf(await client.call('one__echo', { text: 'x' }))).toContain('x')
  await gateway.restart()
  expect(textOf(await client.call('one__echo', { text: 'y' }))).toContain('y')
  gateway.configure({ mcpServers: SERVERS, config: { masterKey: A } })
  await expect(gateway.restart()).rejects.toMatchObject({ code: 'master_key_wrong' })
})

test('of two rotations at once one is refused, and who asked is in the log without a key [secrets/data/one]', async () => {
  const lines: string[] = []
  const gateway = TestGateway.create({ mcpServers: SERVERS })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  gateway.log = createLog({
    ...{ level: 'info', json: true, destination: { write: (line) => lines.push(line) } },
  })
  await gateway.restart()
  const before = keyFile(gateway).trim()
  const ended = await Promise.allSettled([rotate(gateway), rotate(gateway), rotate(gateway)])
  expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(ended).toContainEqual({
    status: 'rejected',
    reason: expect.objectContaining({ code: 'conflict' }),
  })
  const told = lines.map((line): unknown => JSON.parse(line))
  expect(told).toContainEqual(expect.objectContaining({ msg: 'keys rotated', by: 'local' }))
  const text = lines.join('')
  expect([text.includes(before), text.includes(keyFile(gateway).trim())]).toEqual([false, false])
})
