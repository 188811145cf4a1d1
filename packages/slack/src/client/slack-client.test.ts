import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { AppError } from '@sallyport/kit/errors'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ClientBench, installationOf, KeptLog } from '../../test/fixtures/client-bench.ts'
import { type HttpScript, json, ScriptedHttp } from '../../test/fixtures/scripted-http.ts'
import { APP } from '../../test/fixtures/scripted-slack.ts'

const PLANTED = 'xoxb-planted-in-the-body'

/** Everything an error holds, causes and stacks included. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const details = error instanceof AppError ? JSON.stringify(error.details) : ''
  return `${error.stack} ${details} ${textOf(error.cause)}`
}

/** How a call fails, and what is sent for it. */
async function failureOf(script: HttpScript, write: boolean) {
  await using slack = await ScriptedHttp.open(script)
  const log = new KeptLog()
  using bench = new ClientBench({ origin: slack.origin, log, responseBytesMax: 10_000 })
  const error = await bench.call('T1', 'pins.add', {}, { write }).then(
    () => new AppError('internal', 'it did not fail'),
    (thrown: unknown) => AppError.from(thrown),
  )
  const told = textOf(error) + log.lines.join()
  expect(told).not.toMatch(/xox|planted|secret|<html/i)
  return { code: error.code, outcome: error.outcome, sent: slack.seen.length, error }
}

const html: HttpScript = (_seen, res) =>
  res.writeHead(200, { 'content-type': 'text/html' }).end(`<html>${PLANTED}</html>`)
const status =
  (code: number, headers: Record<string, string> = {}): HttpScript =>
  (_seen, res) =>
    res.writeHead(code, headers).end(PLANTED)
const refusal =
  (error: unknown): HttpScript =>
  (_seen, res) =>
    json(res, { ok: false, error, detail: PLANTED })
const bytes =
  (body: Buffer, headers: Record<string, string> = {}): HttpScript =>
  (_seen, res) =>
    res.writeHead(200, headers).end(body)
const bomb = gzipSync(Buffer.alloc(1_000_000, 0x20))

test('a call carries its own token and arguments, and gives the reply', async () => {
  await using slack = await ScriptedHttp.open((_seen, res) => json(res, { ok: true, ts: '1.2' }))
  using bench = new ClientBench({ origin: slack.origin })
  const reply = await bench.call('T1', 'chat.postMessage', {
    channel: 'C1',
    text: 'ä & b',
    blocks: [{ type: 'divider' }],
    thread_ts: undefined,
  })
  expect(reply).toMatchObject({ ok: true, ts: '1.2' })
  const [seen] = slack.seen
  expect(seen).toMatchObject({
    method: 'POST',
    path: '/api/chat.postMessage',
    authorization: 'Bearer xoxb-T1-secret',
  })
  expect(Object.fromEntries(seen?.form ?? [])).toEqual({
    channel: 'C1',
    text: 'ä & b',
    blocks: '[{"type":"divider"}]',
  })
  expect(bench.requested).toEqual(['chat.postMessage ok'])
})

test('calls of many workspaces at once carry only their own tokens [slack/client/isolated]', async () => {
  await using slack = await ScriptedHttp.open((seen, res) =>
    setImmediate(() => json(res, { ok: true, team: seen.form.get('team') })),
  )
  using bench = new ClientBench({ origin: slack.origin, callsPerMinute: 100_000 })
  const teams = Array.from({ length: 200 }, (_, index) => `T${index % 7}`)
  const replies = await Promise.all(
    teams.map((team, index) =>
      bench.call(team, 'team.info', { team }, { as: index % 3 === 0 ? 'user' : 'bot' }),
    ),
  )
  expect(replies.map(({ team }) => team)).toEqual(teams)
  for (const { authorization, form } of slack.seen) {
    expect(authorization).toMatch(new RegExp(`^Bearer xox[bp]-${form.get('team')}-secret$`))
    expect(form.has('token')).toBe(false)
  }
  expect(slack.seen).toHaveLength(200)
})

test.each([
  ['an unavailable Slack', status(503), ['slack_unavailable', 2], ['slack_outcome_unknown', 1]],
  ['a web page', html, ['slack_protocol', 1], ['slack_outcome_unknown', 1]],
  ['a method nobody knows', status(404), ['slack_protocol', 1], ['slack_protocol', 1]],
  [
    'a redirect',
    status(302, { location: 'http://127.0.0.1:1/' }),
    ['slack_protocol', 1],
    ['slack_protocol', 1],
  ],
  [
    'an error half way',
    refusal('internal_error'),
    ['slack_unavailable', 2],
    ['slack_outcome_unknown', 1],
  ],
  [
    'an error before anything',
    refusal('service_unavailable'),
    ['slack_unavailable', 2],
    ['slack_unavailable', 1],
  ],
  ['a code that is a text', refusal(PLANTED), ['slack_protocol', 1], ['slack_outcome_unknown', 1]],
  ['no code', refusal({ a: 1 }), ['slack_protocol', 1], ['slack_outcome_unknown', 1]],
  ['a list', bytes(Buffer.from('[]')), ['slack_protocol', 1], ['slack_outcome_unknown', 1]],
  [
    'bytes that are no text',
    bytes(Buffer.from([0x22, 0xff, 0x22])),
    ['slack_protocol', 1],
    ['slack_outcome_unknown', 1],
  ],
  [
    'a cut connection',
    (_seen, res) => res.destroy(),
    ['slack_unavailable', 2],
    ['slack_outcome_unknown', 1],
  ],
  [
    'half an answer',
    (_seen, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('{"ok":')
      setImmediate(() => res.destroy())
    },
    ['slack_unavailable', 2],
    ['slack_outcome_unknown', 1],
  ],
  [
    'too much',
    bytes(Buffer.alloc(20_000, 0x20)),
    ['result_too_large', 1],
    ['slack_outcome_unknown', 1],
  ],
  [
    'too much once unpacked',
    bytes(bomb, { 'content-encoding': 'gzip' }),
    ['result_too_large', 1],
    ['slack_outcome_unknown', 1],
  ],
  ['its own no', refusal('is_archived'), ['slack_refused', 1], ['slack_refused', 1]],
  [
    'an unknown channel',
    refusal('channel_not_found'),
    ['slack_channel_unknown', 1],
    ['slack_channel_unknown', 1],
  ],
] satisfies [string, HttpScript, [string, number], [string, number]][])(
  '%s has a code that shows nothing of it, and no change is sent twice [slack/client/errors] [slack/client/once]',
  async (_case, script, read, write) => {
    const [reading, writing] = await Promise.all([
      failureOf(script, false),
      failureOf(script, true),
    ])
    expect([reading.code, reading.sent]).toEqual(read)
    expect([writing.code, writing.sent]).toEqual(write)
    const isUnknown = writing.code === 'slack_outcome_unknown'
    expect(writing.outcome === 'unknown').toBe(isUnknown)
  },
)

test('a change whose connection was refused was not sent, and says so', async () => {
  const closed = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(closed, 'listening')
  const address = closed.address()
  const port = typeof address === 'object' ? address?.port : 0
  closed.close()
  await once(closed, 'close')
  using bench = new ClientBench({ origin: `http://127.0.0.1:${port}` })
  const call = bench.call('T1', 'pins.add', {}, { write: true })
  await expect(call).rejects.toMatchObject({ code: 'slack_unavailable', outcome: 'not_sent' })
})

test('a read is tried once more, and a lost answer of the first try is not told', async () => {
  let count = 0
  await using slack = await ScriptedHttp.open((seen, res, req) => {
    count += 1
    if (count === 1) status(502)(seen, res, req)
    else json(res, { ok: true, count })
  })
  using bench = new ClientBench({ origin: slack.origin })
  expect(await bench.call('T1', 'team.info')).toMatchObject({ count: 2 })
})

test('the scope that is missing is named, and nothing that is no scope', async () => {
  const missing = (needed: unknown): HttpScript => {
    return (_seen, res) => json(res, { ok: false, error: 'missing_scope', needed })
  }
  const named = await failureOf(missing('channels:history,groups:history'), false)
  expect(named.code).toBe('slack_scope_missing')
  expect(named.error.message).toContain('channels:history,groups:history')
  for (const needed of [`${PLANTED} <b>`, PLANTED, 'xoxb-planted-token']) {
    const odd = await failureOf(missing(needed), false)
    expect(odd.error.message).toContain('lacks a scope')
  }
})

test('a reply that lacks what was asked for is no success, and a change that was done is not done again', async () => {
  await using slack = await ScriptedHttp.open((_seen, res) => json(res, { ok: true, ts: 5 }))
  using bench = new ClientBench({ origin: slack.origin })
  const api = bench.clients.of(APP, installationOf('T1'))
  const ask = { reply: z.object({ ts: z.string() }), signal: new AbortController().signal }
  await expect(api.call('pins.list', {}, ask)).rejects.toMatchObject({ code: 'slack_protocol' })
  const write = api.call('pins.add', {}, { ...ask, write: true })
  await expect(write).rejects.toMatchObject({ code: 'slack_outcome_unknown' })
  expect(slack.seen).toHaveLength(2)
})

test('a refused token is told to its installation, and only a new one is tried, once', async () => {
  await using slack = await ScriptedHttp.open((seen, res) =>
    json(
      res,
      seen.authorization === 'Bearer fresh' ? { ok: true } : { ok: false, error: 'token_expired' },
    ),
  )
  using bench = new ClientBench({ origin: slack.origin })
  const dead = bench.call('T1', 'team.info')
  await expect(dead).rejects.toMatchObject({ code: 'slack_reinstall' })
  await expect(dead).rejects.toThrow(/Team T1 \(T1\)/)
  expect(slack.seen).toHaveLength(1)
  bench.installations.again = true
  await expect(bench.call('T1', 'team.info')).rejects.toMatchObject({ code: 'slack_reinstall' })
  expect(slack.seen).toHaveLength(3)
  const { refusals, tokens } = bench.installations
  const before = refusals.length
  bench.installations.refused = async () => tokens.set('T1/bot', 'fresh').size > 0
  // A change too: Slack did nothing with a token that it refused.
  expect(await bench.call('T1', 'pins.add', {}, { write: true })).toMatchObject({ ok: true })
  expect(refusals.slice(0, before).every(({ error }) => error === 'token_expired')).toBe(true)
})

test('the name of a method can name no address', async () => {
  await using slack = await ScriptedHttp.open((_seen, res) => json(res, { ok: true }))
  using bench = new ClientBench({ origin: slack.origin })
  for (const name of ['http://127.0.0.1:1/x', '../x', 'chat.postMessage?a=b', 'chat', '']) {
    await expect(bench.call('T1', name)).rejects.toMatchObject({ code: 'internal' })
  }
  expect(slack.seen).toEqual([])
})

// Vitest resolves modules in its own way: only Node itself shows what an import of the SDK gives.
test('under plain Node the SDK is there, and prints nothing of what it sends or gets [slack/client/silent]', async () => {
  await using slack = await ScriptedHttp.open((_seen, res) =>
    json(res, {
      ok: true,
      access_token: PLANTED,
      response_metadata: { warnings: [PLANTED], messages: [`[ERROR] ${PLANTED}`, '[WARN] no'] },
    }),
  )
  const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
  const program = `
    import { ClientBench } from ${at('../../test/fixtures/client-bench.ts')}
    using bench = new ClientBench({ origin: '${slack.origin}' })
    const args = { client_secret: 's3cret', code: 'c0de', text: '', attachments: [{}], thread_ts: 1.5 }
    const reply = await bench.call('T1', 'chat.postMessage', args)
    console.log(reply.ok)`
  const env = { ...process.env, DEBUG: '*', NODE_DEBUG: '', NODE_NO_WARNINGS: '1' }
  const run = promisify(execFile)
  const { stdout, stderr } = await run(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { env, cwd: new URL('../..', import.meta.url).pathname, timeout: 20_000 },
  )
  expect([stdout, stderr]).toEqual(['true\n', ''])
  expect(slack.seen).toHaveLength(1)
})
