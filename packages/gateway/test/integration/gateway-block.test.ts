import { serverList } from '@sallyport/contract/admin'
import { callSocket, socketPathOf } from '@sallyport/kit/lifecycle'
import { expect, onTestFinished, test, vi } from 'vitest'
import { PathClient } from '../fixtures/path-client.ts'
import { failureOf, textOf } from '../fixtures/raw-mcp.ts'
import { hostileEntry, TestGateway } from '../fixtures/test-gateway.ts'

/** Does something to a server, as the administrator of this machine. */
async function operate(gateway: TestGateway, what: string, body?: object): Promise<void> {
  await callSocket({
    ...{ path: socketPathOf(gateway.storeFile), method: 'POST', url: `/api/v1/servers/${what}` },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(5_000),
  })
}

async function inFlight(gateway: TestGateway): Promise<number[]> {
  const path = socketPathOf(gateway.storeFile)
  const asked = { path, method: 'GET', url: '/api/v1/servers' } as const
  const answer = await callSocket({ ...asked, signal: AbortSignal.timeout(5_000) })
  return serverList.parse(answer).items.map((server) => server.inFlight)
}

test.each(['legacy', 'modern'] as const)(
  'a blocked server leaves the lists of a %s client, which hears of it; its calls are told why, and it comes back [fleet/block/hidden] [fleet/block]',
  async (era) => {
    const servers = { one: hostileEntry('echo'), two: hostileEntry('echo,sleep') }
    const gateway = await TestGateway.start({ mcpServers: servers })
    onTestFinished(() => gateway[Symbol.asyncDispose]())
    const client = await PathClient.open(gateway, '/mcp', { era })
    const all = ['one__echo', 'two__echo', 'two__sleep']
    expect(await client.names('tools/list')).toEqual(all)
    const stream = await client.listen()
    const changes = () =>
      stream.methods.filter((one) => one === 'notifications/tools/list_changed').length
    const running = client.request('tools/call', { name: 'two__sleep', arguments: { ms: 600 } })
    await vi.waitFor(async () => expect(await inFlight(gateway)).toEqual([0, 1]))
    await operate(gateway, 'two/block', { reason: 'it leaks' })
    await vi.waitFor(() => expect(changes()).toBe(1))
    expect(await client.names('tools/list')).toEqual(['one__echo'])
    const call = { name: 'two__echo', arguments: {} }
    const refused = failureOf(await client.request('tools/call', call))
    expect(refused).toMatchObject({ code: 'server_blocked', retryable: false })
    expect(textOf(await running)).toBe('slept')
    await operate(gateway, 'two/unblock')
    await vi.waitFor(() => expect(changes()).toBe(2))
    expect(await client.names('tools/list')).toEqual(all)
    expect(textOf(await client.request('tools/call', call))).toBe('{}')
  },
)
