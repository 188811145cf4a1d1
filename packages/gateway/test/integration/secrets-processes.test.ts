import { systemClock } from '@sallyport/kit/clock'
import { MasterKeys } from '@sallyport/kit/crypto'
import { createLog, silentLog } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import { openStore } from '@sallyport/kit/store'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  postgresAvailable,
  startPostgres,
  type TestPostgres,
} from '@sallyport/kit/testing/postgres'
import { KeyControl } from '../../src/secrets/key-control.ts'
import { post } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const OLD = 'a1b2c3d4e5f60718'.repeat(4)
const NEW = '18f7e6d5c4b3a290'.repeat(4)
const LIMITS = { perPrincipal: { rate: '5000/s', burst: 10_000 } }

describe.skipIf(!postgresAvailable())('gateways on one PostgreSQL', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres({ fsync: 'off' })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  function optionsOf(store: string, masterKey: unknown) {
    const config = { store, masterKey, limits: LIMITS }
    return { mcpServers: { one: hostileEntry('echo') }, config }
  }

  async function start(store: string, masterKey: unknown): Promise<TestGateway> {
    const gateway = await TestGateway.start(optionsOf(store, masterKey))
    onTestFinished(() => gateway[Symbol.asyncDispose]())
    return gateway
  }

  /** Another process on the store, as a command is while no gateway of its own runs. */
  async function control(location: string, learnMs?: number): Promise<KeyControl> {
    const master = MasterKeys.parse([new Secret(OLD)])
    const tools = { clock: systemClock, log: silentLog }
    const store = await openStore({ location, keys: master, ...tools })
    onTestFinished(() => store[Symbol.asyncDispose]())
    const limits = { session: { totalMs: 1 }, idempotency: { keepMs: 1 } }
    const secrets = new KeyControl({
      ...{ store, master, keyFile: undefined, ...tools },
      config: () => ({ store: location, limits }) as never, // what it reads of them
      ...(learnMs !== undefined && { learnMs }),
    })
    onTestFinished(() => secrets[Symbol.asyncDispose]())
    return secrets
  }

  /** Opens sessions at one and uses them at the other, until it is stopped. */
  function crossing(from: TestGateway, to: TestGateway, key: string) {
    const strange: string[] = []
    let stopped = false
    let done = 0
    const work = async (): Promise<void> => {
      const headers = { authorization: `Bearer ${key}` }
      const clientInfo = { name: 't', version: '1' }
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
      const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params }
      const given = { name: 'one__echo', arguments: { text: 'there' } }
      const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: given }
      while (!stopped) {
        const opened = await post(from.url(), initialize, headers)
        const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
        const answer = await post(to.url(), call, { ...headers, ...session })
        if (answer.status !== 200 || !answer.text.includes('there')) {
          strange.push(`${opened.status} ${answer.status} ${answer.text}`)
        }
        done += 1
      }
    }
    const working = work()
    return {
      stop: async (): Promise<void> => {
        stopped = true
        await working
        expect({ strange, done: done > 3 }).toEqual({ strange: [], done: true })
      },
    }
  }

  test('open what the others seal, all through a rotation by a third process [secrets/data/processes]', async () => {
    const store = await server.createDatabase()
    const one = await start(store, OLD)
    const other = await start(store, OLD)
    const both = [crossing(one, other, one.key), crossing(other, one, one.key)]
    const secrets = await control(store)
    const first = await secrets.rotate({ by: 'test', requestId: '' })
    const second = await secrets.rotate({ by: 'test', requestId: '' })
    for (const each of both) await each.stop()
    expect(second.dataKey).toMatchObject({ former: first.dataKey.id, keys: 3 })
    await expect(one.running.config.show(1)).resolves.toContain('mcpServers')
  }, 60_000)

  test('rotate one at a time [secrets/data/one]', async () => {
    const store = await server.createDatabase()
    const [one, other] = [await control(store, 200), await control(store, 200)]
    const ended = await Promise.allSettled(
      [one, other].map((each) => each.rotate({ by: 'test', requestId: '' })),
    )
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(ended).toContainEqual({
      status: 'rejected',
      reason: expect.objectContaining({ code: 'conflict' }),
    })
    await expect(other.rotate({ by: 'test', requestId: '' })).resolves.toBeDefined()
  })

  test('go on with the keys they know when another goes over to a new master key, and follow with their own reload [secrets/master/live]', async () => {
    const store = await server.createDatabase()
    const one = await start(store, OLD)
    const lines: string[] = []
    const other = TestGateway.create(optionsOf(store, OLD))
    onTestFinished(() => other[Symbol.asyncDispose]())
    other.log = createLog({
      ...{ level: 'info', json: true, destination: { write: (line) => lines.push(line) } },
    })
    await other.restart()
    const both = [crossing(one, other, one.key), crossing(other, one, one.key)]
    const reload = async (gateway: TestGateway, masterKey: unknown): Promise<void> => {
      gateway.configure(optionsOf(store, masterKey))
      const report = await gateway.running.config.reload({ cause: 'api', by: 'test' })
      expect(report.problems.filter(({ severity }) => severity === 'error')).toEqual([])
    }
    await reload(one, [NEW, OLD])
    await expect
      .poll(() => lines.join(''), { timeout: 5_000 })
      .toContain('reload this one with both')
    await reload(other, [NEW, OLD])
    await reload(one, NEW)
    await reload(other, NEW)
    for (const each of both) await each.stop()
    await other.stop()
    other.configure(optionsOf(store, OLD))
    await expect(other.restart()).rejects.toMatchObject({ code: 'master_key_wrong' })
  }, 60_000)
})
