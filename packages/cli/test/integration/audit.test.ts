import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { auditRows } from '../fixtures/audit-rows.ts'
import { startGateway, TestGateway } from '../fixtures/gateway.ts'
import { send } from '../fixtures/send.ts'
import { serverEvents, stdioServer } from '../fixtures/server-events.ts'
import { waitUntil } from '../fixtures/wait-until.ts'
import { callTool, failureOf, LegacySession, textOf } from '../fixtures/wire.ts'

const run = promisify(execFile)
const LIMITS = {
  perPrincipal: {
    rate: '100000/s',
    burst: 1_000_000,
    concurrent: 64,
    writes: { daily: 1_000_000 },
  },
}

interface Report {
  readonly ok: boolean
  readonly rows: number
  readonly writers: number
  readonly broken: readonly object[]
}

test('after kill -9 in the middle of traffic every answered call has its record, with its caller and without its arguments [record/killed] [record/arguments] [record/row]', async () => {
  const mcpServers = { own: stdioServer() }
  await using gateway = await startGateway({ config: { mcpServers, limits: LIMITS } })
  const key = await gateway.createKey('traffic')
  const callers = [gateway.token, key]
  const answered: { requestId: string; principal: 'token:test' | 'key' }[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  let stopped = false
  const traffic = Array.from({ length: 8 }, async (_, index) => {
    const token = callers[index % 2] ?? ''
    const target = { url: gateway.url, token }
    while (!stopped) {
      try {
        const answer = await callTool(target, 'own__echo', { message: 'canary-4711' }, { agent })
        if (answer.status !== 200) continue
        const principal = token === key ? 'key' : 'token:test'
        answered.push({ requestId: String(answer.headers['x-request-id']), principal })
      } catch {
        // Cut by the kill: such a call was not answered.
        stopped = true
      }
    }
  })
  await waitUntil('some traffic', () => answered.length > 400)
  await gateway.kill9()
  await Promise.all(traffic)
  agent.destroy()

  await gateway.restart()
  const rows = auditRows(gateway.storeFile)
  const done = new Map(
    rows.filter(({ kind }) => kind === 'call').map((row) => [row.requestId, row]),
  )
  const missing = answered.filter(({ requestId }) => !done.has(requestId))
  expect(missing).toEqual([])
  for (const { requestId, principal } of answered) {
    const row = done.get(requestId)
    expect(row).toMatchObject({ method: 'tools/call', tool: 'echo', outcome: 'ok' })
    expect(row?.argumentsMac).toMatch(/^[0-9a-f]{64}$/)
    expect(principal === 'key' ? row?.principal.startsWith('key:') : row?.principal).toBe(
      principal === 'key' ? true : 'token:test',
    )
  }
  expect(new Set(answered.map(({ requestId }) => requestId)).size).toBe(answered.length)
  // The new process has a chain of its own beside the one that was cut off.
  await callTool(gateway, 'own__echo', {})
  const report = await gateway.json<Report>(['audit', 'verify'])
  expect(report).toMatchObject({ ok: true, writers: 2, broken: [] })
  const { items } = await gateway.json<{ items: object[] }>(['audit', 'list', '--limit', '5'])
  expect(items).toHaveLength(5)
  for (const suffix of ['', '-wal']) {
    const bytes = await readFile(`${gateway.storeFile}${suffix}`, 'latin1').catch(() => '')
    expect(bytes.includes('canary-4711')).toBe(false)
  }
})

test('a call that was under way when the gateway was killed has left what it intended [record/intent]', async () => {
  const mcpServers = { own: stdioServer({ EVENTS_FILE: './events' }) }
  await using gateway = await startGateway({ config: { mcpServers } })
  const call = callTool(gateway, 'own__wait', { ms: 20_000 }).catch(() => 'cut')
  await waitUntil('the call to reach the server', async () =>
    (await serverEvents(join(gateway.dir, 'events'))).some(({ event }) => event === 'call'),
  )
  await gateway.kill9()
  expect(await call).toBe('cut')
  const rows = auditRows(gateway.storeFile).filter(({ tool }) => tool === 'wait')
  expect(rows).toMatchObject([{ kind: 'intent', outcome: 'pending', principal: 'token:test' }])
})

test('refusals are recorded as well: unknown tools, tool errors and bad credentials [record/refusals]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { own: stdioServer() } } })
  await callTool(gateway, 'own__fail', {})
  await callTool(gateway, 'own__no-such', {})
  await callTool({ url: gateway.url, token: 'nobody' }, 'own__echo', {})
  const said = (): (string | null)[][] =>
    auditRows(gateway.storeFile)
      .filter(({ kind }) => kind !== 'intent')
      .map(({ kind, tool, outcome }) => [kind, tool, outcome])
  // A refusal at the door does not wait for its row.
  await expect.poll(said).toEqual(
    expect.arrayContaining([
      ['call', 'fail', 'tool_error'],
      ['call', 'own__no-such', 'refused'],
      ['door', null, 'refused'],
    ]),
  )
})

test('a store that cannot be made refuses to start, naming the key, before any port opens [store/unwritable]', async () => {
  await using gateway = await TestGateway.create()
  await writeFile(join(gateway.dir, 'a-file'), '')
  for (const store of ['sqlite:./a-file/sallyport.db', 'sqlite:/proc/sallyport/sallyport.db']) {
    const config: object = JSON.parse(await readFile(gateway.configFile, 'utf8'))
    await writeFile(gateway.configFile, JSON.stringify({ ...config, store }))
    const { code, stdout, stderr } = await gateway.command(['up', '--json'])
    expect([code, stdout]).toEqual([1, ''])
    expect(JSON.parse(stderr)).toMatchObject({
      error: {
        code: 'store_unwritable',
        message: expect.stringMatching(/^store: .*; name a folder/),
      },
    })
  }
})

test('a store on a full disk refuses to start, also when it is there already [store/unwritable]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { own: stdioServer() } } })
  await callTool(gateway, 'own__echo', {})
  await gateway.stop()
  const { code, stdout, stderr } = await gateway.command(['up', '--json'], '', [
    'prlimit',
    '--fsize=1',
  ])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('store_unwritable')
})

test('a second gateway on the same store is refused with the pid of the first [store/lock]', async () => {
  await using gateway = await startGateway()
  const { code, stdout, stderr } = await gateway.command(['up', '--json'])
  expect(code).not.toBe(0)
  expect(`${stdout}${stderr}`).toContain(String(gateway.pid))
  expect(await send(`${gateway.data}/health/ready`, { method: 'GET' })).toMatchObject({
    status: 200,
  })
})

/** Lets no file grow or be written past its first byte: what a full disk is to a process. */
async function setDiskFull(pid: number, full: boolean): Promise<void> {
  await run('prlimit', ['--pid', String(pid), `--fsize=${full ? '1' : 'unlimited'}:`])
}

test('durability lost later: calls are refused unsent with 503, readiness is 503, liveness is not; both recover [record/unwritable] [health/ready/store]', async () => {
  const mcpServers = { own: stdioServer({ EVENTS_FILE: './events' }) }
  await using gateway = await startGateway({ config: { mcpServers } })
  const health = async (kind: string): Promise<number> =>
    (await send(`${gateway.data}/health/${kind}`, { method: 'GET' })).status
  expect(textOf(await callTool(gateway, 'own__echo', { message: 'before' }))).toBe('before')
  const session = await LegacySession.open(gateway)

  await setDiskFull(gateway.pid, true)
  for (const answer of [
    await callTool(gateway, 'own__echo', { message: 'during' }),
    await session.call('own__echo', { message: 'during' }),
  ]) {
    expect(answer.status).toBe(503)
    expect(failureOf(answer)).toMatchObject({ code: 'store_unwritable', outcome: 'not_sent' })
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  }
  expect([await health('ready'), await health('live')]).toEqual([503, 200])
  const calls = await serverEvents(join(gateway.dir, 'events'))
  expect(calls.filter(({ message }) => message === 'during')).toEqual([])

  await setDiskFull(gateway.pid, false)
  await waitUntil('readiness to recover', async () => (await health('ready')) === 200)
  expect(textOf(await callTool(gateway, 'own__echo', { message: 'after' }))).toBe('after')
  expect(await gateway.json<Report>(['audit', 'verify'])).toMatchObject({ ok: true, broken: [] })
})

test('an answer whose record cannot be written does not leave, not even of a pinned tool that left no intent [record/before-answer]', async () => {
  const pinned = { tools: { echo: { readOnly: true } } }
  const mcpServers = { own: stdioServer({ EVENTS_FILE: './events' }, pinned) }
  await using gateway = await startGateway({ config: { mcpServers } })
  const ran = async (): Promise<number> =>
    (await serverEvents(join(gateway.dir, 'events'))).filter(({ event }) => event === 'call').length
  await callTool(gateway, 'own__echo', { message: 'before' })
  expect(auditRows(gateway.storeFile).map(({ kind }) => kind)).toEqual(['call'])

  await setDiskFull(gateway.pid, true)
  const answer = await callTool(gateway, 'own__echo', { message: 'during' })
  expect(await ran()).toBe(2)
  expect([answer.status, answer.text.includes('during')]).toEqual([503, false])
  expect(failureOf(answer)).toMatchObject({ code: 'store_unwritable', outcome: 'unknown' })
  await setDiskFull(gateway.pid, false)
})

test('editing, removing and cutting off rows is found, with the place [record/tamper] [command/audit-verify]', async () => {
  await using gateway = await startGateway({ config: { mcpServers: { own: stdioServer() } } })
  for (let index = 0; index < 5; index += 1) await callTool(gateway, 'own__echo', {})
  await gateway.stop()
  const { DatabaseSync } = await import('node:sqlite')
  const tamper = (sql: string): void => {
    const database = new DatabaseSync(gateway.storeFile)
    database.exec(sql)
    database.close()
  }
  tamper("UPDATE audit SET tool = 'harmless' WHERE seq = 4")
  const { code, stdout } = await gateway.command(['audit', 'verify', '--json'])
  expect([code, JSON.parse(stdout)]).toMatchObject([
    1,
    { ok: false, broken: [{ seq: 4, kind: 'edited' }] },
  ])
  tamper("UPDATE audit SET tool = 'echo' WHERE seq = 4")
  expect(await gateway.json<Report>(['audit', 'verify'])).toMatchObject({ ok: true })
  tamper('DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)')
  const cut = await gateway.command(['audit', 'verify', '--json'])
  expect([cut.code, JSON.parse(cut.stdout)]).toMatchObject([1, { broken: [{ kind: 'truncated' }] }])
})
