import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { Example, TOKEN } from '../fixtures/example.ts'
import { kill } from '../fixtures/processes.ts'
import { send } from '../fixtures/send.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import {
  ask,
  callTool,
  failureOf,
  listToolNames,
  modernBody,
  modernHeaders,
  textOf,
} from '../fixtures/wire.ts'

interface ServerItem {
  readonly name: string
  readonly state: string
  readonly reason: string | null
  readonly pids: readonly number[]
}

async function server({ gateway }: Example, name: string): Promise<ServerItem> {
  const { items } = await gateway.api<{ items: ServerItem[] }>('servers')
  const found = items.find((one) => one.name === name)
  if (!found) throw new Error(`no server ${name}`)
  return found
}

const who = async ({ gateway }: Example, name: string): Promise<string> =>
  textOf(await callTool(gateway, `${name}__who`))

test('01: a remote server is cold until something is asked of it, then ready', async () => {
  await using example = await Example.start('01-http-gateway')
  expect(await server(example, 'remote')).toMatchObject({ state: 'cold' })
  expect(await who(example, 'remote')).toBe('remote')
  expect(await server(example, 'remote')).toMatchObject({ state: 'ready' })
})

test('02: a server that goes, or no longer does its work, is degraded after three looks and ready again by itself', async () => {
  await using example = await Example.start('02-health')
  const { gateway, servers } = example
  expect(await who(example, 'remote')).toBe('remote')
  expect((await gateway.command(['servers', 'check', 'remote'])).code).toBe(0)
  const state = (wanted: string): Promise<boolean> =>
    waitUntil(`${wanted}`, async () => (await server(example, 'remote')).state === wanted)
  await servers['remote']?.kill()
  await state('degraded')
  await servers['remote']?.start('other')
  await waitUntil('the reason to be the wrong answer', async () => {
    return (await server(example, 'remote')).reason?.includes('content') === true
  })
  expect((await gateway.command(['servers', 'check', 'remote'])).code).toBe(1)
  await servers['remote']?.kill()
  await servers['remote']?.start()
  await state('ready')
})

test('06: the sixth request at once is 429; one tool has its own rate and another its own quota', async () => {
  await using example = await Example.start('06-limits')
  const { gateway } = example
  const flood = await Promise.all(Array.from({ length: 6 }, () => callTool(gateway, 'files__who')))
  const refused = flood.filter(({ status }) => status === 429)
  expect(refused).toHaveLength(1)
  expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0)
  const later = async (name: string): Promise<Awaited<ReturnType<typeof callTool>>> =>
    waitUntil('a request to pass', async () => {
      const answer = await callTool(gateway, `files__${name}`, { ms: 1 })
      return answer.status === 200 ? answer : undefined
    })
  expect(failureOf(await later('echo'))).toBeUndefined()
  expect(failureOf(await later('echo'))).toMatchObject({ code: 'rate_limited', remaining: 0 })
  for (let call = 0; call < 3; call += 1) expect(textOf(await later('wait'))).toBe('server waited')
  const over = failureOf(await later('wait'))
  expect(over).toMatchObject({ code: 'quota_exceeded', remaining: 0, retryable: true })
  expect(over?.retryAfterMs).toBeGreaterThan(0)
})

test('09: a child is started by its call, stopped when idle, and its tools stay known', async () => {
  await using example = await Example.start('09-subprocess')
  expect(await server(example, 'files')).toMatchObject({ state: 'cold', pids: [] })
  expect(await who(example, 'files')).toBe('files')
  expect((await server(example, 'files')).pids).toHaveLength(1)
  const cold = async (): Promise<boolean> => (await server(example, 'files')).state === 'cold'
  await waitUntil('the idle child to end', cold, 15_000)
  expect(await listToolNames(example.gateway)).toContain('files__who')
  expect(await server(example, 'files')).toMatchObject({ state: 'cold', pids: [] })
})

test('13: the six drills go as their page says', async () => {
  await using example = await Example.start('13-testing')
  const { gateway } = example
  const operate = async (...args: string[]): Promise<void> => {
    expect(await gateway.command(args)).toMatchObject({ code: 0 })
  }
  // Failover.
  expect(await who(example, 'answers')).toBe('primary')
  await operate('servers', 'block', 'primary')
  expect(await who(example, 'answers')).toBe('backup')
  await operate('servers', 'unblock', 'primary')
  expect(await who(example, 'answers')).toBe('primary')
  // Cold start.
  await operate('servers', 'stop', 'primary')
  const beganMs = performance.now()
  expect(await who(example, 'primary')).toBe('primary')
  expect(performance.now() - beganMs).toBeLessThan(5_000)
  // Rate limit.
  const flood = await Promise.all(Array.from({ length: 80 }, () => ask(gateway, 'tools/list')))
  expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([200, 429]))
  // Authentication.
  const wrong = { authorization: 'Bearer wrong' }
  expect((await send(gateway.url, { headers: wrong, body: {} })).status).toBe(401)
  const caller = { authorization: `Bearer ${gateway.token}` }
  const api = `${gateway.admin}/api/v1/servers`
  const refusal = await waitUntil('the rate to allow a request', async () => {
    const { status } = await send(api, { method: 'GET', headers: caller })
    return status === 429 ? undefined : status
  })
  expect(refusal).toBe(403)
  // Reload.
  const text = await readFile(gateway.configFile, 'utf8')
  await writeFile(gateway.configFile, text.replace('"NAME": "backup"', '"NAME": "spare"'))
  await operate('servers', 'block', 'primary')
  await waitUntil('the edit to count', async () => (await who(example, 'answers')) === 'spare')
  // Recovery.
  for (const { pid } of await gateway.children()) kill(pid)
  await waitUntil('a server to answer', async () => (await who(example, 'answers')) === 'spare')
}, 40_000)

test('21: the two profiles differ as their page says', async () => {
  await using local = await Example.start('21-profiles', 'local')
  // Nobody needs a key there.
  const { authorization: _none, ...headers } = modernHeaders('', 'tools/call', 'files__who')
  const body = modernBody('tools/call', { name: 'files__who', arguments: {} })
  expect(textOf(await send(local.gateway.url, { headers, body }))).toBe('local')
  await using staging = await Example.start('21-profiles', 'staging')
  const { url } = staging.gateway
  await waitUntil('the server to be started', async () => {
    return (await server(staging, 'files')).state === 'ready'
  })
  expect(textOf(await callTool({ url, token: TOKEN }, 'files__who'))).toBe('staging')
  expect((await callTool({ url, token: staging.gateway.token }, 'files__who')).status).toBe(401)
})
