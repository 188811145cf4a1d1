import { join } from 'node:path'
import { expect, test } from 'vitest'
import { auditRows } from '../fixtures/audit-rows.ts'
import { canFault, injectFault, SmallDisk } from '../fixtures/faults.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { send } from '../fixtures/send.ts'
import { serverEvents, stdioServer } from '../fixtures/server-events.ts'
import { type Told, Traffic } from '../fixtures/traffic.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, textOf } from '../fixtures/wire.ts'

const TIMEOUT_MS = 60_000

const mcpServers = { own: stdioServer({ EVENTS_FILE: './events' }) }

async function health({ data }: TestGateway, kind: string): Promise<number> {
  return (await send(`${data}/health/${kind}`, { method: 'GET' })).status
}

async function untilReady(gateway: TestGateway, status: number): Promise<void> {
  await waitUntil(`readiness ${status}`, async () => (await health(gateway, 'ready')) === status)
}

/** Calls that were answered and have no record of how they ended. */
function unrecorded(told: readonly Told[], storeFile: string): Told[] {
  const recorded = new Set(
    auditRows(storeFile)
      .filter(({ kind, outcome }) => kind === 'call' && outcome === 'ok')
      .map(({ requestId }) => requestId),
  )
  return told.filter(({ code, requestId }) => code === 'ok' && !recorded.has(requestId))
}

async function expectWhole(gateway: TestGateway): Promise<void> {
  expect(await gateway.json(['audit', 'verify'])).toMatchObject({ ok: true, broken: [] })
}

/** Calls that reached the server although they were refused unsent. */
async function sentAnyway({ dir }: TestGateway, message: string): Promise<number> {
  return (await serverEvents(join(dir, 'events'))).filter((one) => one.message === message).length
}

test.runIf(canFault('mount'))(
  'a full disk: calls are refused unsent with 503, readiness is 503, nothing answered lacks its record, and it recovers [store/faults/full] [once/unwritable]',
  { timeout: TIMEOUT_MS },
  async () => {
    await using disk = await SmallDisk.mount(48)
    const storeFile = join(disk.dir, 'sallyport.db')
    await using gateway = await startGateway({
      config: { store: `sqlite:${storeFile}`, mcpServers },
    })
    const traffic = new Traffic(gateway)
    await waitUntil('some traffic', () => traffic.told.length > 20)

    disk.fill()
    await untilReady(gateway, 503)
    expect(await health(gateway, 'live')).toBe(200)
    const fullMs = performance.now()
    for (const headers of [{}, { 'idempotency-key': 'k' }]) {
      const refused = await callTool(gateway, 'own__echo', { message: 'full' }, { headers })
      expect([refused.status, failureOf(refused)]).toMatchObject([
        503,
        { code: 'store_unwritable', outcome: 'not_sent', retryable: true },
      ])
    }
    expect(await sentAnyway(gateway, 'full')).toBe(0)
    await waitUntil('more traffic', () => traffic.since(fullMs).length > 50)
    const freedMs = performance.now()
    disk.free()
    await untilReady(gateway, 200)
    await waitUntil('answers', () => traffic.since(freedMs).some(({ code }) => code === 'ok'))
    const headers = { 'idempotency-key': 'k' }
    const keyed = await callTool(gateway, 'own__echo', { message: 'full' }, { headers })
    expect(textOf(keyed)).toBe('full')

    const told = await traffic.stop()
    expect(new Set(told.map(({ code }) => code))).toEqual(new Set(['ok', 'store_unwritable']))
    const during = told.filter(({ startedMs }) => startedMs > fullMs && startedMs < freedMs)
    expect(new Set(during.map(({ status }) => status))).toEqual(new Set([503]))
    expect(unrecorded(told, storeFile)).toEqual([])
    await expectWhole(gateway)
  },
)

test.runIf(canFault('strace')).each([
  ['writes fail', 'process', 'pwrite64', 'EIO'],
  ['writes find no room', 'process', 'pwrite64', 'ENOSPC'],
  ['syncs fail', 'power', 'fsync,fdatasync', 'EIO'],
])(
  'a disk whose %s with durability %s: no call is answered without its record, and it recovers [store/faults/io]',
  { timeout: TIMEOUT_MS },
  async (_what, durability, calls, error) => {
    const audit = { durability }
    await using gateway = await startGateway({ config: { mcpServers, audit } })
    const traffic = new Traffic(gateway)
    await waitUntil('some traffic', () => traffic.told.length > 20)
    const fault = await injectFault(gateway.pid, calls, error)
    await untilReady(gateway, 503)
    const brokenMs = performance.now()
    const refused = await callTool(gateway, 'own__echo', { message: 'broken' })
    expect([refused.status, failureOf(refused)?.code]).toEqual([503, 'store_unwritable'])
    expect(await sentAnyway(gateway, 'broken')).toBe(0)
    await waitUntil('more traffic', () => traffic.since(brokenMs).length > 20)
    await fault[Symbol.asyncDispose]()
    const mendedMs = performance.now()
    await untilReady(gateway, 200)
    await waitUntil('answers', () => traffic.since(mendedMs).some(({ code }) => code === 'ok'))

    const told = await traffic.stop()
    expect(new Set(told.map(({ code }) => code))).toEqual(new Set(['ok', 'store_unwritable']))
    expect(unrecorded(told, gateway.storeFile)).toEqual([])
    await expectWhole(gateway)
    // What is on the disk is whole for the next start, too.
    expect(await gateway.stop()).toBe(0)
    await gateway.restart()
    expect(textOf(await callTool(gateway, 'own__echo', { message: 'again' }))).toBe('again')
  },
)
