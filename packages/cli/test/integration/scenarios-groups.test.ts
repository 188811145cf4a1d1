import { Agent } from 'node:http'
import { expect, test } from 'vitest'
import { ExampleServer } from '../fixtures/example.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { send } from '../fixtures/send.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, modernBody, modernHeaders, textOf } from '../fixtures/wire.ts'

const EVERY_MS = 1_000
const READ = { who: { readOnly: true }, wait: { readOnly: true } }
const FREE = { perPrincipal: { rate: '10000/s', burst: 10_000, writes: { daily: 1_000_000 } } }

const memberOf = ({ url }: ExampleServer, more: object = {}): object => ({
  url,
  health: { every: '1s' },
  tools: READ,
  ...more,
})

interface GroupItem {
  readonly healthy: number
  readonly breaker: string
  readonly members: readonly { readonly server: string; readonly inRotation: boolean }[]
}

async function group(gateway: TestGateway): Promise<GroupItem> {
  const { items } = await gateway.api<{ items: readonly GroupItem[] }>('groups')
  const [only] = items
  if (!only) throw new Error('no group')
  return only
}

test('scenario 3: a primary killed between and during calls fails no call that may be repeated, and is used again within two looks [groups/failover/sent] [groups/failover/unsent] [groups/failback]', async () => {
  await using primary = await ExampleServer.start('primary')
  await using backup = await ExampleServer.start('backup')
  const config = {
    limits: FREE,
    mcpServers: { primary: memberOf(primary), backup: memberOf(backup) },
    groups: { answers: { members: ['primary', 'backup'], strategy: 'priority' } },
  }
  await using gateway = await startGateway({ config })
  const agent = new Agent({ keepAlive: true })
  const counts: Record<string, number> = {}
  let over = false
  const callers = Array.from({ length: 6 }, async () => {
    while (!over) {
      const answer = await callTool(gateway, 'answers__wait', { ms: 20 }, { agent })
      const text = textOf(answer) || answer.text
      counts[text] = (counts[text] ?? 0) + 1
    }
  })
  const answered = (name: string): number => counts[`${name} waited`] ?? 0
  const answers = (name: string, withinMs = 5_000): Promise<boolean> => {
    const before = answered(name)
    return waitUntil(`${name} to answer`, async () => answered(name) > before + 20, withinMs)
  }
  for (let round = 0; round < 2; round += 1) {
    await answers('primary')
    await primary.kill()
    await answers('backup')
    await primary.start()
    await answers('primary', EVERY_MS * 2 * 1.1 + 1_500)
  }
  over = true
  await Promise.all(callers)
  agent.destroy()
  expect(Object.keys(counts).toSorted()).toEqual(['backup waited', 'primary waited'])
}, 40_000)

test('scenario 4: a breaker rejects at once, lets exactly one call try after its reset, and a try whose client left wedges nothing [groups/breaker]', async () => {
  await using only = await ExampleServer.start('only')
  const config = {
    limits: FREE,
    mcpServers: { only: memberOf(only, { breaker: { failures: 0 }, health: { every: '1h' } }) },
    groups: { answers: { members: ['only'], breaker: { failures: 3, reset: '2s' } } },
  }
  await using gateway = await startGateway({ config })
  const call = (tool: string, args: object = {}) => callTool(gateway, `answers__${tool}`, args)
  expect(textOf(await call('who'))).toBe('only')
  const open = async (): Promise<void> => {
    await only.kill()
    for (let failure = 0; failure < 3; failure += 1) {
      expect(failureOf(await call('who'))?.code).not.toBe('breaker_open')
    }
    const refused = failureOf(await call('who'))
    expect(refused).toMatchObject({ code: 'breaker_open', outcome: 'not_sent', retryable: true })
    expect(refused?.retryAfterMs).toBeGreaterThan(0)
    // The same on a warm connection: quick refusals, not slow failures. Of three, for a busy machine.
    const tookMs: number[] = []
    for (let again = 0; again < 3; again += 1) {
      const beganMs = performance.now()
      await call('who')
      tookMs.push(performance.now() - beganMs)
    }
    expect(Math.min(...tookMs)).toBeLessThan(50)
    await only.start()
  }
  const halfOpen = (): Promise<boolean> =>
    waitUntil('the reset', async () => (await group(gateway)).breaker === 'half-open', 6_000)

  await open()
  await halfOpen()
  const two = await Promise.all([call('wait', { ms: 400 }), call('wait', { ms: 400 })])
  expect(two.map((answer) => failureOf(answer)?.code ?? textOf(answer)).toSorted()).toEqual([
    'breaker_open',
    'only waited',
  ])
  expect(textOf(await call('who'))).toBe('only')

  await open()
  await halfOpen()
  const leaving = new AbortController()
  const args = { name: 'answers__wait', arguments: { ms: 20_000 } }
  const headers = modernHeaders(gateway.token, 'tools/call', args.name)
  const lost = send(gateway.url, {
    headers,
    body: modernBody('tools/call', args),
    signal: leaving.signal,
  })
  await waitUntil('the try to be under way', async () => {
    return failureOf(await call('who'))?.code === 'breaker_open'
  })
  leaving.abort()
  await expect(lost).rejects.toThrow()
  await waitUntil('the next call to try', async () => textOf(await call('who')) === 'only', 3_000)
}, 40_000)

test('scenario 5: what callers and tools do wrong puts no member out of rotation and opens no breaker [fleet/breaker/transport-only]', async () => {
  await using one = await ExampleServer.start('one')
  await using two = await ExampleServer.start('two')
  const config = {
    limits: { perPrincipal: { rate: '30/s', burst: 60 } },
    mcpServers: { one: memberOf(one), two: memberOf(two) },
    groups: { answers: { members: ['one', 'two'], breaker: { failures: 2, reset: '1m' } } },
  }
  await using gateway = await startGateway({ config })
  const calls = (count: number, tool: string, args: object) =>
    Promise.all(Array.from({ length: count }, () => callTool(gateway, `answers__${tool}`, args)))
  const invalid = await calls(20, 'echo', { message: 7 })
  expect(invalid.every(({ json }) => json.error?.code === -32_602)).toBe(true)
  const failed = await calls(20, 'fail', {})
  expect(failed.every(({ json }) => json.result?.['isError'] === true)).toBe(true)
  const flood = await calls(60, 'who', {})
  expect(flood.some(({ status }) => status === 429)).toBe(true)
  expect(await group(gateway)).toMatchObject({ healthy: 2, breaker: 'closed' })
  const names = async (): Promise<Set<string>> =>
    new Set((await calls(4, 'who', {})).map((answer) => textOf(answer)))
  await waitUntil('both to answer', async () => {
    const seen = await names()
    return seen.has('one') && seen.has('two')
  })
})
