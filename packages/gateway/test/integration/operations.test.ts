import {
  adminError,
  checkReport,
  configDiff,
  configStatus,
  generationList,
  generationText,
  groupList,
  logList,
  markChanged,
  reloadReport,
  serverDone,
  serverItem,
  usageList,
} from '@sallyport/contract/admin'
import { problemsOf } from '@sallyport/kit/config'
import { AppError } from '@sallyport/kit/errors'
import { callSocket } from '@sallyport/kit/lifecycle'
import { expect, test } from 'vitest'
import { openFixture } from './admin-fixture.ts'
import { GROUP, PROBLEM, USAGE } from './operations-fixture.ts'

type Fixture = Awaited<ReturnType<typeof openFixture>>

/** Asks as an admin; a body makes it a POST. */
function ask(fixture: Fixture, url: string, method = 'GET', body?: object) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  return fixture.ask(`/api/v1/${url}`, { method, key: fixture.adminKey, ...sent })
}

test('shows a server with what an operator needs to know of it', async () => {
  await using fixture = await openFixture()
  const files = serverItem.parse((await ask(fixture, 'servers/files')).json)
  expect(files).toMatchObject({
    ...{ name: 'files', pids: [41, 42], tools: 11, inFlight: 3, breaker: 'closed', check: null },
    ...{ mark: null, groups: [], prestart: false, owner: 'platform@example.com' },
    ...{ description: null, runbook: 'https://example.com/r' },
  })
  const search = serverItem.parse((await ask(fixture, 'servers/search')).json)
  expect(search).toMatchObject({
    check: { kind: 'call', ok: false, at: '2023-11-14T22:13:20.000Z' },
    groups: ['answers'],
    prestart: true,
  })
})

test.each([
  ['GET', ''],
  ['GET', '/logs'],
  ...['start', 'stop', 'restart', 'warm', 'check', 'block', 'unblock', 'drain', 'undrain'].map(
    (action) => ['POST', `/${action}`],
  ),
])(
  '%s servers/fils%s is not found and names what was meant [operate/servers/unknown]',
  async (method, rest) => {
    await using fixture = await openFixture()
    const answer = await ask(fixture, `servers/fils${rest}`, method)
    expect(answer.status).toBe(404)
    expect(adminError.parse(answer.json).error).toMatchObject({
      code: 'not_found',
      message: 'there is no server `fils`; did you mean `files`?',
    })
    expect(fixture.fleet.asked).toEqual([])
  },
)

test('starts, stops, restarts, warms and checks a server for whoever asks, and logs who it was [operate/logged]', async () => {
  await using fixture = await openFixture()
  const start = serverDone.parse((await ask(fixture, 'servers/files/start', 'POST')).json)
  expect(start).toMatchObject({ server: { name: 'files' }, calls: 0, drainMsMax: 0 })
  const stop = serverDone.parse((await ask(fixture, 'servers/files/stop', 'POST')).json)
  expect(stop).toMatchObject({ calls: 3, drainMsMax: 20_000, startedMs: 0 })
  serverDone.parse((await ask(fixture, 'servers/files/restart', 'POST')).json)
  serverDone.parse((await ask(fixture, 'servers/files/warm', 'POST')).json)
  const check = checkReport.parse((await ask(fixture, 'servers/files/check', 'POST')).json)
  expect(check.ok).toBe(false)
  const principal = expect.stringMatching(/^key:/)
  expect(fixture.fleet.asked).toEqual([
    expect.stringMatching(/^start files for key:/),
    'stop files in 20000',
    'stop files in 20000',
    expect.stringMatching(/^start files for key:/),
    'warm files',
    'check files',
  ])
  const acts = fixture.lines.map((line) => JSON.parse(line)).filter(({ action }) => action)
  expect(acts).toMatchObject(
    ['start', 'stop', 'restart', 'warm', 'check'].map((action) => ({
      ...{ level: 'info', msg: 'operator asks', server: 'files', action, principal },
    })),
  )
})

test('a start that fails is answered with its code', async () => {
  await using fixture = await openFixture()
  fixture.fleet.failure = new AppError('server_start_failed', 'exited with code 1')
  const answer = await ask(fixture, 'servers/files/start', 'POST')
  expect(answer.status).toBe(503)
  expect(adminError.parse(answer.json).error.code).toBe('server_start_failed')
})

test('blocks with a reason and unblocks; a blocked server is not stopped by a restart that cannot start it', async () => {
  await using fixture = await openFixture()
  const reason = 'disk full'
  const blocked = await ask(fixture, 'servers/files/block', 'POST', { reason })
  expect(markChanged.parse(blocked.json)).toMatchObject({
    ...{ server: 'files', changed: true, inFlight: 3 },
    mark: { kind: 'blocked', reason, by: expect.stringMatching(/^key:/) },
  })
  expect((await ask(fixture, 'servers/files')).json).toMatchObject({ state: 'blocked' })
  const refused = await ask(fixture, 'servers/files/restart', 'POST')
  expect(refused.status).toBe(403)
  expect(adminError.parse(refused.json).error.message).toBe('`files` is blocked: unblock it first')
  expect(fixture.fleet.asked).toEqual(['mark files blocked disk full'])

  const unblocked = await ask(fixture, 'servers/files/unblock', 'POST')
  expect(markChanged.parse(unblocked.json)).toMatchObject({ mark: null, changed: true })
  const again = await ask(fixture, 'servers/files/unblock', 'POST')
  expect(markChanged.parse(again.json).changed).toBe(false)
})

test.each([
  [{ reason: 'a'.repeat(501) }],
  [{ reason: 'a\nb' }],
  [{ reason: 'a\u202eb' }],
  [{ why: 'x' }],
  [[]],
])('refuses to block with %.60j', async (body) => {
  await using fixture = await openFixture()
  const answer = await ask(fixture, 'servers/files/block', 'POST', body)
  expect(answer.status).toBe(400)
  expect(fixture.fleet.asked).toEqual([])
})

test('drains one server or the whole gateway, and takes calls again', async () => {
  await using fixture = await openFixture()
  const one = await ask(fixture, 'drain', 'POST', { server: 'files' })
  expect(markChanged.parse(one.json)).toMatchObject({ server: 'files', inFlight: 3 })
  expect(fixture.marks.draining).toBeUndefined()
  const all = await ask(fixture, 'drain', 'POST', { reason: 'kernel update' })
  expect(markChanged.parse(all.json)).toMatchObject({ server: null, inFlight: 3 })
  expect(fixture.marks.draining).toEqual({ kind: 'draining', reason: 'kernel update' })

  const off = markChanged.parse((await ask(fixture, 'drain', 'DELETE')).json)
  expect(off).toMatchObject({ server: null, mark: null, changed: true })
  expect(fixture.marks.draining).toBeUndefined()
  expect(fixture.marks.of('files')).toMatchObject({ kind: 'draining' })
  await ask(fixture, 'drain?server=files', 'DELETE')
  expect(fixture.marks.of('files')).toBeUndefined()
  expect((await ask(fixture, 'drain?server=fils', 'DELETE')).status).toBe(404)
  expect((await ask(fixture, 'drain?serve=files', 'DELETE')).status).toBe(400)
})

test('gives the newest lines of stderr, oldest first', async () => {
  await using fixture = await openFixture()
  const all = logList.parse((await ask(fixture, 'servers/files/logs')).json)
  expect(all.items.map(({ text }) => text)).toEqual(['first', 'second'])
  const one = logList.parse((await ask(fixture, 'servers/files/logs?lines=1')).json)
  expect(one.items).toMatchObject([{ pid: 41, text: 'second' }])
  for (const lines of ['0', '1001', 'x']) {
    expect((await ask(fixture, `servers/files/logs?lines=${lines}`)).status).toBe(400)
  }
})

test('lists groups, and what each principal used', async () => {
  await using fixture = await openFixture()
  expect(groupList.parse((await ask(fixture, 'groups')).json)).toEqual({ items: [GROUP] })
  expect(usageList.parse((await ask(fixture, 'usage')).json)).toEqual({ items: [USAGE] })
})

test('tells of the configuration in force, of those before it and of what a reload would change', async () => {
  await using fixture = await openFixture()
  const status = configStatus.parse((await ask(fixture, 'config')).json)
  expect(status).toMatchObject({ generation: { id: 2, cause: 'file', current: true }, last: null })
  const history = generationList.parse((await ask(fixture, 'config/history')).json)
  expect(history.items.map(({ id }) => id)).toEqual([2, 1])
  const shown = generationText.parse((await ask(fixture, 'config/history/1')).json)
  expect(shown).toEqual({ id: 1, text: '# generation 1\n' })
  for (const id of ['3', '0', 'x', '1e3']) {
    expect((await ask(fixture, `config/history/${id}`)).status).toBe(404)
  }
  const diff = configDiff.parse((await ask(fixture, 'config/diff')).json)
  expect(diff.differences.map(({ path }) => path)).toEqual([
    'mcpServers.files.args[0]',
    'mcpServers.search',
  ])
})

test('reloads and goes back, naming who asked', async () => {
  await using fixture = await openFixture()
  const report = reloadReport.parse((await ask(fixture, 'config/reload', 'POST')).json)
  expect(report).toMatchObject({ ok: true, generation: 3, servers: { added: ['search'] } })
  reloadReport.parse((await ask(fixture, 'config/rollback', 'POST')).json)
  reloadReport.parse((await ask(fixture, 'config/rollback', 'POST', { id: 1 })).json)
  expect((await ask(fixture, 'config/rollback', 'POST', { id: 0 })).status).toBe(400)
  expect(fixture.config.asked).toEqual([
    expect.stringMatching(/^reload api by key:/),
    expect.stringMatching(/^rollback to before by key:/),
    expect.stringMatching(/^rollback to 1 by key:/),
  ])
})

test('a configuration that is refused is 422 with every problem, which the local socket hands on', async () => {
  await using fixture = await openFixture()
  fixture.config.next = { ...fixture.config.next, ok: false, problems: [PROBLEM] }
  const answer = await ask(fixture, 'config/reload', 'POST')
  expect(answer.status).toBe(422)
  expect(adminError.parse(answer.json).error).toMatchObject({
    code: 'config_invalid',
    problems: [PROBLEM],
  })
  const signal = AbortSignal.timeout(10_000)
  const socket = {
    path: fixture.path,
    method: 'POST',
    url: '/api/v1/config/reload',
    signal,
  } as const
  const error: unknown = await callSocket(socket).catch((thrown: unknown) => thrown)
  expect(problemsOf(error)).toEqual([PROBLEM])
})
