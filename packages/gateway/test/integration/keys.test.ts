import { keyCreated } from '@sallyport/contract/admin'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { KeyedGateway } from '../fixtures/keyed-gateway.ts'
import { failureOf, RawClient, textOf } from '../fixtures/raw-mcp.ts'

const SECOND = 1_500

let own: KeyedGateway
beforeAll(async () => {
  own = await KeyedGateway.start({
    roles: {
      'key-maker': { permissions: ['keys.read', 'keys.write', 'mcp.list', 'mcp.call'] },
      lister: { permissions: ['mcp.list'] },
    },
    tenants: { acme: { servers: ['files'] }, globex: {} },
    limits: { lockout: { failures: 0 } },
  })
  await own.tools(own.gateway.key)
}, 30_000)
afterAll(() => own[Symbol.asyncDispose]())

const call = async (key: string, tool = 'files__echo') =>
  (await RawClient.open(own.gateway, 'modern', key)).call(tool)

test.each([
  ['a role that is not there', { role: 'nobody' }, 'request_invalid'],
  ['a word of every object as role', { role: 'constructor' }, 'request_invalid'],
  ['a tenant that is not there', { tenant: 'nobody' }, 'request_invalid'],
  ['a range that is none', { allowFrom: ['10.0.0.0/33'] }, 'request_invalid'],
  ['a server that cannot be named so', { servers: ['A B'] }, 'request_invalid'],
  ['an unknown restriction', { sees: ['files'] }, 'request_invalid'],
  ['a name that is taken', { name: 'root' }, 'config_invalid'],
])('no key is made with %s [keys/create/refused]', async (_case, body, code) => {
  const told = await own.tell('/api/v1/keys', { method: 'POST', body: { name: 'x', ...body } })
  expect(told.code).toBe(code)
})

test('a key sees and calls what it was made for, and nothing else [keys/scope]', async () => {
  const files = await own.key({ name: 'files', servers: ['files'] })
  expect(await own.tools(files.key)).toEqual(['files__echo', 'files__other'])
  const one = await own.key({
    name: 'one',
    tools: { allow: ['*__echo', 'pay__*'], deny: ['pay__c*'] },
  })
  expect(await own.tools(one.key, 'legacy')).toEqual(['files__echo'])
  expect(textOf(await call(one.key))).toBe('{}')
  const [hidden, missing] = [
    await call(one.key, 'pay__charge'),
    await call(one.key, 'pay__nothing'),
  ]
  expect(hidden.message.error?.code).toBe(missing.message.error?.code)
  const none = await own.key({ name: 'none', readOnly: true })
  expect(await own.tools(none.key)).toEqual([])
  const lister = await own.key({ name: 'lister', role: 'lister' })
  expect(await own.tools(lister.key)).toHaveLength(3)
  expect(failureOf(await call(lister.key))).toMatchObject({ code: 'forbidden' })
})

test('a key is refused from an address that is not its own, without counting as a bad one [keys/allow-from]', async () => {
  const { key } = await own.key({ name: 'elsewhere', allowFrom: ['192.0.2.0/24', 'fd00::/8'] })
  expect((await own.tell('/api/v1/status', { key })).code).toBe('address_not_allowed')
  expect((await call(key)).status).toBe(403)
  const here = await own.key({ name: 'here', allowFrom: ['127.0.0.0/8'] })
  expect((await call(here.key)).status).toBe(200)
})

test('nobody gives what it lacks: a role that allows more, or more servers than it sees [keys/gift]', async () => {
  const maker = await own.key({ name: 'maker', role: 'key-maker', servers: ['files'] })
  const make = (body: object) =>
    own.tell('/api/v1/keys', { method: 'POST', key: maker.key, body: { name: 'gift', ...body } })
  for (const body of [
    { role: 'admin', servers: ['files'] },
    { role: 'viewer', servers: ['files'] },
    { role: 'lister' },
    { role: 'lister', servers: ['files', 'pay'] },
    { role: 'lister', tools: { allow: ['files__*'] } },
  ]) {
    expect((await make(body)).code, JSON.stringify(body)).toBe('forbidden')
  }
  expect((await make({ role: 'lister', servers: ['files'] })).status).toBe(201)
  // Nor does it take over what is allowed more.
  for (const verb of [
    { method: 'POST', path: '/rotate' },
    { method: 'DELETE', path: '' },
  ]) {
    const told = await own.tell(`/api/v1/keys/root${verb.path}`, {
      ...{ method: verb.method, key: maker.key },
      ...(verb.method === 'POST' && { body: {} }),
    })
    expect(told.code).toBe('forbidden')
  }
})

test('an administrator of a tenant makes and finds keys of that tenant only [keys/tenant-admin]', async () => {
  const acme = await own.key({ name: 'acme-admin', role: 'admin', tenant: 'acme' })
  const other = await own.key({ name: 'shared', tenant: 'globex' })
  const ask = (path: string, telling: object = {}) => own.tell(path, { ...telling, key: acme.key })
  const create = (body: object) => ask('/api/v1/keys', { method: 'POST', body })
  expect((await create({ name: 'a', tenant: 'globex' })).code).toBe('forbidden')
  expect((await create({ name: 'a', tenant: null })).code).toBe('forbidden')
  // The name of another tenant's key is free: that it is taken there is not told.
  const made = await own.key({ name: 'shared' }, acme.key)
  const listed: { items: { name: string; tenant: string }[] } = (await ask('/api/v1/keys')).json
  expect(new Set(listed.items.map(({ name }) => name))).toEqual(new Set(['acme-admin', 'shared']))
  expect(new Set(listed.items.map(({ tenant }) => tenant))).toEqual(new Set(['acme']))
  for (const [method, path] of [
    ['GET', `/${other.id}`],
    ['DELETE', `/${other.id}`],
    ['POST', `/${other.id}/rotate`],
    ['GET', '/root'],
  ] as const) {
    const told = await ask(`/api/v1/keys${path}`, {
      method,
      ...(method === 'POST' && { body: {} }),
    })
    expect([told.status, told.code], path).toEqual([404, 'not_found'])
  }
  expect(await own.tools(made.key)).toEqual(['files__echo', 'files__other'])
  expect((await own.tell('/api/v1/keys/shared')).code).toBe('conflict')
  expect((await ask('/api/v1/keys/shared', { method: 'DELETE' })).status).toBe(204)
  expect((await call(other.key)).status).toBe(200)
  expect((await call(made.key)).status).toBe(401)
})

test('a rotated key keeps its id and sessions; the old secret is good until the overlap ends [keys/rotate]', async () => {
  const { id, key } = await own.key({ name: 'turning' })
  const session = await RawClient.open(own.gateway, 'legacy', key)
  const turn = async (overlapMs: number) =>
    (await own.tell('/api/v1/keys/turning/rotate', { method: 'POST', body: { overlapMs } })).json
  const turned: { id: string; key: string } = await turn(1_000)
  expect(turned.id).toBe(id)
  expect(turned.key).not.toBe(key)
  const [old, next] = [await call(key), await call(turned.key)]
  expect([old.status, next.status]).toEqual([200, 200])
  expect((await session.list()).status).toBe(200)
  const stream = await session.listen()
  await vi.waitFor(async () => expect((await call(key)).status).toBe(401), 2 * SECOND)
  // Whoever listens came with what is no longer good, as far as anybody knows.
  await stream.over
  expect((await call(turned.key)).status).toBe(200)
  // Without overlap it ends at once.
  const last: { key: string } = await turn(0)
  expect((await call(turned.key)).status).toBe(401)
  expect((await call(last.key)).status).toBe(200)
})

test('keys are rotated under load without one failed call [keys/rotate]', async () => {
  let { key } = await own.key({ name: 'busy' })
  const statuses = new Map<number, number>()
  let running = true
  const workers = Array.from({ length: 6 }, async () => {
    // Each takes the new secret when it comes to it; what it holds is in its overlap until then.
    while (running) {
      const client = await RawClient.open(own.gateway, 'modern', key)
      for (let calls = 0; calls < 5 && running; calls += 1) {
        const { status, message } = await client.call('files__echo')
        const seen = message.result?.isError === true ? 500 : status
        statuses.set(seen, (statuses.get(seen) ?? 0) + 1)
      }
    }
  })
  for (let turn = 0; turn < 5; turn += 1) {
    const body = { overlapMs: 5_000 }
    const told = await own.tell('/api/v1/keys/busy/rotate', { method: 'POST', body })
    key = keyCreated.parse(told.json).key
    const before = statuses.get(200) ?? 0
    await vi.waitFor(() => expect(statuses.get(200)).toBeGreaterThan(before + 60), 10_000)
  }
  running = false
  await Promise.all(workers)
  expect([...statuses.keys()]).toEqual([200])
}, 60_000)

test('a change of a key counts from its next call on, in its session, which goes on [keys/change]', async () => {
  const { key } = await own.key({ name: 'changing', role: 'lister' })
  const session = await RawClient.open(own.gateway, 'legacy', key)
  expect(failureOf(await session.call('files__echo'))).toMatchObject({ code: 'forbidden' })
  const { etag } = await own.tell('/api/v1/keys/changing')
  const patch = (body: object, version: string | null = etag) =>
    own.tell('/api/v1/keys/changing', { method: 'PATCH', body, etag: version })
  expect((await patch({ role: 'caller' }, null)).code).toBe('version_required')
  expect((await patch({ role: 'nobody' })).code).toBe('request_invalid')
  const changed = await patch({ role: 'caller', servers: ['files'], name: 'changed' })
  expect(changed.status).toBe(200)
  expect(textOf(await session.call('files__echo'))).toBe('{}')
  expect((await session.list()).message.result?.tools).toHaveLength(2)
  // Somebody else's change is not lost.
  const late = { method: 'PATCH', body: { servers: null }, etag }
  expect((await own.tell('/api/v1/keys/changed', late)).code).toBe('version_conflict')
  expect((await session.list()).message.result?.tools).toHaveLength(2)
})

test('what another process changes counts within a second: role, rotation, revocation [keys/elsewhere]', async () => {
  const { id, key } = await own.key({ name: 'elsewhere-changed' })
  const session = await RawClient.open(own.gateway, 'legacy', key)
  const keys = own.gateway.withKeys.bind(own.gateway)
  await keys(async (store) => {
    const record = await store.find(id)
    await store.change({ id, version: record?.version ?? 0 }, { role: 'lister' })
  })
  await vi.waitFor(async () => {
    expect(failureOf(await session.call('files__echo'))).toMatchObject({ code: 'forbidden' })
  }, 2 * SECOND)
  const stream = await session.listen()
  const revokedMs = performance.now()
  await keys((store) => store.revoke(id, Date.now()))
  await stream.over
  expect(performance.now() - revokedMs).toBeLessThan(2_500)
  expect((await call(key)).status).toBe(401)
})

test('lists in pages that follow each other, and shows a last use', async () => {
  const { id, key } = await own.key({ name: 'used' })
  await call(key)
  const ids: string[] = []
  let path = '/api/v1/keys?limit=3'
  for (;;) {
    const page: { items: { id: string }[]; next?: string } = (await own.tell(path)).json
    ids.push(...page.items.map(({ id }) => id))
    if (page.next === undefined) break
    expect(page.items).toHaveLength(3)
    path = `/api/v1/keys?limit=3&cursor=${page.next}`
  }
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toContain(id)
  expect((await own.tell('/api/v1/keys?cursor=bm9wZQ')).code).toBe('request_invalid')
  await vi.waitFor(async () => {
    const shown: { lastUsedAt: unknown } = (await own.tell('/api/v1/keys/used')).json
    expect(shown.lastUsedAt).not.toBeNull()
  }, 2 * SECOND)
})
