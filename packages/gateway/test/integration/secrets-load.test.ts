import { readFileSync } from 'node:fs'
import { secretsRotated } from '@sallyport/contract/admin'
import { callSocket, socketPathOf } from '@sallyport/kit/lifecycle'
import { expect, onTestFinished, test } from 'vitest'
import { listingEntry } from '../fixtures/path-client.ts'
import { RawClient, type Reply, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

const NEW = '18f7e6d5c4b3a290'.repeat(4)
const NEWER = 'a1b2c3d4e5f60718'.repeat(4)

/** Two of them are more than a page. */
const TOOLS = {
  tools: Array.from({ length: 525 }, (_one, at) => ({
    ...{ name: `t${at}`, inputSchema: { type: 'object' } },
  })),
}
const SERVERS = {
  one: hostileEntry('echo,big'),
  many: listingEntry('many', TOOLS),
  more: listingEntry('more', TOOLS),
}

/** Calls and lists in both eras until it is stopped; everything that was not as it should be. */
class Load {
  readonly strange: string[] = []
  done = 0
  #stopped = false
  readonly #workers: Promise<void>[]

  constructor(gateway: TestGateway, clients: readonly RawClient[]) {
    this.#workers = clients.map((client, at) => this.#work(gateway, client, `w${at}`))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#workers)
  }

  async #work(gateway: TestGateway, client: RawClient, name: string): Promise<void> {
    const keyed = { 'dev.sallyport/idempotencyKey': name }
    const first = await client.call('one__echo', { text: name }, keyed)
    const handle = await bigHandle(client)
    const cursor = cursorOf(await client.list())
    while (!this.#stopped) {
      this.#judge('call', await client.call('one__echo', { text: name }), name)
      this.#judge('keyed', await client.call('one__echo', { text: name }, keyed), textOf(first))
      const more = await client.call('sallyport__read_more', { handle, offset: 0 })
      this.#judge('read more', more, 'x')
      const page = await client.list({ cursor })
      if (page.message.result?.tools?.length === undefined) this.strange.push(`page ${page.text}`)
      const fresh = await RawClient.open(gateway, client.era)
      this.#judge('fresh', await fresh.call('one__echo', { text: 'fresh' }), 'fresh')
      this.done += 1
    }
  }

  #judge(what: string, reply: Reply, wanted: string): void {
    const failed = reply.status !== 200 || reply.message.result?.isError === true
    if (failed || !textOf(reply).includes(wanted)) {
      this.strange.push(`${what}: ${reply.status} ${reply.text}`)
    }
  }
}

async function bigHandle(client: RawClient): Promise<string> {
  const { message } = await client.call('one__big', { bytes: 20_000 })
  return Reflect.get(Object(message.result?._meta?.['dev.sallyport/more']), 'handle')
}

function cursorOf({ message }: Reply): unknown {
  return message.result?.['nextCursor']
}

test('no call fails while master key and data key are rotated again and again, in the file and in the configuration [secrets/master/live] [secrets/data/rotated]', async () => {
  const limits = { results: { perCall: '4KiB' }, perPrincipal: { rate: '5000/s', burst: 10_000 } }
  const gateway = await TestGateway.start({ mcpServers: SERVERS, config: { limits } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const clients = await Promise.all([
    RawClient.open(gateway, 'legacy'),
    RawClient.open(gateway, 'modern'),
    RawClient.open(gateway, 'legacy'),
  ])
  const known = async (): Promise<unknown> => {
    return (await clients[1]?.list())?.message.result?.['nextCursor']
  }
  await expect.poll(known, { timeout: 10_000 }).toBeTypeOf('string')
  const load = new Load(gateway, clients)
  const atLeast = async (more: number): Promise<void> => {
    const until = load.done + more
    await expect
      .poll(() => load.done >= until || load.strange.length > 0, { timeout: 20_000 })
      .toBe(true)
  }
  await atLeast(3)
  const ids: string[] = []
  const rotate = async (): Promise<void> => {
    const path = socketPathOf(gateway.storeFile)
    const asked = { path, method: 'POST', url: '/api/v1/secrets/rotate' } as const
    const answer = await callSocket({ ...asked, signal: AbortSignal.timeout(20_000) })
    ids.push(secretsRotated.parse(answer).dataKey.id)
    await atLeast(3)
  }
  const reload = async (masterKey: unknown): Promise<void> => {
    gateway.configure({ mcpServers: SERVERS, config: { limits, masterKey } })
    const report = await gateway.running.config.reload({ cause: 'api', by: 'test' })
    expect(report).toMatchObject({ ok: true })
    await atLeast(3)
  }
  await rotate()
  await rotate()
  // From the file into the configuration, and on from there.
  const file = readFileSync(`${gateway.storeFile}.key`, 'utf8').trim()
  await reload([NEW, file])
  await reload(NEW)
  await rotate()
  await reload([NEWER, NEW])
  await rotate()
  await load.stop()
  expect(load.strange).toEqual([])
  expect(new Set(ids).size).toBe(4)
}, 60_000)
