import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ExampleServer } from '../fixtures/example.ts'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { send } from '../fixtures/send.ts'
import { stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, listToolNames, textOf } from '../fixtures/wire.ts'

interface ServerItem {
  readonly name: string
  readonly state: string
  readonly pids: readonly number[]
  readonly inFlight: number
}

async function servers(gateway: TestGateway): Promise<Record<string, ServerItem>> {
  const { items } = await gateway.api<{ items: ServerItem[] }>('servers')
  return Object.fromEntries(items.map((item) => [item.name, item]))
}

test('scenario 6: a principal that floods gets 429 with the time to come back on every excess call; the other never is refused [quotas/flood]', async () => {
  const config = {
    limits: { perPrincipal: { rate: '5/s', burst: 5 } },
    mcpServers: { one: stdioServer({}) },
  }
  await using gateway = await startGateway({ config })
  const { url } = gateway
  const quiet = { url, token: await gateway.createKey('quiet') }
  const flooder = { url, token: await gateway.createKey('flooder') }
  await callTool(quiet, 'one__echo', { message: 'warm' })
  const untilMs = performance.now() + 4_000
  let passed = 0
  let refused = 0
  const flood = Array.from({ length: 4 }, async () => {
    while (performance.now() < untilMs) {
      const answer = await callTool(flooder, 'one__echo', { message: 'x' })
      if (answer.status === 200) passed += 1
      else {
        refused += 1
        expect(answer.status).toBe(429)
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      }
      await sleep(10)
    }
  })
  const quietly: number[] = []
  while (performance.now() < untilMs) {
    quietly.push((await callTool(quiet, 'one__echo', { message: 'x' })).status)
    await sleep(1_000)
  }
  await Promise.all(flood)
  expect(new Set(quietly)).toEqual(new Set([200]))
  expect(refused).toBeGreaterThan(20)
  expect(passed).toBeGreaterThan(5)
  expect(passed).toBeLessThanOrEqual(5 + 5 * 4 + 2)
  const usage = await gateway.json<{ items: Record<string, unknown>[] }>(['usage'])
  const ofKey = usage.items.toSorted((a, b) => Number(b['refused']) - Number(a['refused']))
  expect(ofKey[0]).toMatchObject({ refused, calls: passed })
  expect(ofKey[1]).toMatchObject({ refused: 0, calls: quietly.length + 1 })
}, 20_000)

test('scenario 7: each server is looked at in its own interval, and one that hangs is degraded after three looks [supervision/health/interval]', async () => {
  await using hanging = await ExampleServer.start('hanging')
  await using calm = await ExampleServer.start('calm')
  const config = {
    mcpServers: {
      hanging: { url: hanging.url, health: { every: '1s', failures: 3 } },
      calm: { url: calm.url, health: { every: '30s' } },
    },
  }
  await using gateway = await startGateway({ config })
  await callTool(gateway, 'hanging__who')
  await callTool(gateway, 'calm__who')
  const looks = async (name: string): Promise<number> => {
    const { text } = await send(`${gateway.admin}/metrics`, { method: 'GET' })
    const lines = text.split('\n').filter((line) => {
      return line.startsWith('sallyport_server_checks_total') && line.includes(`"${name}"`)
    })
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  await waitUntil('two looks', async () => (await looks('hanging')) >= 2)
  hanging.hang(true)
  const hungMs = performance.now()
  try {
    await waitUntil(
      'it to be degraded',
      async () => (await servers(gateway))['hanging']?.state === 'degraded',
      10_000,
    )
    const tookMs = performance.now() - hungMs
    expect(tookMs).toBeGreaterThan(1_500)
    expect(tookMs).toBeLessThan(6_500)
  } finally {
    hanging.hang(false)
  }
  expect((await servers(gateway))['calm']?.state).toBe('ready')
  expect(await looks('calm')).toBe(0)
  expect(await looks('hanging')).toBeLessThan(12)
}, 20_000)

test.each(['file', 'signal', 'api'] as const)(
  'scenario 8: a reload by %s keeps the unchanged server with its call, drains the others, and takes on the new one [reload/kept] [reload/drains]',
  async (how) => {
    const busy = { ms: 2_500 }
    const same = stdioServer({ EVENTS_FILE: './events' })
    const config = {
      mcpServers: { same, member: same, modified: same, removed: same },
      groups: { answers: { members: ['member'] } },
    }
    await using gateway = await startGateway({ config })
    const running = ['same', 'answers', 'modified', 'removed'].map((name) =>
      callTool(gateway, `${name}__wait`, busy),
    )
    await waitUntil('all of them to be busy', async () => {
      return Object.values(await servers(gateway)).every(({ inFlight }) => inFlight === 1)
    })
    const before = await servers(gateway)
    const { mcpServers, ...rest } = JSON.parse(await readFile(gateway.configFile, 'utf8'))
    const { removed: _gone, ...kept } = mcpServers
    const fresh = { ...kept, modified: { ...same, env: { NOTE: 'other' } }, fresh: same }
    const text = JSON.stringify({ ...rest, mcpServers: fresh })
    await writeFile(gateway.configFile, text)
    if (how === 'signal') process.kill(gateway.pid, 'SIGHUP')
    if (how === 'api') await gateway.command(['config', 'reload'])
    await waitUntil('the new server', async () => (await servers(gateway))['fresh'] !== undefined)
    const after = await servers(gateway)
    expect(after['same']?.pids).toEqual(before['same']?.pids)
    expect(after['member']?.pids).toEqual(before['member']?.pids)
    expect(after['fresh']?.state).toBe('cold')
    expect(textOf(await callTool(gateway, 'modified__echo', { message: 'new' }))).toBe('new')
    const answers = await Promise.all(running)
    expect(answers.map((answer) => textOf(answer) || answer.text)).toEqual(
      Array.from({ length: 4 }, () => 'waited'),
    )
    const left = [...(before['modified']?.pids ?? []), ...(before['removed']?.pids ?? [])]
    await waitUntil('what left to end', async () => {
      const alive = (await gateway.children()).map(({ pid }) => pid)
      return left.every((pid) => !alive.includes(pid))
    })
    expect((await servers(gateway))['same']?.pids).toEqual(before['same']?.pids)
    // A broken file leaves everything as it was and says where.
    await writeFile(gateway.configFile, text.replace('"listen"', '"lisen"'))
    const refused = await gateway.command(['config', 'reload'])
    expect([refused.code, refused.stdout + refused.stderr]).toEqual([
      2,
      expect.stringMatching(/lisen[\s\S]*:1:|:1:[\s\S]*lisen/),
    ])
    expect(await listToolNames(gateway)).toContain('fresh__echo')
    expect(failureOf(await callTool(gateway, 'same__echo'))).toBeUndefined()
  },
  30_000,
)
