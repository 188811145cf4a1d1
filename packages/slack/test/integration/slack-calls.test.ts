import { AppError } from '@sallyport/kit/errors'
import { expect, onTestFinished, test } from 'vitest'
import type { RigOptions } from '../fixtures/rig.ts'
import { GENERAL_A, GENERAL_B, SlackWorld, TEAM_A, TEAM_B } from '../fixtures/slack-world.ts'
import { APP } from '../fixtures/world.ts'

async function openWorld(options: RigOptions = {}, callsPerMinute?: number): Promise<SlackWorld> {
  const world = await SlackWorld.open(options, callsPerMinute)
  onTestFinished(() => world[Symbol.asyncDispose]())
  return world
}

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (thrown: unknown) => AppError.from(thrown).code,
  )

test('200 interleaved calls of two workspaces, over two processes, carry only the token of their own [slack/client/isolated]', async () => {
  const { rig, processes } = await openWorld({}, 100_000)
  const own = { [TEAM_A]: GENERAL_A, [TEAM_B]: GENERAL_B }
  const calls = Array.from({ length: 200 }, async (_, index) => {
    const team = index % 2 === 0 ? TEAM_A : TEAM_B
    const { call } = processes[Math.floor(index / 2) % 2 === 0 ? 0 : 1]
    return index % 5 === 0
      ? call(team, 'chat.postMessage', { channel: own[team], text: team }, { write: true })
      : call(team, 'conversations.history', { channel: own[team] })
  })
  await Promise.all(calls)
  const tokens = (team: string): Set<string | null> =>
    new Set(rig.calls(undefined, team).map(({ token }) => token))
  expect([tokens(TEAM_A).size, tokens(TEAM_B).size]).toEqual([1, 1])
  const made = [...rig.calls('conversations.history'), ...rig.calls('chat.postMessage')]
  expect(made).toHaveLength(200)
  expect(made.every(({ team, args }) => own[team as keyof typeof own] === args.channel)).toBe(true)
  const [one] = processes
  const foreign = codeOf(one.call(TEAM_A, 'conversations.history', { channel: GENERAL_B }))
  expect(await foreign).toBe(
    await codeOf(one.call(TEAM_A, 'conversations.history', { channel: 'CNOSUCH001' })),
  )
  expect(await foreign).toBe('slack_channel_unknown')
})

test('a pause of 1 s is sat out, one of 60 s is told at once, and another workspace goes on [slack/client/retry-after]', async () => {
  const { rig, processes } = await openWorld()
  const [one, two] = processes
  const history = (team: string, channel: string, { call } = one) =>
    call(team, 'conversations.history', { channel })
  const startMs = performance.now()
  rig.fault({ kind: 'rate', retryAfterS: 1 }, { method: 'conversations.history', team: TEAM_A })
  const slow = history(TEAM_A, GENERAL_A)
  await rig.seen('conversations.history')
  await history(TEAM_B, GENERAL_B)
  expect(performance.now() - startMs).toBeLessThan(900)
  await slow
  const [first, second] = rig.calls('conversations.history', TEAM_A)
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000)
  rig.fault({ kind: 'rate', retryAfterS: 60 }, { method: 'conversations.history', team: TEAM_A })
  const refused = history(TEAM_A, GENERAL_A)
  await expect(refused).rejects.toMatchObject({ code: 'slack_rate_limited', retryAfterMs: 60_000 })
  // Nor does the other process ask before the time is up.
  expect(await codeOf(history(TEAM_A, GENERAL_A, two))).toBe('slack_rate_limited')
  expect(rig.calls('conversations.history', TEAM_A)).toHaveLength(3)
  expect(await codeOf(history(TEAM_B, GENERAL_B, two))).toBe('ok')
})

test.each([
  ['the connection is cut', { kind: 'drop' }],
  ['503 comes back', { kind: 'accept-then', status: 503 }],
] as const)(
  'a post that was taken before %s is there once, and its outcome is unknown [slack/client/once]',
  async (_case, fault) => {
    const { rig, one } = await openWorld()
    rig.fault(fault, { method: 'chat.postMessage' })
    const post = one.call(
      TEAM_A,
      'chat.postMessage',
      { channel: GENERAL_A, text: 'once' },
      { write: true, budget: GENERAL_A },
    )
    await expect(post).rejects.toMatchObject({
      ...{ code: 'slack_outcome_unknown', outcome: 'unknown' },
      spec: { retryable: false },
    })
    expect(rig.calls('chat.postMessage')).toHaveLength(1)
    const { messages } = await rig.as(TEAM_A, 'conversations.history', { channel: GENERAL_A })
    const texts = (messages as { text: string }[]).map(({ text }) => text) // the emulator's form
    expect(texts.filter((text) => text === 'once')).toHaveLength(1)
  },
)

test('whatever Slack answers, neither an error nor a line of the log holds a token, a secret or its text [slack/client/errors]', async () => {
  const { rig, one, log } = await openWorld({}, 100_000)
  const token = rig.vault.everything()[0] ?? ''
  const planted = `upstream says ${token}`
  const faults = [
    { kind: 'answer', json: { ok: false, error: planted } },
    { kind: 'answer', json: { ok: false, error: 'not_allowed', detail: planted } },
    { kind: 'answer', json: { ok: false, error: 'missing_scope', needed: 'pins:read' } },
    { kind: 'answer', json: { ok: true, channel: planted } },
    { kind: 'status', status: 500, body: planted },
    { kind: 'status', status: 400, body: planted },
    { kind: 'html' },
    { kind: 'cut' },
    { kind: 'hang' },
  ] as const
  const told: string[] = []
  for (const fault of faults) {
    const script = rig.fault(fault, { method: 'pins.list', times: 2 })
    const deadlineMs = performance.now() + (fault.kind === 'hang' ? 100 : 2_000)
    const error = await one.call(TEAM_A, 'pins.list', { channel: GENERAL_A }, { deadlineMs }).then(
      () => new AppError('internal', 'it did not fail'),
      (thrown: unknown) => AppError.from(thrown),
    )
    script.release()
    told.push(error.code, `${error.stack}`, JSON.stringify(error.details), String(error.cause))
  }
  expect(told.filter((_text, index) => index % 4 === 0)).toEqual([
    ...['slack_protocol', 'slack_refused', 'slack_scope_missing', 'internal'],
    ...['slack_unavailable', 'slack_protocol', 'slack_protocol', 'slack_unavailable'],
    'deadline_exceeded',
  ])
  const everything = [...told, ...log.lines].join('\n')
  const secrets = [...rig.vault.everything(), APP.clientSecret, 'upstream says', '<html']
  expect(secrets.filter((secret) => everything.includes(secret))).toEqual([])
})

test('a token that Slack calls expired is refreshed once for all calls of two processes, and they succeed', async () => {
  const { rig, processes } = await openWorld({ apps: [{ ...APP, rotating: true }] }, 100_000)
  rig.vault.expire(TEAM_A)
  const calls = Array.from({ length: 30 }, (_, index) =>
    processes[index % 2 === 0 ? 0 : 1].call(
      TEAM_A,
      'chat.postMessage',
      { channel: GENERAL_A, text: `${index}` },
      { write: true },
    ),
  )
  await Promise.all(calls)
  expect(rig.calls('oauth.v2.access#refresh')).toHaveLength(1)
  const posted = rig.calls('chat.postMessage').filter(({ error }) => error === null)
  expect(posted).toHaveLength(30)
})

test('a revoked token ends in "install again" without another try, and the other workspace goes on', async () => {
  const { rig, one } = await openWorld()
  rig.vault.refuse('token_revoked', TEAM_A)
  const call = one.call(TEAM_A, 'conversations.history', { channel: GENERAL_A })
  await expect(call).rejects.toMatchObject({ code: 'slack_reinstall' })
  await expect(call).rejects.toThrow(/Alpha \(TALPHA0001\)/)
  expect(await codeOf(one.call(TEAM_A, 'conversations.list'))).toBe('slack_reinstall')
  expect(rig.calls(undefined, TEAM_A)).toHaveLength(1)
  expect(await codeOf(one.call(TEAM_B, 'conversations.list'))).toBe('ok')
})

test('a call that is cancelled while Slack hangs ends at once, and its request is given up', async () => {
  const { rig, one } = await openWorld()
  rig.fault({ kind: 'hang' }, { method: 'conversations.list' })
  const controller = new AbortController()
  const call = codeOf(one.call(TEAM_A, 'conversations.list', {}, { signal: controller.signal }))
  const [seen] = await rig.seen('conversations.list')
  controller.abort(new AppError('cancelled', 'the caller cancelled'))
  expect(await call).toBe('cancelled')
  await expect.poll(() => seen?.abandoned).toBe(true)
  expect(one.exchange.sockets).toBe(0)
})
