import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { ALPHA, APP } from '../fixtures/world.ts'
import { Rig } from '../fixtures/rig.ts'
import { RunningServer, type Told, TOKEN } from '../fixtures/running-server.ts'

/** Tools that read leave themselves most of a second of it to answer. */
const CALL_MS = 2_000
const LIST = 'conversations.list'
const META_ERROR = 'dev.sallyport/error'
const UPSTREAM = 'the-inner-text-of-slack'

let rig: Rig
let server: RunningServer

beforeAll(async () => {
  rig = await Rig.open()
  server = await RunningServer.start({
    rig,
    env: {
      SLACK_CALL_MS: String(CALL_MS),
      SLACK_TEST_CALLS_PER_MINUTE: '1000000',
      SLACK_RATE_PER_SECOND: '10000',
      SLACK_RATE_BURST: '10000',
    },
  })
  await rig.browse(`${server.url}/slack/install`)
})
afterAll(async () => {
  const told = server.lines.join('')
  const secrets = [...rig.vault.everything(), APP.clientSecret, APP.signingSecret, TOKEN, UPSTREAM]
  for (const secret of secrets) expect(told).not.toContain(secret)
  expect(told).not.toMatch(/\n\s+at |node_modules/)
  await server[Symbol.asyncDispose]()
  await rig[Symbol.asyncDispose]()
})

function errorOf({ body }: Told): { code: string; retryable: boolean; requestId: string } {
  return body?.result._meta[META_ERROR]
}

test('a call that Slack leaves hanging ends at its deadline, and so does its request to Slack [slack/serving/deadline]', async () => {
  rig.fault({ kind: 'hang' }, { method: LIST })
  const startedMs = performance.now()
  const told = await server.call('slack_list_channels')
  expect(errorOf(told)).toMatchObject({ code: 'deadline_exceeded', retryable: true })
  expect(told.body?.result.isError).toBe(true)
  expect(performance.now() - startedMs).toBeLessThan(CALL_MS + 1_500)
  await expect.poll(() => rig.calls(LIST).at(-1)?.abandoned).toBe(true)
})

test('a call that its client cancels or leaves ends at once; a stream that listens goes on [slack/serving/deadline]', async () => {
  const authorization = `Bearer ${TOKEN}`
  const session = (await server.initialize()).headers.get('mcp-session-id') ?? ''
  const leaving = new AbortController()
  const stream = await fetch(`${server.url}/mcp`, {
    headers: { authorization, accept: 'text/event-stream', 'mcp-session-id': session },
    signal: leaving.signal,
  })
  let ended = false
  const reading = stream.body
    ?.pipeTo(new WritableStream())
    .catch(() => undefined)
    .finally(() => (ended = true))

  const before = rig.calls(LIST).length
  rig.fault({ kind: 'hang' }, { method: LIST, times: 2 })
  const params = { name: 'slack_list_channels', arguments: {} }
  const cancelled = server.legacy('tools/call', params, { session, id: 77 })
  await rig.seen(LIST, before + 1)
  const sinceMs = performance.now()
  const notification = { method: 'notifications/cancelled', params: { requestId: 77 } }
  await server.post({ jsonrpc: '2.0', ...notification }, { session })
  expect(errorOf(await cancelled).code).toBe('cancelled')
  expect(performance.now() - sinceMs).toBeLessThan(CALL_MS / 2)

  const gone = new AbortController()
  const left = server.call('slack_list_channels', {}, { signal: gone.signal })
  await rig.seen(LIST, before + 2)
  gone.abort()
  await expect(left).rejects.toThrow()
  await expect.poll(() => rig.calls(LIST).at(-1)?.abandoned).toBe(true)
  await expect.poll(() => server.server.load.requests).toBe(0)

  await new Promise((resolve) => setTimeout(resolve, CALL_MS + 200))
  expect(ended).toBe(false)
  leaving.abort()
  await reading
})

test('500 calls whose clients went away leave no connection behind [slack/serving/deadline]', async () => {
  const sockets = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length
  const afterRound: number[] = []
  const script = rig.fault({ kind: 'hang' }, { method: LIST, times: 500 })
  for (let round = 0; round < 10; round += 1) {
    const seen = rig.calls(LIST).length
    const gone = new AbortController()
    const calls = Array.from({ length: 50 }, () =>
      server.call('slack_list_channels', {}, { signal: gone.signal }).catch(() => undefined),
    )
    await rig.seen(LIST, seen + 50)
    gone.abort()
    await Promise.all(calls)
    await expect.poll(() => server.server.load.requests).toBe(0)
    afterRound.push(sockets())
  }
  script.release()
  expect((await server.call('slack_list_channels')).body?.result.isError).toBe(undefined)
  // As many as one round needs may be kept for the next.
  expect(Math.max(...afterRound)).toBeLessThan((afterRound[0] ?? 0) + 150)
})

test.each([
  ['an error of its own', { kind: 'answer', json: { ok: false, error: UPSTREAM } }],
  ['a page', { kind: 'html' }],
  ['an error page', { kind: 'status', status: 500, body: UPSTREAM }],
  ['a cut', { kind: 'cut' }],
] as const)(
  '%s instead of an answer of Slack is a tool error that leaks nothing [slack/serving/recorded]',
  async (_case, fault) => {
    const script = rig.fault(fault, { method: LIST, times: 9 })
    onTestFinished(() => script.release())
    const told = await server.call('slack_list_channels')
    expect([told.status, told.body?.result.isError]).toEqual([200, true])
    expect(errorOf(told).code).toMatch(/^slack_/)
    expect(told.headers.get('x-request-id')).toBe(errorOf(told).requestId)
    for (const secret of [...rig.vault.everything(), UPSTREAM, '<html', 'node:', '/src/']) {
      expect(told.text).not.toContain(secret)
    }
  },
)

test('a stop lets a running call finish, and a start after it finds everything [slack/serving/stops]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slack-stop-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const first = await RunningServer.start({ rig, folder, env: { SLACK_DRAIN_MS: '5000' } })
  await rig.browse(`${first.url}/slack/install`)
  const before = rig.calls(LIST).length
  const held = rig.fault({ kind: 'hold' }, { method: LIST })
  const running = first.call('slack_list_channels')
  await rig.seen(LIST, before + 1)
  const stopped = first[Symbol.asyncDispose]()
  await expect
    .poll(() =>
      fetch(`${first.url}/health`).then(
        () => 'up',
        () => 'down',
      ),
    )
    .toBe('down')
  held.release()
  const told = await running
  expect([told.status, told.body?.result.isError]).toEqual([200, undefined])
  await stopped

  await using second = await RunningServer.start({ rig, folder })
  const again = await second.call('slack_list_channels')
  expect(again.body?.result.structuredContent.channels.length).toBeGreaterThan(0)
})

test('a start that fails leaves no lock behind, and the port to whom it belongs [slack/serving/stops]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slack-failed-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const failing = RunningServer.start({ folder, env: { PORT: port } })
  await expect(failing).rejects.toMatchObject({ code: 'port_taken' })
  taken.close()
  await using second = await RunningServer.start({ folder })
  await expect(RunningServer.start({ folder })).rejects.toMatchObject({ code: 'store_locked' })
  expect((await second.modern('tools/list')).status).toBe(200)
})

test('tools follow what was installed, and whoever listens is told [slack/serving/granted]', async () => {
  const scopes = 'channels:read,team:read'
  await using fresh = await RunningServer.start({ rig, env: { SLACK_SCOPES: scopes } })
  const names = async (): Promise<string[]> => {
    const { body } = await fresh.modern('tools/list')
    return body?.result.tools.map(({ name }: { name: string }) => name)
  }
  expect(await names()).toContain('slack_list_channels')
  expect(await names()).not.toContain('slack_get_channel_history')
  const hidden = await fresh.call('slack_get_channel_history')
  const missing = await fresh.call('slack_get_channel_mystery')
  expect(hidden.body?.error.code).toBe(-32602)
  expect(hidden.text).toBe(missing.text.replace('mystery', 'history'))

  const leaving = new AbortController()
  const session = (await fresh.initialize()).headers.get('mcp-session-id') ?? ''
  const stream = await fetch(`${fresh.url}/mcp`, {
    headers: {
      ...{ authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream' },
      'mcp-session-id': session,
    },
    signal: leaving.signal,
  })
  await rig.browse(`${fresh.url}/slack/install`, { team: `T${ALPHA.letters}0001` })
  let seen = ''
  if (!stream.body) throw new Error('there is no stream')
  for await (const chunk of stream.body.pipeThrough(new TextDecoderStream())) {
    seen += chunk
    if (seen.includes('notifications/tools/list_changed')) break
  }
  expect(seen).toContain('notifications/tools/list_changed')
  leaving.abort()
})

test('a stop lets an installation finish whose code Slack has taken [slack/serving/stops]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slack-stop-install-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const first = await RunningServer.start({ rig, folder, env: { SLACK_DRAIN_MS: '5000' } })
  const before = rig.calls('oauth.v2.access').length
  const held = rig.fault({ kind: 'hold' }, { method: 'oauth.v2.access' })
  const installing = rig.browse(`${first.url}/slack/install`)
  await rig.seen('oauth.v2.access', before + 1)
  const stopped = first[Symbol.asyncDispose]()
  const isUp = () =>
    fetch(`${first.url}/health`).then(
      () => true,
      () => false,
    )
  await expect.poll(isUp).toBe(false)
  await new Promise((resolve) => setTimeout(resolve, 1_300))
  held.release()
  expect((await installing).status).toBe(200)
  await stopped
  await using second = await RunningServer.start({ rig, folder })
  expect((await second.call('slack_list_channels')).body?.result.isError).toBe(undefined)
})
