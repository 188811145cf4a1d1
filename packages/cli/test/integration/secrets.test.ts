import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyList, SecretsRotated, SubjectErased } from '@sallyport/contract/admin'
import { expect, test } from 'vitest'
import { postgresAvailable, startPostgres } from '@sallyport/kit/testing/postgres'
import { startGateway, TestGateway } from '../fixtures/gateway.ts'
import { operate } from '../fixtures/operator.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { Traffic } from '../fixtures/traffic.ts'

const A = 'a1b2c3d4e5f60718'.repeat(4)
const B = '18f7e6d5c4b3a290'.repeat(4)

async function printed<Value>(gateway: TestGateway, ...args: string[]): Promise<Value> {
  const { code, printed: text, noted } = await operate(gateway, ...args, '--json')
  expect({ code, noted }).toEqual({ code: 0, noted: '' })
  return JSON.parse(text) as Value // documented
}

test('`secrets rotate` works on a gateway that runs and on one that does not, and no call fails [secrets/data/rotated]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { own: stdioServer() } } })
  const traffic = new Traffic({ url: gateway.url, token: gateway.token }, { pauseMs: 40 })
  const first = await printed<SecretsRotated>(gateway, 'secrets', 'rotate')
  const human = await operate(gateway, 'secrets', 'rotate')
  expect(human.printed).toMatch(
    /^the master key is a new one\ndata are sealed with key [0-9a-f]{8}; /,
  )
  expect(human.noted).toContain('copy the key file')
  const told = await traffic.stop()
  expect(told.filter(({ code }) => code !== 'ok')).toEqual([])
  await gateway.stop()
  const offline = await printed<SecretsRotated>(gateway, 'secrets', 'rotate')
  expect(offline.dataKey).toMatchObject({ keys: 4 })
  expect(offline.dataKey.former).not.toBe(first.dataKey.id)
  await gateway.restart()
  expect(await printed<KeyList>(gateway, 'keys', 'list')).toEqual({ items: [] })
})

test('`kill -9` of the gateway in the middle of a rotation leaves a store that starts [secrets/master/file]', async () => {
  await using gateway = await startGateway()
  for (const delayMs of [0, 3, 6, 10, 15]) {
    // It is cut off: however it ends.
    const rotating = operate(gateway, 'secrets', 'rotate')
    await sleep(delayMs)
    await gateway.kill9()
    await rotating
    await gateway.restart()
  }
  expect((await readFile(`${gateway.storeFile}.key`, 'utf8')).length).toBe(65)
})

test('`erase` shows what would go, then removes it, over the socket and over the store [secrets/erase/removed]', async () => {
  await using gateway = await startGateway()
  for (const name of ['alice', 'bob']) await operate(gateway, 'keys', 'create', name)
  const plan = await operate(gateway, 'erase', '--subject', 'alice', '--plan')
  expect(plan).toMatchObject({
    code: 0,
    printed: expect.stringMatching(/^would erase key:\w{8} \(alice\)\n/),
  })
  const erased = await printed<SubjectErased>(gateway, 'erase', '--subject', 'alice')
  expect(erased).toMatchObject({ planned: false, principals: [{ kind: 'key', name: 'alice' }] })
  const again = await operate(gateway, 'erase', '--subject', 'alice')
  expect(again).toMatchObject({ code: 1, noted: expect.stringContaining('nothing is known of') })
  await gateway.stop()
  await printed<SubjectErased>(gateway, 'erase', '--subject', 'bob')
  expect(await printed<KeyList>(gateway, 'keys', 'list')).toEqual({ items: [] })
  expect((await operate(gateway, 'erase', '--subject', '')).code).toBe(2)
})

async function refusal(gateway: TestGateway, masterKey: string): Promise<void> {
  const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as object // written by us
  await writeFile(gateway.configFile, JSON.stringify({ ...config, masterKey }))
  const { code, stdout, stderr } = await gateway.command(['up'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('the key "masterKey" is not the one this store was made with')
  expect(stderr).not.toContain(masterKey)
}

test('a wrong master key refuses the start with exit code 2 on an embedded store [store/master-key/wrong]', async () => {
  await using gateway = await startGateway({ config: { masterKey: A } })
  await gateway.stop()
  await refusal(gateway, B)
})

test.skipIf(!postgresAvailable())(
  'a wrong master key refuses the start with exit code 2 on PostgreSQL [store/master-key/wrong]',
  async () => {
    await using server = await startPostgres({ fsync: 'off' })
    const store = await server.createDatabase()
    await using gateway = await startGateway({ config: { store, masterKey: A } })
    await gateway.stop()
    await refusal(gateway, B)
  },
)
