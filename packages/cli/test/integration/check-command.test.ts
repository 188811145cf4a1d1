import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { report as reportSchema } from '@sallyport/contract/checklist'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../fixtures/gateway.ts'
import { bareEnvironment } from '../fixtures/run-command.ts'
import { COMMAND, sallyport } from '../fixtures/sallyport.ts'
import { waitUntil } from '../fixtures/wait-until.ts'

const VALID = 'hangar/configuration/valid'
/** Asks for a key. */
const KEYED = 'door/malformed'
/** Waits for Prometheus. */
const WATCHED = 'hangar/observability/prometheus'

interface KeyRow {
  readonly name: string
  readonly role: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly revokedAt: string | null
}

let gateway: TestGateway
let prometheus: Silent

/** Takes connections and says nothing, so that a look at it lasts. */
interface Silent {
  readonly url: string
  readonly connections: () => number
  readonly close: () => void
}

async function startSilent(): Promise<Silent> {
  let connections = 0
  const server = createServer(() => (connections += 1)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    close: () => server.close(),
  }
}

beforeAll(async () => {
  prometheus = await startSilent()
  gateway = await startGateway({
    config: { checklist: { profile: 'local', prometheus: { url: prometheus.url } } },
  })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  prometheus?.close()
})

async function checklistKeys(): Promise<KeyRow[]> {
  const { items } = await gateway.api<{ items: KeyRow[] }>('keys?limit=500')
  return items.filter(({ name }) => name.startsWith('checklist-'))
}

/** A `check` under way, which is sent signals. */
function startCheck(args: readonly string[]): {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly closed: Promise<number | null>
} {
  const words = [COMMAND, 'check', ...args, '--config', gateway.configFile]
  const env = { ...bareEnvironment(), HOME: gateway.dir, TEST_TOKEN: gateway.token }
  const child = spawn(process.execPath, words, { env, cwd: gateway.dir, stdio: 'pipe' })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const closed = once(child, 'close').then(([code]) => code as number | null) // as Node documents it
  return { child, stdout: () => stdout, stderr: () => stderr, closed }
}

test('what is proved ends with 0, what is unproved with 3 [check/command/exit-code]', async () => {
  const proved = await gateway.command(['check', '--only', VALID])
  expect(proved).toMatchObject({ code: 0, stderr: '' })
  expect(proved.stdout).toContain('✓ passed: all 1 item is proved')
  const open = await gateway.command(['check', '--only', 'hangar/testing/failover'])
  expect(open.code).toBe(3)
  expect(open.stdout).toContain('-> run `sallyport drill failover`')
})

test('the key of a run is a caller of 15 minutes, one for all, and revoked with it [check/command/key]', async () => {
  const before = (await checklistKeys()).length
  await gateway.command(['check', '--only', KEYED, '--only', 'api/*'])
  const keys = await checklistKeys()
  expect(keys).toHaveLength(before + 1)
  const [key] = keys.slice(-1)
  expect(key).toMatchObject({ role: 'caller', revokedAt: expect.any(String) })
  const lifeMs = Date.parse(key?.expiresAt ?? '') - Date.parse(key?.createdAt ?? '')
  expect(Math.round(lifeMs / 60_000)).toBe(15)
})

test('a key that is given is used, and none is made [check/command/given-key]', async () => {
  const before = (await checklistKeys()).length
  const key = await gateway.createKey('for-the-checklist')
  const { stdout } = await sallyport(
    ['check', '--only', KEYED, '--json', '--config', gateway.configFile],
    { env: { HOME: gateway.dir, TEST_TOKEN: gateway.token, SALLYPORT_KEY: key }, cwd: gateway.dir },
  )
  expect(reportSchema.parse(JSON.parse(stdout)).summary.proved).toBeGreaterThan(0)
  expect(stdout).not.toContain(key)
  expect(await checklistKeys()).toHaveLength(before)
})

test('a signal ends a look: no report, its key revoked, the code of the signal [check/command/interrupted]', async () => {
  const before = prometheus.connections()
  const running = startCheck(['--only', KEYED, '--only', WATCHED, '--json'])
  await waitUntil('a look at Prometheus', async () => prometheus.connections() > before)
  await waitUntil('a key', async () =>
    (await checklistKeys()).some((key) => key.revokedAt === null),
  )
  running.child.kill('SIGINT')
  const code = await running.closed
  expect({ code, said: running.stdout() + running.stderr() }).toEqual({ code: 130, said: '' })
  expect((await checklistKeys()).filter((key) => key.revokedAt === null)).toEqual([])
})

test('a report of everything is kept and signed, a confined one is not [check/command/kept]', async () => {
  const whole = await gateway.command(['check', '--json'])
  const report = reportSchema.parse(JSON.parse(whole.stdout))
  expect(report.items).toHaveLength(420)
  expect(report.signature?.algorithm).toBe('EdDSA')
  expect(whole.code).toBe(1)
  const kept = await gateway.api<{ id: string }>('checklist/report')
  expect(kept.id).toBe(report.id)
  const { stdout } = await gateway.command(['check', '--json', '--only', VALID])
  expect(reportSchema.parse(JSON.parse(stdout))).not.toHaveProperty('signature')
  expect((await gateway.api<{ id: string }>('checklist/report')).id).toBe(report.id)
})

test('one item in full: how it is judged, what was seen, how it stood [check/command/explain]', async () => {
  const { code, stdout } = await gateway.command(['check', '--explain', VALID])
  expect(code).toBe(0)
  for (const part of [
    `${VALID}\n`,
    'state       ✓ proved',
    'config/valid, looked at: ',
    `sallyport attest ${VALID} --by NAME --note TEXT`,
    'How it stood before\n\n',
  ]) {
    expect(stdout).toContain(part)
  }
  expect(stdout).toMatch(/Z {2}✓ proved {2}\([0-9a-f-]{36}\)/)
  const missed = await gateway.command(['check', '--explain', 'hangar/configuration/vaild'])
  expect(missed).toMatchObject({ code: 2, stdout: '' })
  expect(missed.stderr).toContain('did you mean `hangar/configuration/valid`?')
  const answer = await gateway.command(['check', '--explain', 'config/valid'])
  expect(answer).toMatchObject({ code: 2 })
  expect(answer.stderr).toContain(`config/valid answers \`${VALID}\``)
})

test('figures are kept as a baseline, and those that are missing are named [check/command/baseline]', async () => {
  const { code, stdout } = await gateway.command(['check', '--accept-baseline', '--json'])
  const { items, missing } = JSON.parse(stdout) as {
    items: { name: string }[]
    missing: Record<string, string>
  } // as the command documents it
  expect(code).toBe(0)
  expect(items.map(({ name }) => name)).toContain('memory')
  expect(Object.keys(missing)).toContain('call p95')
  const kept = await gateway.api<{ items: { name: string }[] }>('checklist/baselines')
  expect(kept.items.map(({ name }) => name).sort()).toEqual(items.map(({ name }) => name).sort())
})

test('a form goes to a file, all of it, and the text is printed [check/command/out]', async () => {
  const file = join(gateway.dir, 'report.html')
  const { code, stdout, stderr } = await gateway.command([
    ...['check', '--only', VALID, '--html', '--out', 'report.html'],
  ])
  expect(code).toBe(0)
  expect(stdout).toContain('✓ passed')
  expect(stderr).toContain(`wrote ${file}`)
  expect(await readFile(file, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/)
  expect((await readdir(gateway.dir)).filter((name) => name.includes('.part'))).toEqual([])
  const refused = await gateway.command(['check', '--only', VALID, '--out', 'no/such/folder/x'])
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('cannot be written')
})

test('watching prints what changed, also a file that was broken under a gateway [check/command/watch] [check/command/broken-configuration]', async () => {
  const whole = await readFile(gateway.configFile, 'utf8')
  const running = startCheck(['--watch', '--every', '5s', '--only', VALID])
  try {
    await waitUntil('the first report', async () => running.stdout().includes('passed: all 1'))
    await writeFile(gateway.configFile, whole.replace('"mcpServers"', '"mcpServerz"'))
    await waitUntil('the change', async () => running.stdout().includes('was proved, is failed'))
    expect(running.stdout()).toContain('mcpServerz')
    running.child.kill('SIGTERM')
    expect(await running.closed).toBe(1)
    const broken = await gateway.command(['check', '--only', VALID, '--only', 'door/bad-key'])
    expect(broken.code).toBe(1)
    const json = await gateway.command(['check', '--only', 'door/bad-key', '--json'])
    const report = reportSchema.parse(JSON.parse(json.stdout))
    // The gateway that still runs is looked at all the same.
    expect(JSON.stringify(report.items)).toContain(`${gateway.data}/mcp`)
  } finally {
    running.child.kill('SIGKILL')
    await writeFile(gateway.configFile, whole)
  }
})

test('a gateway that hangs fails, and the rest is looked at all the same [check/command/hung]', async () => {
  process.kill(gateway.pid, 'SIGSTOP')
  try {
    const asked = ['check', '--only', VALID, '--only', 'health/endpoints', '--json']
    const { code, stdout, stderr } = await gateway.command(asked)
    const { items } = reportSchema.parse(JSON.parse(stdout))
    const state = (id: string) => items.find((item) => item.id === id)?.state
    expect([code, state(VALID), state('slack/server-setup/health')]).toEqual([
      1,
      'proved',
      'failed',
    ])
    expect(stdout).toContain('runs, but says nothing for 10 s')
    expect(stderr).toContain('the gateway that keeps them says nothing')
  } finally {
    process.kill(gateway.pid, 'SIGCONT')
  }
})

test('where no gateway runs no store is made [check/command/store]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-check-'))
  try {
    const file = join(folder, 'sallyport.yaml')
    await writeFile(file, 'store: sqlite:./data/sallyport.db\nmcpServers: {}\n')
    const { code, stderr } = await sallyport(['check', '--only', VALID, '--config', file], {
      env: { HOME: folder },
    })
    expect(code).toBe(0)
    expect(stderr).toContain('this one is not kept: there is no store yet')
    expect(await readdir(folder)).toEqual(['sallyport.yaml'])
  } finally {
    await rm(folder, { recursive: true })
  }
})
