import {
  adminError,
  sessionItem,
  sessionList,
  suspendChanged,
  suspensionList,
} from '@sallyport/contract/admin'
import { ADMINISTRATOR, type Principal } from '@sallyport/kit/principal'
import { expect, test } from 'vitest'
import { openFixture } from './admin-fixture.ts'

type Fixture = Awaited<ReturnType<typeof openFixture>>

const ANN = '00000000000000aa'
const LISTEN = '00000000000000bb'

function ask(fixture: Fixture, url: string, method = 'GET', body?: object) {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  return fixture.ask(`/api/v1/${url}`, { method, key: fixture.adminKey, ...sent })
}

test('lists what clients have open, oldest first, and who they are', async () => {
  await using fixture = await openFixture()
  const { items } = sessionList.parse((await ask(fixture, 'sessions')).json)
  expect(items.map(({ id, era, tenant }) => [id, era, tenant])).toEqual([
    [LISTEN, 'modern', null],
    [ANN, 'legacy', null],
    ['00000000000000cc', 'legacy', 'acme'],
  ])
  expect(items[1]).toMatchObject({
    ...{ principal: 'key:ann', name: 'ann', client: { name: 'inspector', version: '1.2' } },
    ...{ since: '2023-11-14T22:13:20.000Z', streams: 1, callsInFlight: 2, suspended: null },
  })
  const own = sessionList.parse((await ask(fixture, 'sessions?principal=key:of')).json)
  expect(own.items).toHaveLength(1)
  expect((await ask(fixture, 'sessions/nothing')).status).toBe(404)
})

test('suspends and resumes a session, with a reason that its list shows [sessions/suspend]', async () => {
  await using fixture = await openFixture()
  const body = { reason: 'runs wild' }
  const done = suspendChanged.parse(
    (await ask(fixture, `sessions/${ANN}/suspend`, 'POST', body)).json,
  )
  expect(done).toMatchObject({
    changed: true,
    suspension: { kind: 'session', subject: ANN, ...body },
  })
  const { suspended } = sessionItem.parse((await ask(fixture, `sessions/${ANN}`)).json)
  expect(suspended).toEqual(done.suspension)
  const all = suspensionList.parse((await ask(fixture, 'suspensions')).json)
  expect(all.items).toEqual([done.suspension])

  // Also once its client is gone, as only the suspension is left then.
  fixture.sessions.open.length = 0
  expect((await ask(fixture, `sessions/${ANN}/resume`, 'POST')).json).toEqual({
    suspension: null,
    changed: true,
  })
  expect((await ask(fixture, `sessions/${ANN}/resume`, 'POST')).status).toBe(404)
})

test.each([
  [`sessions/${LISTEN}/suspend`, 'conflict'],
  ['sessions/nothing/suspend', 'not_found'],
  ['principals/key:gone/suspend', 'not_found'],
  ['principals/local/suspend', 'request_invalid'],
  ["principals/' or 1=1 --/suspend", 'request_invalid'],
])('refuses %s as %s', async (url, code) => {
  await using fixture = await openFixture()
  const answer = await ask(fixture, url.replaceAll(' ', '%20'), 'POST')
  expect(adminError.parse(answer.json).error.code).toBe(code)
  expect(fixture.sessions.held.size).toBe(0)
})

test('nobody suspends itself', async () => {
  await using fixture = await openFixture()
  const listed = await ask(fixture, 'keys')
  const { items } = listed.json as { items: { id: string; name: string }[] } // shown by the API
  const { id = '' } = items.find(({ name }) => name === 'root') ?? {}
  fixture.sessions.credentials.add(`key:${id}`)
  const answer = await ask(fixture, `principals/key:${id}/suspend`, 'POST')
  expect(adminError.parse(answer.json).error.code).toBe('conflict')
})

test('suspends a principal, which all of its sessions show, and resumes it', async () => {
  await using fixture = await openFixture()
  expect((await ask(fixture, 'principals/key:ann/suspend', 'POST')).status).toBe(200)
  const { items } = sessionList.parse((await ask(fixture, 'sessions')).json)
  expect(items.map(({ suspended }) => suspended?.kind ?? null)).toEqual([
    'principal',
    'principal',
    null,
  ])
  const back = suspendChanged.parse((await ask(fixture, 'principals/key:ann/resume', 'POST')).json)
  expect(back).toEqual({ suspension: null, changed: true })
  const again = suspendChanged.parse((await ask(fixture, 'principals/key:ann/resume', 'POST')).json)
  expect(again.changed).toBe(false)
})

test('ends a session or a subscription, and nothing that is not there', async () => {
  await using fixture = await openFixture()
  expect((await ask(fixture, `sessions/${ANN}`, 'DELETE')).status).toBe(204)
  expect((await ask(fixture, `sessions/${LISTEN}`, 'DELETE')).status).toBe(204)
  expect((await ask(fixture, 'sessions/nothing', 'DELETE')).status).toBe(404)
  expect(fixture.sessions.ended).toEqual([ANN, LISTEN])
  const acts = fixture.lines.map((line) => JSON.parse(line)).filter(({ action }) => action)
  expect(acts).toMatchObject([
    { action: 'end', session: ANN, msg: 'operator asks' },
    { action: 'end', session: LISTEN },
  ])
})

test('a tenant sees, suspends and ends its own sessions, and those of others are not there [admin-api/tenants]', async () => {
  const bound: Principal = {
    ...{ id: 'key:a', kind: 'key', name: 'a', ...ADMINISTRATOR, tenant: 'acme' },
  }
  const door = {
    judge: () => ({ pass: { principal: bound, address: '127.0.0.1', requestId: 'r-1' } }),
    cors: { apply: () => undefined, preflight: () => undefined },
  } as never // the two parts of a door that an entrance asks
  const entrance = { door, host: '127.0.0.1', protectMetrics: true }
  await using fixture = await openFixture({ deps: { entrance } })
  const { items } = sessionList.parse((await ask(fixture, 'sessions')).json)
  expect(items.map(({ tenant }) => tenant)).toEqual(['acme'])
  for (const [url, method] of [
    [`sessions/${ANN}`, 'GET'],
    [`sessions/${ANN}/suspend`, 'POST'],
    [`sessions/${ANN}/resume`, 'POST'],
    [`sessions/${ANN}`, 'DELETE'],
  ] as const) {
    expect([url, (await ask(fixture, url, method)).status]).toEqual([url, 404])
  }
  expect([fixture.sessions.held.size, fixture.sessions.ended]).toEqual([0, []])
  const own = `sessions/${items[0]?.id}`
  expect((await ask(fixture, `${own}/suspend`, 'POST')).status).toBe(200)
  expect((await ask(fixture, `${own}/resume`, 'POST')).status).toBe(200)
  expect((await ask(fixture, own, 'DELETE')).status).toBe(204)
})
