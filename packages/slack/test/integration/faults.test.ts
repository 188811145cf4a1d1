import { expect, onTestFinished, test } from 'vitest'
import { Rig } from '../fixtures/rig.ts'
import { OTHER_TOKEN, RunningServer, TOKEN, type Told } from '../fixtures/running-server.ts'
import { GENERAL_A, GENERAL_B, TEAM_A, TEAM_B } from '../fixtures/slack-world.ts'
import { APP } from '../fixtures/world.ts'

const BOUND = `ana:${TEAM_A}=${TOKEN},ben:${TEAM_B}=${OTHER_TOKEN}`
const HISTORY = 'slack_get_channel_history'

/** A server with both workspaces installed and a token for each. */
async function open(env: Readonly<Record<string, string>> = {}) {
  const rig = await Rig.open()
  onTestFinished(() => rig[Symbol.asyncDispose]())
  const server = await RunningServer.start({
    rig,
    env: { SALLYPORT_TOKEN: BOUND, SLACK_TEST_CALLS_PER_MINUTE: '100000', ...env },
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  for (const team of [TEAM_A, TEAM_B]) {
    const shown = await rig.browse(`${server.url}/slack/install`, { team })
    expect(shown.status).toBe(200)
  }
  const history = (token: string, args: object = {}, signal?: AbortSignal) => {
    const channel_id = token === TOKEN ? GENERAL_A : GENERAL_B
    const ask = { token, ...(signal === undefined ? {} : { signal }) }
    return server.call(HISTORY, { channel_id, ...args }, ask)
  }
  return { rig, server, history }
}

/** What a tool error says, without what differs from call to call. */
function errorOf({ status, body }: Told) {
  const { isError, content, _meta } = body?.result ?? {}
  const { requestId: _requestId, ...error } = _meta?.['dev.sallyport/error'] ?? {}
  return { status, isError, text: content?.[0]?.text, ...error }
}

test('a token of one workspace is told the same of another one, its channels and of none, and 200 interleaved calls stay apart [slack/access/bound] [slack/client/isolated]', async () => {
  const { rig, history } = await open()
  const foreign = errorOf(await history(TOKEN, { team_id: TEAM_B }))
  expect(foreign).toMatchObject({ isError: true, code: 'slack_team_unknown' })
  expect(errorOf(await history(TOKEN, { team_id: 'TNOSUCH001' }))).toEqual(foreign)
  const channel = errorOf(await history(TOKEN, { channel_id: GENERAL_B }))
  expect(channel).toMatchObject({ isError: true, code: 'slack_channel_unknown' })
  expect(errorOf(await history(TOKEN, { channel_id: 'CNOSUCH001' }))).toEqual(channel)
  expect(rig.calls(undefined, TEAM_B).filter(({ method }) => method.startsWith('conv'))).toEqual([])

  const before = rig.calls('conversations.history').length
  const calls = Array.from({ length: 200 }, (_, index) =>
    history(index % 2 === 0 ? TOKEN : OTHER_TOKEN),
  )
  const told = await Promise.all(calls)
  expect(told.filter(({ body }) => body?.result?.isError !== undefined)).toEqual([])
  const seen = rig.calls('conversations.history').slice(before)
  expect(seen).toHaveLength(200)
  for (const team of [TEAM_A, TEAM_B]) {
    const own = seen.filter((call) => call.team === team)
    expect([own.length, new Set(own.map(({ token }) => token)).size]).toEqual([100, 1])
    expect(
      own.every(({ args }) => args.channel === (team === TEAM_A ? GENERAL_A : GENERAL_B)),
    ).toBe(true)
  }
})

test('a long pause of Slack is a tool error with its seconds, at once, and another workspace goes on [slack/client/retry-after]', async () => {
  const { rig, history } = await open()
  rig.fault({ kind: 'rate', retryAfterS: 1 }, { method: 'conversations.history', team: TEAM_A })
  const startMs = performance.now()
  const absorbed = history(TOKEN)
  await rig.seen('conversations.history')
  expect(errorOf(await history(OTHER_TOKEN)).isError).toBeUndefined()
  expect(performance.now() - startMs).toBeLessThan(900)
  expect(errorOf(await absorbed).isError).toBeUndefined()
  rig.fault({ kind: 'rate', retryAfterS: 60 }, { method: 'conversations.history', team: TEAM_A })
  expect(errorOf(await history(TOKEN))).toMatchObject({
    ...{ isError: true, code: 'slack_rate_limited', retryable: true, retryAfterMs: 60_000 },
  })
  const asked = rig.calls('conversations.history', TEAM_A).length
  expect(errorOf(await history(TOKEN)).code).toBe('slack_rate_limited')
  expect(rig.calls('conversations.history', TEAM_A)).toHaveLength(asked)
  expect(errorOf(await history(OTHER_TOKEN)).isError).toBeUndefined()
})

test('whatever Slack answers, neither an answer nor the log at its lowest level holds a secret, a path or its text [slack/client/errors]', async () => {
  const { rig, server, history } = await open({ SLACK_CALL_MS: '1500' })
  const [token = ''] = rig.vault.everything()
  const planted = `upstream says ${token}`
  const answers: string[] = []
  const codes: unknown[] = []
  const faults = [
    { kind: 'answer', json: { ok: false, error: planted, stack: 'at /srv/app.js:1:1' } },
    { kind: 'answer', json: { ok: false, error: 'missing_scope', needed: 'channels:history' } },
    { kind: 'answer', json: { ok: true, messages: planted } },
    { kind: 'status', status: 500, body: planted },
    { kind: 'html' },
    { kind: 'cut' },
    { kind: 'hang' },
  ] as const
  for (const fault of faults) {
    const script = rig.fault(fault, { method: 'conversations.history', times: 2 })
    const told = await history(TOKEN)
    script.release()
    answers.push(told.text, JSON.stringify([...told.headers]))
    const { isError, code, text } = errorOf(told)
    expect(isError).toBe(true)
    expect(told.headers.get('x-request-id')).toBe(
      told.body?.result._meta['dev.sallyport/error'].requestId,
    )
    codes.push(code)
    if (code === 'slack_scope_missing') expect(text).toContain('channels:history')
  }
  expect(codes).toEqual([
    ...['slack_protocol', 'slack_scope_missing', 'slack_protocol', 'slack_unavailable'],
    ...['slack_protocol', 'slack_unavailable', 'deadline_exceeded'],
  ])
  const everything = [...answers, ...server.lines].join('\n')
  const secrets = [...rig.vault.everything(), APP.clientSecret, TOKEN, OTHER_TOKEN]
  const shown = [...secrets, 'upstream says', '<html', '/srv/app.js']
  expect(shown.filter((text) => everything.includes(text))).toEqual([])
  expect(answers.filter((text) => /node_modules|packages\/|\.ts:\d/.test(text))).toEqual([])
})

test('a Slack that hangs costs its callers the time of a call, those who go nothing, and open streams go on [slack/client/deadline]', async () => {
  const { rig, server, history } = await open({ SLACK_CALL_MS: '700', SLACK_CONCURRENT: '200' })
  const session = (await server.initialize()).headers.get('mcp-session-id') ?? ''
  const leaving = new AbortController()
  const stream = await fetch(`${server.url}/mcp`, {
    headers: {
      ...{ authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream' },
      ...{ 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' },
    },
    signal: leaving.signal,
  })
  expect(stream.status).toBe(200)
  let streamEnded = false
  const reading = stream.text().then(
    () => (streamEnded = true),
    () => undefined,
  )

  const hang = rig.fault({ kind: 'hang' }, { method: 'conversations.history', times: Infinity })
  const startMs = performance.now()
  expect(errorOf(await history(TOKEN))).toMatchObject({ isError: true, code: 'deadline_exceeded' })
  expect(performance.now() - startMs).toBeLessThan(2_500)
  await expect.poll(() => rig.calls('conversations.history')[0]?.abandoned).toBe(true)

  // A client of the legacy era says that it does not want the answer any more.
  const params = { name: HISTORY, arguments: { channel_id: GENERAL_A } }
  const cancelled = server.legacy('tools/call', params, { session, id: 77 })
  await rig.seen('conversations.history', 2)
  const notification = {
    ...{ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 77 } },
  }
  await server.post(notification, { session })
  await expect.poll(() => rig.calls('conversations.history')[1]?.abandoned).toBe(true)
  await cancelled

  // Others just go.
  const gone = new AbortController()
  const left = history(TOKEN, {}, gone.signal)
  left.catch(() => undefined) // looked at below
  await rig.seen('conversations.history', 3)
  gone.abort()
  await expect(left).rejects.toThrow()
  await expect.poll(() => rig.calls('conversations.history')[2]?.abandoned).toBe(true)
  expect(streamEnded).toBe(false)
  hang.release()
  expect(errorOf(await history(TOKEN)).isError).toBeUndefined()
  leaving.abort()
  await reading
})

test('500 callers who leave while Slack hangs leave no call and no connection behind [slack/client/deadline]', async () => {
  const { rig, server, history } = await open({ SLACK_CONCURRENT: '200' })
  const hang = rig.fault({ kind: 'hang' }, { method: 'conversations.history', times: Infinity })
  for (let round = 0; round < 5; round += 1) {
    const controller = new AbortController()
    const calls = Array.from({ length: 100 }, (_, index) =>
      history(index % 2 === 0 ? TOKEN : OTHER_TOKEN, {}, controller.signal),
    )
    const over = Promise.allSettled(calls)
    await rig.seen('conversations.history', (round + 1) * 100)
    controller.abort()
    await over
  }
  const seen = rig.calls('conversations.history')
  expect(seen).toHaveLength(500)
  await expect.poll(() => seen.filter(({ abandoned }) => !abandoned).length).toBe(0)
  await expect.poll(() => server.server.load.requests).toBe(0)
  hang.release()
  expect(errorOf(await history(TOKEN)).isError).toBeUndefined()
})
