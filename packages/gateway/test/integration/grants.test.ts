import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { KeyedGateway, type Telling } from '../fixtures/keyed-gateway.ts'
import { failureOf, RawClient, textOf } from '../fixtures/raw-mcp.ts'

const CONFIG = {
  roles: { support: { permissions: ['mcp.list', 'mcp.call'] } },
  tenants: { filed: { title: 'Of the file', servers: ['files'] } },
  limits: { lockout: { failures: 0 } },
}

let own: KeyedGateway
beforeAll(async () => {
  own = await KeyedGateway.start(CONFIG)
  await own.tools(own.gateway.key)
}, 30_000)
afterAll(() => own[Symbol.asyncDispose]())

const roles = (path = '', telling: Telling = {}) => own.tell(`/api/v1/roles${path}`, telling)
const tenants = (path = '', telling: Telling = {}) => own.tell(`/api/v1/tenants${path}`, telling)

test.each([
  ['built in', '/admin', 'conflict'],
  ['of the file', '/support', 'conflict'],
  ['not there', '/nobody', 'not_found'],
  ['a word of every object', '/constructor', 'not_found'],
])(
  'a role that is %s is neither changed nor removed [keys/roles/read-only]',
  async (_case, path, code) => {
    const body = { permissions: ['mcp.list'] }
    expect((await roles(path, { method: 'PATCH', body, etag: '"1"' })).code).toBe(code)
    expect((await roles(path, { method: 'DELETE', etag: '"1"' })).code).toBe(code)
  },
)

test.each([
  ['the name of a built-in one', { name: 'admin', permissions: [] }, 'conflict'],
  ['a name of the file', { name: 'support', permissions: [] }, 'conflict'],
  ['a permission that is none', { name: 'x', permissions: ['mcp.fly'] }, 'request_invalid'],
  ['no permissions', { name: 'x' }, 'request_invalid'],
  ['a name that is none', { name: 'X Y', permissions: [] }, 'request_invalid'],
])('no role is made with %s', async (_case, body, code) => {
  expect((await roles('', { method: 'POST', body })).code).toBe(code)
})

test('nobody makes a role that allows more than it may, or widens one [keys/gift]', async () => {
  const body = { name: 'role-maker', permissions: ['roles.write', 'roles.read', 'mcp.list'] }
  await roles('', { method: 'POST', body })
  const { key } = await own.key({ name: 'role-maker', role: 'role-maker' })
  const wider = { name: 'wider', permissions: ['mcp.list', 'keys.write'] }
  expect((await roles('', { method: 'POST', body: wider, key })).code).toBe('forbidden')
  const { etag } = await roles('/role-maker')
  const widen = { method: 'PATCH', body: { permissions: wider.permissions }, key, etag }
  expect((await roles('/role-maker', widen)).code).toBe('forbidden')
})

test('a changed role counts from the next call on, and a removed one gives nothing [keys/roles/live]', async () => {
  const make = { name: 'watcher', permissions: ['mcp.list'] }
  const made = await roles('', { method: 'POST', body: make })
  expect(made.status).toBe(201)
  const { key } = await own.key({ name: 'watcher', role: 'watcher' })
  const session = await RawClient.open(own.gateway, 'legacy', key)
  const stream = await session.listen()
  const call = async () => failureOf(await session.call('files__echo'))
  expect(await call()).toMatchObject({ code: 'forbidden' })
  const change = { method: 'PATCH', body: { permissions: ['mcp.list', 'mcp.call'] } }
  const changed = await roles('/watcher', { ...change, etag: made.etag })
  expect(changed.status).toBe(200)
  expect(textOf(await session.call('files__echo'))).toBe('{}')
  // Nobody's change is lost.
  expect((await roles('/watcher', { ...change, etag: made.etag })).code).toBe('version_conflict')
  expect((await roles('/watcher', { method: 'DELETE', etag: made.etag })).code).toBe(
    'version_conflict',
  )
  expect((await roles('/watcher', { method: 'DELETE', etag: changed.etag })).status).toBe(204)
  expect(failureOf(await session.list())).toMatchObject({ code: 'forbidden' })
  await stream.over
})

test('a role changed by another process counts within a second [keys/elsewhere]', async () => {
  const body = { name: 'faraway', permissions: ['mcp.list'] }
  const made: { version: number } = (await roles('', { method: 'POST', body })).json
  const { key } = await own.key({ name: 'faraway', role: 'faraway' })
  const client = await RawClient.open(own.gateway, 'modern', key)
  await own.gateway.withStore((store) =>
    store.roles.change(
      { name: 'faraway', version: made.version },
      { permissions: ['mcp.list', 'mcp.call'] },
      Date.now(),
    ),
  )
  await vi.waitFor(async () => expect(textOf(await client.call('files__echo'))).toBe('{}'), 2_500)
})

test('a tenant is changed and removed at once for all its keys [keys/tenants/unknown]', async () => {
  const body = { name: 'acme', title: 'Acme', servers: ['files'] }
  const made = await tenants('', { method: 'POST', body })
  expect(made.json).toMatchObject({ ...body, source: 'store' })
  const admin = await own.key({ name: 'boss', role: 'admin', tenant: 'acme' })
  const { key } = await own.key({ name: 'clerk' }, admin.key)
  expect(await own.tools(key)).toEqual(['files__echo', 'files__other'])
  const wider = { method: 'PATCH', body: { servers: null, tools: { deny: ['*__other'] } } }
  const changed = await tenants('/acme', { ...wider, etag: made.etag })
  expect(changed.json).toMatchObject({ name: 'acme', title: 'Acme', tools: { deny: ['*__other'] } })
  expect(changed.json).not.toHaveProperty('servers')
  expect(await own.tools(key)).toEqual(['files__echo', 'pay__charge'])
  expect((await tenants('/acme', { method: 'DELETE', etag: changed.etag })).status).toBe(204)
  expect(await own.tools(key)).toEqual([])
  expect((await own.tell('/api/v1/keys', { key: admin.key })).code).toBe('forbidden')
})

test('nobody makes a tenant, or widens one, that is shown more than it sees itself', async () => {
  const { key } = await own.key({ name: 'narrow', role: 'admin', servers: ['files'] })
  const create = (body: object) => tenants('', { method: 'POST', body, key })
  expect((await create({ name: 'wide' })).code).toBe('forbidden')
  expect((await create({ name: 'wide', servers: ['files', 'pay'] })).code).toBe('forbidden')
  const made = await create({ name: 'slim', servers: ['files'] })
  expect(made.status).toBe(201)
  const widen = (servers: readonly string[] | null) =>
    tenants('/slim', { method: 'PATCH', body: { servers }, etag: made.etag, key })
  expect((await widen(null)).code).toBe('forbidden')
  expect((await widen(['pay'])).code).toBe('forbidden')
})

test('who belongs to a tenant finds that one alone, and makes none', async () => {
  const { key } = await own.key({ name: 'filed-admin', role: 'admin', tenant: 'filed' })
  const listed: { items: unknown[] } = (await tenants('', { key })).json
  expect(listed.items).toMatchObject([{ name: 'filed', source: 'file', servers: ['files'] }])
  expect((await tenants('/acme', { key })).code).toBe('not_found')
  expect((await tenants('', { method: 'POST', body: { name: 'mine' }, key })).code).toBe(
    'forbidden',
  )
  expect((await tenants('/filed', { method: 'DELETE', etag: '"1"' })).code).toBe('conflict')
})

test('where a tenant is required nobody without one uses MCP, whatever its role [keys/require-tenant]', async () => {
  await using strict = await KeyedGateway.start({ ...CONFIG, auth: { requireTenant: true } })
  const tell = async (key: string) => {
    const client = await RawClient.open(strict.gateway, 'modern', key)
    const { status, message } = await client.list()
    return { status, code: message.error?.data }
  }
  expect(await tell(strict.admin)).toMatchObject({ status: 403, code: { code: 'tenant_required' } })
  const filed = await strict.key({ name: 'filed', tenant: 'filed' })
  expect(await tell(filed.key)).toMatchObject({ status: 200 })
  expect((await strict.tell('/api/v1/keys')).status).toBe(200)
})
