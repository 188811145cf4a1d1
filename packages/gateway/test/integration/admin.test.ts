import { once } from 'node:events'
import { createServer } from 'node:http'
import {
  adminError,
  auditList,
  gatewayStatus,
  healthDetail,
  keyCreated,
  keyList,
  serverList,
  verifyReport,
} from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { callSocket } from '@sallyport/kit/lifecycle'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { guard } from '../../src/admin/fastify-app.ts'
import { enterLocally } from '../../src/admin/entrance.ts'
import { specOf } from '../../src/admin/permissions.ts'
import { type Answer, openFixture } from './admin-fixture.ts'

function codeOf(answer: Answer): string {
  const { error } = adminError.parse(answer.json)
  expect(answer.headers['x-request-id']).toBe(error.requestId)
  return error.code
}

const API = [
  ['GET', '/api/v1/keys'],
  ['POST', '/api/v1/keys'],
  ['DELETE', '/api/v1/keys/root'],
  ['GET', '/api/v1/servers'],
  ['GET', '/api/v1/servers/files'],
  ['GET', '/api/v1/servers/files/logs'],
  ['POST', '/api/v1/servers/files/start'],
  ['POST', '/api/v1/servers/files/stop'],
  ['POST', '/api/v1/servers/files/restart'],
  ['POST', '/api/v1/servers/files/warm'],
  ['POST', '/api/v1/servers/files/check'],
  ['POST', '/api/v1/servers/files/block'],
  ['POST', '/api/v1/servers/files/unblock'],
  ['POST', '/api/v1/servers/files/drain'],
  ['POST', '/api/v1/servers/files/undrain'],
  ['GET', '/api/v1/groups'],
  ['GET', '/api/v1/usage'],
  ['POST', '/api/v1/drain'],
  ['DELETE', '/api/v1/drain'],
  ['GET', '/api/v1/config'],
  ['GET', '/api/v1/config/diff'],
  ['GET', '/api/v1/config/history'],
  ['GET', '/api/v1/config/history/1'],
  ['POST', '/api/v1/config/reload'],
  ['POST', '/api/v1/config/rollback'],
  ['GET', '/api/v1/audit'],
  ['POST', '/api/v1/audit/verify'],
  ['GET', '/api/v1/status'],
] as const

test('has a permission for every route that is registered', async () => {
  await using fixture = await openFixture()
  const routes = await fixture.app.load()
  expect(routes.length).toBeGreaterThan(API.length)
  const missing = routes.filter((name) => {
    const [method = '', route = ''] = name.split(' ')
    return specOf(method, route) === undefined
  })
  expect(missing).toEqual([])
})

test('refuses a route without a permission, even to the local administrator', async () => {
  const app = fastify()
  const logged: string[] = []
  const line = (_fields: object, message: string) => void logged.push(message)
  const log = { debug: line, info: line, warn: line, error: line, child: () => log }
  guard(app, { log })
  app.get('/api/v1/forgotten', () => 'secret')
  app.addHook('onRequest', async () => expect.unreachable('the guard let it through'))
  await app.ready()
  const server = createServer((req, res) => {
    enterLocally(req, res)
    app.routing(req, res)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const port = typeof bound === 'object' ? bound?.port : undefined
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/forgotten`)
  expect(answer.status).toBe(403)
  expect(await answer.text()).not.toContain('secret')
  server.closeAllConnections()
  server.close()
  await app.close()
})

test.each<readonly [string, string]>([
  ...API,
  ['GET', '/nowhere'],
  ['PUT', '/metrics'],
  ['PATCH', '/api/v1/keys'],
])(
  'answers %s %s without a credential with 401 and a challenge [door/challenge]',
  async (method, url) => {
    await using fixture = await openFixture({ protectMetrics: true })
    const answer = await fixture.ask(url, { method })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(codeOf(answer)).toBe('credential_missing')
  },
)

test.each(API)(
  'refuses %s %s to a key of the role caller [health/admin/role]',
  async (method, url) => {
    await using fixture = await openFixture()
    const answer = await fixture.ask(url, { method, key: fixture.callerKey })
    expect(answer.status).toBe(403)
    expect(codeOf(answer)).toBe('forbidden')
  },
)

test('refuses a page of another site before looking at its key', async () => {
  await using fixture = await openFixture()
  const headers = { origin: 'https://evil.example.net' }
  const answer = await fixture.ask('/api/v1/keys', { key: fixture.adminKey, headers })
  expect(codeOf(answer)).toBe('origin_not_allowed')
  const rebound = await fixture.ask('/metrics', { headers: { host: 'evil.example.net' } })
  expect(codeOf(rebound)).toBe('host_not_allowed')
})

test('creates, lists, uses and revokes a key', async () => {
  await using fixture = await openFixture()
  const admin = { key: fixture.adminKey }
  const body = JSON.stringify({ name: "Ann's laptop", role: 'admin', expiresInMs: 60_000 })
  const made = await fixture.ask('/api/v1/keys', { ...admin, method: 'POST', body })
  expect(made.status).toBe(201)
  const { id, key } = keyCreated.parse(made.json)

  const listed = await fixture.ask('/api/v1/keys', { key })
  const { items } = keyList.parse(listed.json)
  expect(new Set(items.map(({ name }) => name))).toEqual(
    new Set(['root', 'laptop', "Ann's laptop"]),
  )
  expect(listed.text).not.toContain(key.slice(12))

  const url = `/api/v1/keys/${encodeURIComponent("Ann's laptop")}`
  // As many clients do, with a type and nothing of it.
  const removal = { ...admin, method: 'DELETE', body: '' }
  expect((await fixture.ask(url, removal)).status).toBe(204)
  expect(codeOf(await fixture.ask('/api/v1/keys', { key }))).toBe('credential_invalid')
  const again = await fixture.ask(`/api/v1/keys/${id}`, { ...admin, method: 'DELETE' })
  expect(again.status).toBe(404)
  expect(fixture.lines.join('')).not.toContain(key.slice(12))
})

test('refuses a name that is taken', async () => {
  await using fixture = await openFixture()
  const body = JSON.stringify({ name: 'root' })
  const answer = await fixture.ask('/api/v1/keys', { key: fixture.adminKey, method: 'POST', body })
  expect(codeOf(answer)).toBe('config_invalid')
})

test.each([
  ['{"name":', 'request_invalid'],
  ['', 'request_invalid'],
  ['[]', 'request_invalid'],
  ['{"name":"a","__proto__":{"role":"admin"}}', 'request_invalid'],
  ['{"name":"a","rights":"all"}', 'request_invalid'],
  [`{"name":"${'a'.repeat(70_000)}"}`, 'request_too_large'],
])('refuses the body %.40s as %s', async (body, code) => {
  await using fixture = await openFixture()
  const answer = await fixture.ask('/api/v1/keys', { key: fixture.adminKey, method: 'POST', body })
  expect(codeOf(answer)).toBe(code)
  expect(answer.text).not.toContain('a'.repeat(600))
})

test('refuses a body that is not JSON, and one that grows past the limit unannounced', async () => {
  await using fixture = await openFixture()
  const asked = { key: fixture.adminKey, method: 'POST' }
  const text = await fixture.ask('/api/v1/keys', {
    ...asked,
    body: 'name=a',
    headers: { 'content-type': 'text/plain' },
  })
  expect(codeOf(text)).toBe('media_type')
  const chunked = await fixture.ask('/api/v1/keys', {
    ...asked,
    body: `"${'a'.repeat(1_000_000)}"`,
    headers: { 'transfer-encoding': 'chunked' },
  })
  expect(codeOf(chunked)).toBe('request_too_large')
})

test.each([
  ['{}', 'the body is not valid: name is missing: give it'],
  [
    '{"name":5,"role":"the root"}',
    'the body is not valid: name must be 1 to 64 printable characters without a space at either end, ' +
      'such as alice, got a number; role must be the name of a role, such as caller, got text of 8 characters',
  ],
  ['[]', 'the body is not valid: the body must be an object, got a list'],
  ['{"name":"a","rights":1}', 'the body is not valid: rights is not known here: leave it out'],
  [
    '{"name":"a","expiresInMs":0}',
    'the body is not valid: expiresInMs must be a whole number of milliseconds from 1000 to ' +
      '315360000000, or null, got a number',
  ],
])('says of the body %s what is wrong in our words', async (body, message) => {
  await using fixture = await openFixture()
  const answer = await fixture.ask('/api/v1/keys', { key: fixture.adminKey, method: 'POST', body })
  expect(adminError.parse(answer.json).error.message).toBe(message)
})

test('keeps its sentence short however much is wrong', async () => {
  await using fixture = await openFixture()
  const unknown = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`unknown${n}`, 1]))
  const body = JSON.stringify(unknown)
  const answer = await fixture.ask('/api/v1/keys', { key: fixture.adminKey, method: 'POST', body })
  expect(codeOf(answer)).toBe('request_invalid')
  expect(adminError.parse(answer.json).error.message.length).toBeLessThanOrEqual(500)
})

test('answers health however many requests came before, and nothing else', async () => {
  await using fixture = await openFixture({ burst: 1 })
  const key = fixture.adminKey
  expect((await fixture.ask('/api/v1/status', { key })).status).toBe(200)
  const refused = await fixture.ask('/api/v1/status', { key })
  expect(codeOf(refused)).toBe('rate_limited')
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect((await fixture.ask('/health', { key })).status).toBe(200)
})

test('answers 404 for what is not there and 405, with what is, for a wrong method', async () => {
  await using fixture = await openFixture()
  const key = fixture.adminKey
  expect(codeOf(await fixture.ask('/api/v1/nothing', { key }))).toBe('not_found')
  expect(codeOf(await fixture.ask('/api/v1/keys/', { key }))).toBe('not_found')
  const odd = { key, method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }
  expect(codeOf(await fixture.ask('/nowhere', odd))).toBe('not_found')
  const wrong = await fixture.ask('/api/v1/status', { key, method: 'DELETE' })
  expect({ status: wrong.status, allow: wrong.headers['allow'] }).toEqual({
    status: 405,
    allow: 'GET',
  })
  expect(codeOf(wrong)).toBe('method_not_allowed')
  expect(codeOf(await fixture.ask('/api/v1/keys/%zz', { key, method: 'DELETE' }))).toBe(
    'request_invalid',
  )
})

test('shows servers, audit rows, the verify report and the status as the contract says', async () => {
  await using fixture = await openFixture()
  const key = fixture.adminKey
  const { items } = serverList.parse((await fixture.ask('/api/v1/servers', { key })).json)
  expect(items.map(({ name, pid, tools }) => ({ name, pid, tools }))).toEqual([
    { name: 'backup', pid: null, tools: null },
    { name: 'files', pid: 41, tools: 11 },
    { name: 'search', pid: null, tools: null },
  ])
  const since = encodeURIComponent('2026-01-01T00:00:00Z')
  const url = `/api/v1/audit?limit=5&server=files&since=${since}`
  const audit = auditList.parse((await fixture.ask(url, { key })).json)
  expect(audit).toMatchObject({ next: 'more', items: [{ writer: 'w1', hash: 'ab' }] })
  expect(fixture.queries).toEqual([{ limit: 5, server: 'files', sinceMs: Date.UTC(2026, 0, 1) }])
  const verified = await fixture.ask('/api/v1/audit/verify', { key, method: 'POST' })
  expect(verifyReport.parse(verified.json).ok).toBe(true)
  gatewayStatus.parse((await fixture.ask('/api/v1/status', { key })).json)
})

test.each(['limit=0', 'limit=1001', 'since=yesterday', 'limit=1&limit=2', 'sort=asc'])(
  'refuses the query %s',
  async (query) => {
    await using fixture = await openFixture()
    const answer = await fixture.ask(`/api/v1/audit?${query}`, { key: fixture.adminKey })
    expect(codeOf(answer)).toBe('request_invalid')
  },
)

test('verifies the audit log once at a time', async () => {
  const release = Promise.withResolvers<void>()
  const report = { ok: true, rows: 0, writers: 0, broken: [] }
  const audit = {
    list: async () => ({ items: [] }),
    verify: () => release.promise.then(() => report),
  }
  await using fixture = await openFixture({ deps: { audit } })
  const asked = { key: fixture.adminKey, method: 'POST' }
  const answers = [1, 2].map(() => fixture.ask('/api/v1/audit/verify', asked))
  const refused = await Promise.race(answers)
  expect(codeOf(refused)).toBe('overloaded')
  expect(refused.headers['retry-after']).toBe('1')
  release.resolve()
  const statuses = (await Promise.all(answers)).map(({ status }) => status)
  expect(statuses.toSorted()).toEqual([200, 503])
})

test('keeps the inner text of a defect in the log, under the id of the answer [wire/error/inner-text] [observe/request-id]', async () => {
  const audit = {
    list: () => Promise.reject(new TypeError('column "x" of /var/lib is odd')),
    verify: () => Promise.reject(new AppError('store_unwritable', 'disk /dev/sda is full')),
  }
  await using fixture = await openFixture({ deps: { audit } })
  const broken = await fixture.ask('/api/v1/audit', { key: fixture.adminKey })
  expect(broken.status).toBe(500)
  expect(codeOf(broken)).toBe('internal')
  expect(broken.text).not.toContain('/var/lib')
  const id = String(broken.headers['x-request-id'])
  expect(fixture.lines.find((line) => line.includes(id))).toContain('/var/lib')
  const asked = { key: fixture.adminKey, method: 'POST' }
  const failed = await fixture.ask('/api/v1/audit/verify', asked)
  expect(codeOf(failed)).toBe('store_unwritable')
  expect(failed.text).not.toContain('/dev/sda')
})

test('says why the store cannot be written, and not where it is', async () => {
  const full = Object.assign(new Error('/dev/sda: database or disk is full'), { errcode: 13 })
  const thrown = new AppError('store_unwritable', '/dev/sda is full', { cause: full })
  const audit = {
    list: () => Promise.reject(new TypeError('nobody lists')),
    verify: () => Promise.reject(thrown),
  }
  await using fixture = await openFixture({ deps: { audit } })
  const asked = { key: fixture.adminKey, method: 'POST' }
  expect((await fixture.ask('/api/v1/audit/verify', asked)).json).toMatchObject({
    error: { message: 'the store cannot be written: the disk is full' },
  })
})

test('says only the verdict of health without a key, and names servers with one [health/strangers] [health/ready/servers]', async () => {
  await using fixture = await openFixture()
  const plain = await fixture.ask('/health')
  expect({ status: plain.status, json: plain.json }).toEqual({
    status: 200,
    json: { status: 'ok' },
  })
  const keyed = await fixture.ask('/health/ready', { key: fixture.callerKey })
  expect(healthDetail.parse(keyed.json).servers[0]?.name).toBe('files')
  expect(codeOf(await fixture.ask('/health', { key: 'sp_wrong' }))).toBe('credential_invalid')
  fixture.facts.current = { ...fixture.facts.current, storeWritable: false }
  expect((await fixture.ask('/health/ready')).status).toBe(503)
  expect((await fixture.ask('/health/live')).status).toBe(200)
  expect((await fixture.ask('/health', { method: 'POST' })).status).toBe(405)
})

test('shows an anonymous caller on loopback no more of health than the verdict', async () => {
  await using fixture = await openFixture({ anonymous: true })
  expect((await fixture.ask('/health')).json).toEqual({ status: 'ok' })
  expect(codeOf(await fixture.ask('/api/v1/keys'))).toBe('forbidden')
})

test('serves metrics on loopback without a key unless protected or forwarded [observe/metrics/loopback]', async () => {
  await using open = await openFixture()
  const text = await open.ask('/metrics')
  expect(text.headers['content-type']).toContain('text/plain; version=0.0.4')
  expect(text.text).toContain('sallyport_build_info{')
  const forwarded = { headers: { 'x-forwarded-for': '203.0.113.9' } }
  expect((await open.ask('/metrics', forwarded)).status).toBe(401)
  expect((await open.ask('/metrics', { ...forwarded, key: open.callerKey })).status).toBe(200)
  await using shut = await openFixture({ protectMetrics: true })
  expect((await shut.ask('/metrics')).status).toBe(401)
  expect((await shut.ask('/metrics', { key: shut.callerKey })).status).toBe(200)
})

test('answers a preflight without a credential and with no permission for unknown pages', async () => {
  await using fixture = await openFixture()
  const answer = await fixture.ask('/api/v1/keys', { method: 'OPTIONS' })
  expect(answer.status).toBe(204)
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  expect(answer.headers['allow']).toBe('GET, POST, OPTIONS')
})

test('serves the local administrator over the socket without a key [health/admin/local]', async () => {
  await using fixture = await openFixture()
  const signal = AbortSignal.timeout(10_000)
  const socket = { path: fixture.path, signal }
  const body = { name: 'second' }
  const made = await callSocket({ ...socket, method: 'POST', url: '/api/v1/keys', body })
  const { id } = keyCreated.parse(made)
  const url = `/api/v1/keys/${id}`
  await expect(callSocket({ ...socket, method: 'DELETE', url })).resolves.toBeUndefined()
  await expect(callSocket({ ...socket, method: 'DELETE', url })).rejects.toMatchObject({
    code: 'not_found',
  })
  const health = await callSocket({ ...socket, method: 'GET', url: '/health' })
  expect(healthDetail.parse(health).version).toBe('0.1.0')
})
