import { readFileSync } from 'node:fs'
import {
  type SubjectErased,
  subjectErased,
  userMade,
  type VerifyReport,
  verifyReport,
} from '@sallyport/contract/admin'
import { callSocket, socketPathOf, type SocketRequest } from '@sallyport/kit/lifecycle'
import { createLog } from '@sallyport/kit/log'
import { expect, onTestFinished, test, vi } from 'vitest'
import { RawClient, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const SERVERS = { one: hostileEntry('echo') }
const NAME = 'zaphod-beeblebrox-laptop'
/** How often a key is tried that another process made: more often, and its address would be locked out. */
const SEEN = { timeout: 10_000, interval: 1_000 }
const lines: string[] = []

async function start(): Promise<TestGateway> {
  const gateway = TestGateway.create({ mcpServers: SERVERS })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  lines.length = 0
  gateway.log = createLog({
    ...{ level: 'debug', json: true, destination: { write: (line) => lines.push(line) } },
  })
  await gateway.restart()
  return gateway
}

function ask(gateway: TestGateway, url: string, body?: object): Promise<unknown> {
  const path = socketPathOf(gateway.storeFile)
  const asked: Omit<SocketRequest, 'signal'> = { path, method: 'POST', url }
  const signal = AbortSignal.timeout(10_000)
  return callSocket({ ...asked, ...(body && { body }), signal })
}

async function erase(gateway: TestGateway, subject: string, plan = false): Promise<SubjectErased> {
  return subjectErased.parse(await ask(gateway, '/api/v1/subjects/erase', { subject, plan }))
}

async function verify(gateway: TestGateway): Promise<VerifyReport> {
  return verifyReport.parse(await ask(gateway, '/api/v1/audit/verify'))
}

/** What lies in the files of the store. */
function bytesOf(gateway: TestGateway): string {
  return readFileSync(gateway.storeFile, 'latin1')
}

test('who is erased is out at once and nameless, its rows of the audit log stay and verify [secrets/erase/live] [secrets/erase/chain]', async () => {
  const gateway = await start()
  const key = await gateway.createKey(NAME)
  await vi.waitFor(async () => {
    const client = await RawClient.open(gateway, 'modern', key)
    expect((await client.list()).status).toBe(200)
  }, SEEN)
  const client = await RawClient.open(gateway, 'legacy', key)
  const stream = await client.listen()
  const keyed = { 'dev.sallyport/idempotencyKey': 'k1' }
  expect(textOf(await client.call('one__echo', { text: 'hello' }, keyed))).toContain('hello')
  const planned = await erase(gateway, NAME, true)
  expect(planned).toMatchObject({ planned: true, principals: [{ kind: 'key', name: NAME }] })
  expect(textOf(await client.call('one__echo', { text: 'still' }))).toContain('still')
  const id = planned.principals[0]?.id ?? ''
  const rowsBefore = gateway.auditRows().filter(({ principal }) => principal === id)
  const erased = await erase(gateway, NAME)
  const went = Object.fromEntries(erased.rows.map(({ table, rows }) => [table, rows]))
  expect(went).toMatchObject({ keys: 1, outcomes: 1, usage: 2 })
  await stream.over
  expect((await client.call('one__echo')).status).toBe(401)
  await expect(erase(gateway, NAME)).rejects.toMatchObject({ code: 'not_found' })
  await expect(erase(gateway, id)).rejects.toMatchObject({ code: 'not_found' })
  const rows = gateway.auditRows().filter(({ principal }) => principal === id)
  expect([rows.length >= rowsBefore.length, (await verify(gateway)).ok]).toEqual([true, true])
  expect(lines.join('')).toContain('subject erased')
  expect(lines.filter((line) => line.includes('subject erased')).join('')).not.toContain(NAME)
  await gateway.stop()
  expect(bytesOf(gateway)).not.toContain(NAME)
})

test('a person is erased with its logins; the last admin is not, and an unknown or shared name changes nothing [secrets/erase/removed]', async () => {
  const gateway = await start()
  const made = userMade.parse(
    await ask(gateway, '/api/v1/users/bootstrap', {
      name: 'root',
      password: 'correct horse 1 battery',
    }),
  )
  const bob = { name: 'bob', roles: ['viewer'], password: 'another horse 2 battery' }
  await ask(gateway, '/api/v1/users', bob)
  await expect(erase(gateway, 'root')).rejects.toMatchObject({ code: 'conflict' })
  await expect(erase(gateway, 'nobody')).rejects.toMatchObject({ code: 'not_found' })
  await gateway.createKey('bob')
  await expect(erase(gateway, 'bob')).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/several are called that: key:\w{8}, user:u_\w{8}; give one/),
  })
  const shown = await erase(gateway, `user:${made.user.id}`, true)
  expect(shown.principals).toEqual([{ id: `user:${made.user.id}`, kind: 'user', name: 'root' }])
})
