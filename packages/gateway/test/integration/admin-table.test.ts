import { request } from 'node:http'
import {
  adminError,
  type Need,
  type RouteId,
  ROUTES,
  type RouteSpec,
  serverList,
} from '@sallyport/contract/admin'
import type { DoorVerdict } from '@sallyport/kit/door'
import { AppError } from '@sallyport/kit/errors'
import { ADMINISTRATOR, CALLER, type Principal } from '@sallyport/kit/principal'
import { PERMISSIONS } from '@sallyport/kit/roles'
import { expect, test } from 'vitest'
import { LOCAL_ADMIN } from '../../src/admin/index.ts'
import { openFixture } from './admin-fixture.ts'

const TABLE: readonly (readonly [RouteId, RouteSpec])[] = Object.entries(ROUTES).map(
  ([id, spec]) => [id as RouteId, spec], // keys of the table
)
/** Answered before there is Fastify. */
const isHealth = (id: RouteId): boolean => id.startsWith('health.')
/** Whoever has the permission must be the local administrator too. */
const FOR_THE_LOCAL_ADMINISTRATOR: readonly string[] = ['users.bootstrap']
const GUARDED = TABLE.filter(([, { need }]) => need !== 'open')

/** The gateway's admin side behind a door that knows callers by name. */
async function openTable(callers: Readonly<Record<string, Principal>>) {
  const judge = (req: { headers: { authorization?: string } }): DoorVerdict<never> => {
    const name = req.headers.authorization?.replace('Bearer ', '') ?? ''
    const known = callers[name]
    const where = { address: '127.0.0.1', requestId: 'r-1' }
    if (known !== undefined) return { pass: { principal: known as never, ...where } } // as the door types it
    const refuse = new AppError('credential_missing', 'a key is needed')
    return { refuse, challenge: true, ...where }
  }
  const cors = { apply: () => undefined, preflight: () => undefined }
  const door = { judge, cors } as never // the two parts of a door that an entrance asks
  const entrance = { door, host: '127.0.0.1', protectMetrics: true }
  return openFixture({ deps: { entrance } })
}

function holding(permissions: readonly Need[], tenant: string | null = null): Principal {
  const held = PERMISSIONS.filter((one) => permissions.includes(one))
  return { ...LOCAL_ADMIN, id: 'key:a', kind: 'key', permissions: new Set(held), tenant }
}

interface Head {
  readonly status: number
  readonly allow: string | undefined
  readonly code: unknown
}

interface Told {
  readonly port: number
  readonly method: string
  readonly path: string
  readonly key?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** The head of an answer, and its error code; a stream is left at once. */
function tell({ port, method, path, key, headers }: Told): Promise<Head> {
  const { promise, resolve, reject } = Promise.withResolvers<Head>()
  const authorization = key === undefined ? undefined : { authorization: `Bearer ${key}` }
  const sent = request(
    {
      port,
      host: '127.0.0.1',
      method,
      path,
      agent: false,
      headers: { ...authorization, ...headers },
    },
    async (response) => {
      const status = response.statusCode ?? 0
      const { allow } = response.headers
      if (response.headers['content-type'] === 'text/event-stream') {
        response.destroy()
        return resolve({ status, allow, code: undefined })
      }
      const chunks: Buffer[] = []
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk) // no encoding is set
      const text = Buffer.concat(chunks).toString()
      const code = text.startsWith('{"error"') ? JSON.parse(text).error.code : undefined
      resolve({ status, allow, code })
    },
  )
  sent.on('error', reject)
  sent.end()
  return promise
}

const pathOf = ({ path }: RouteSpec): string => path.replaceAll(/:\w+/g, 'x')

test('every route that is registered is in the table, and every one of the table is registered [admin-api/table]', async () => {
  await using fixture = await openTable({})
  const registered = (await fixture.app.load()).filter((name) => !name.startsWith('HEAD '))
  const listed = TABLE.filter(([id]) => !isHealth(id))
  const wanted = listed.map(([, { method, path }]) => `${method} ${path}`)
  expect(registered.toSorted()).toEqual(wanted.toSorted())
  for (const [id, spec] of TABLE.filter(([one]) => isHealth(one))) {
    const head = await tell({ port: fixture.port, method: spec.method, path: spec.path, key: 'x' })
    expect([id, head.code]).not.toEqual([id, 'not_found'])
  }
})

test('no route answers without a credential, to a caller, or to whoever holds every permission but its own [admin-api/table]', async () => {
  const but = PERMISSIONS.map((one): [string, Principal] => [
    `but ${one}`,
    holding(PERMISSIONS.filter((other) => other !== one)),
  ])
  const weak = { ...LOCAL_ADMIN, ...CALLER }
  await using fixture = await openTable({ weak, ...Object.fromEntries(but) })
  for (const [id, spec] of GUARDED) {
    const asked = { port: fixture.port, method: spec.method, path: pathOf(spec) }
    const answers = {
      none: (await tell(asked)).status,
      unknown: (await tell({ ...asked, key: 'nobody' })).status,
      ...(spec.need !== 'credential' && {
        weak: (await tell({ ...asked, key: 'weak' })).status,
        others: (await tell({ ...asked, key: `but ${spec.need}` })).status,
      }),
    }
    const refused = spec.need === 'credential' ? {} : { weak: 403, others: 403 }
    expect({ id, ...answers }).toEqual({ id, none: 401, unknown: 401, ...refused })
  }
  expect(fixture.fleet.asked).toEqual([])
})

test('its permission alone opens a route; what concerns everybody stays closed to tenants [admin-api/table, admin-api/tenants]', async () => {
  const only = PERMISSIONS.map((one): [string, Principal] => [`only ${one}`, holding([one])])
  const bound = { ...LOCAL_ADMIN, ...ADMINISTRATOR, tenant: 'acme' }
  await using fixture = await openTable({ bound, all: LOCAL_ADMIN, ...Object.fromEntries(only) })
  for (const [id, spec] of GUARDED) {
    const asked = { port: fixture.port, method: spec.method, path: pathOf(spec) }
    const key = spec.need === 'credential' ? 'all' : `only ${spec.need}`
    const { status, code } = await tell({ ...asked, key })
    const isRefused = status === 401 || code === 'forbidden'
    expect([id, isRefused]).toEqual([id, FOR_THE_LOCAL_ADMINISTRATOR.includes(id)])
    const ofTenant = await tell({ ...asked, key: 'bound' })
    expect([id, ofTenant.code === 'forbidden']).toEqual([id, spec.tenants === 'none'])
  }
})

const OVERRIDES: readonly Readonly<Record<string, string>>[] = [
  { 'x-http-method-override': 'DELETE' },
  { 'x-http-method': 'DELETE' },
  { 'x-method-override': 'POST' },
  { 'x-original-url': '/api/v1/keys' },
  { 'x-rewrite-url': '/api/v1/keys' },
  { 'x-forwarded-prefix': '/api/v1/keys' },
]

test.each(OVERRIDES)(
  'a header %j changes neither method nor address [admin-api/tricks]',
  async (headers) => {
    await using fixture = await openTable({ looker: holding(['status.read']) })
    const { port } = fixture
    const open = await tell({ port, method: 'GET', path: '/api/v1/status', key: 'looker', headers })
    expect(open.status).toBe(200)
    const closed = await tell({ port, method: 'GET', path: '/api/v1/keys', key: 'looker', headers })
    expect(closed.status).toBe(403)
    expect(fixture.fleet.asked).toEqual([])
  },
)

test.each([
  ['GET', '/api/v1/keys/'],
  ['GET', '//api/v1/keys'],
  ['GET', '/api//v1/keys'],
  ['GET', '/api/v1//keys'],
  ['GET', '/api/v1/./keys'],
  ['GET', '/api/v1/%2e/keys'],
  ['GET', '/api/v1/status/../keys'],
  ['GET', '/api/v1/status/%2e%2e/keys'],
  ['GET', '/api/v1/status%2f..%2fkeys'],
  ['GET', '/api/v1/status/..%2fkeys'],
  ['GET', '/api/v1/status;/keys'],
  ['GET', '/api/v1/keys;status'],
  ['GET', '/api/v1/keys%00'],
  ['GET', '/api/v1/keys%20'],
  ['GET', '/api/v1/keys%3fx'],
  ['GET', '/API/V1/KEYS'],
  ['GET', '/api/v1/Keys'],
  ['GET', '/api/v1/%6beys'],
  ['GET', '/api/v1/%6Beys?_method=GET'],
  ['GET', '/api/v1/keys?_method=POST'],
  ['HEAD', '/api/v1/keys'],
  ['HEAD', '/api/v1/keys/root'],
  ['POST', '/api/v1/status?_method=DELETE'],
  ['GET', '/api/v1/status?path=/api/v1/keys/'],
  ['GET', 'http://127.0.0.1/api/v1/keys'],
  ['GET', 'http://user@other/api/v1/keys'],
  ['GET', '/health/../api/v1/keys'],
  ['GET', '/health/%2e%2e/api/v1/keys'],
  ['GET', '/health//api/v1/keys'],
  ['GET', '/metrics/../api/v1/keys'],
  ['GET', '/api/v1/servers/%2e%2e'],
  ['GET', '/api/v1/servers/..%2f..%2fkeys'],
  ['POST', '/api/v1/servers/files%2fblock'],
  ['POST', '/api/v1/servers/files/block/'],
  ['POST', '/api/v1/servers/files/%62lock'],
  ['TRACE', '/api/v1/keys'],
  ['LINK', '/api/v1/keys'],
])(
  '%s %s gives nothing to whoever may only see the status [admin-api/tricks]',
  async (method, path) => {
    await using fixture = await openTable({ looker: holding(['status.read']) })
    const { status, code } = await tell({ port: fixture.port, method, path, key: 'looker' })
    const isStatus = path.startsWith('/api/v1/status?path=')
    if (isStatus) expect(status).toBe(200)
    else expect([400, 403, 404, 405]).toContain(status)
    expect(code === 'internal').toBe(false)
    expect(fixture.fleet.asked).toEqual([])
  },
)

test('tells the methods of an address, and takes no other [admin-api/tricks]', async () => {
  await using fixture = await openTable({ all: LOCAL_ADMIN })
  const { port } = fixture
  const answer = await tell({ port, method: 'PUT', path: '/api/v1/audit', key: 'all' })
  expect(answer).toMatchObject({ status: 405, allow: 'GET', code: 'method_not_allowed' })
})

test('a tenant finds its own servers and rows, and others are not there for it [admin-api/tenants]', async () => {
  const sight = { key: 'files', rules: [{ servers: ['files', 'answers'] }] }
  const bound = { ...LOCAL_ADMIN, tenant: 'acme', sight }
  await using fixture = await openTable({ bound })
  const ask = (path: string) => fixture.ask(`/api/v1/${path}`, { key: 'bound' })
  expect(serverList.parse((await ask('servers')).json).items.map(({ name }) => name)).toEqual([
    'files',
  ])
  expect((await ask('servers/files')).status).toBe(200)
  const foreign = await ask('servers/search')
  const missing = await ask('servers/nothing')
  expect(foreign.status).toBe(404)
  const sentence = messageOf(missing.json).replace('nothing', 'search')
  expect(messageOf(foreign.json)).toBe(sentence)
  await ask('audit')
  await ask('audit?tenant=other')
  expect(fixture.queries.map(({ tenant }) => tenant)).toEqual(['acme', 'acme'])
  await ask('usage')
  expect(fixture.usageOf).toEqual(['acme'])
})

const messageOf = (json: unknown): string => adminError.parse(json).error.message
