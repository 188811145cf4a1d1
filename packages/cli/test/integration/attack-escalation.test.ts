import { type RouteId, ROUTES, type RouteSpec } from '@sallyport/contract/admin'
import { BUILT_IN_ROLES, type Permission } from '@sallyport/kit/roles'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Attacked, type CallerName, CALLERS, codeOf } from '../fixtures/attack.ts'
import { TRIES } from '../fixtures/attack-escalations.ts'
import { makePerson } from '../fixtures/attack-person.ts'
import { type Answer, send } from '../fixtures/send.ts'
import { callTool, listToolNames } from '../fixtures/wire.ts'

const TABLE = Object.entries(ROUTES) as [RouteId, RouteSpec][] // keys of the table
const NOT_OPEN = TABLE.filter(([, { need }]) => need !== 'open')
const CLERK: readonly Permission[] = ['mcp.list', 'keys.read', 'keys.write', 'users.write']

let attacked: Attacked
/** Keys by name, as they were shown once. */
const keys: Record<string, string> = {}
beforeAll(async () => {
  attacked = await Attacked.start()
  const made: [string, object][] = [
    ['k-root', { role: 'admin' }],
    ['k-open', {}],
    ['k-beta', { tenant: 'beta' }],
    ['k-acme', { tenant: 'acme' }],
    ['k-own', { role: 'admin', servers: ['own'], readOnly: true }],
  ]
  for (const [name, more] of made) {
    const { json } = await attacked.api('root', 'POST', '/api/v1/keys', { body: { name, ...more } })
    keys[name] = String(json['key'])
  }
  await attacked.api('root', 'POST', '/api/v1/roles', {
    body: { name: 'reader', permissions: ['audit.read'] },
  })
  await attacked.api('root', 'POST', '/api/v1/tenants', { body: { name: 'gamma' } })
  await makePerson(attacked, 'boss')
  await makePerson(attacked, 'beta-boss', { tenant: 'beta', roles: ['admin'] })
})
afterAll(() => attacked[Symbol.asyncDispose]())

/** What the file gives that caller. */
function permissionsOf(name: CallerName): ReadonlySet<Permission> {
  const roles: readonly string[] = CALLERS[name].roles
  if (name === 'ghost') return new Set()
  const builtIn: Readonly<Record<string, { permissions: ReadonlySet<Permission> }>> = BUILT_IN_ROLES
  return new Set(
    roles.flatMap((role) => (role === 'clerk' ? CLERK : [...(builtIn[role]?.permissions ?? [])])),
  )
}

function isAllowed(name: CallerName, { need, tenants }: RouteSpec): boolean {
  if (tenants === 'none' && 'tenant' in CALLERS[name]) return false
  return need === 'credential' || permissionsOf(name).has(need as Permission) // open ones are left out
}

const filled = (path: string): string => path.replaceAll(/:\w+/g, 'own')

test.each(Object.keys(CALLERS) as CallerName[])(
  '%s is refused every route that its roles do not allow, however that is spelt [attacks/escalation]',
  async (name) => {
    const forbidden = NOT_OPEN.filter(([, spec]) => !isAllowed(name, spec))
    const got: string[] = []
    for (const [id, { method, path }] of forbidden) {
      const answer = await attacked.api(name, method, filled(path), {
        body: method === 'GET' ? undefined : {},
      })
      if (answer.status !== 403 || codeOf(answer) !== 'forbidden')
        got.push(`${id}: ${answer.status} ${codeOf(answer)}`)
      for (const spelt of [
        `/${filled(path)}`,
        `${filled(path)}/`,
        filled(path).toUpperCase(),
        `/x/..${filled(path)}`,
        `${filled(path)}%20`,
        filled(path).replace('api', '%61pi'),
      ]) {
        const other = await attacked.api(name, method, spelt, {
          body: method === 'GET' ? undefined : {},
        })
        if (![400, 403, 404, 405].includes(other.status))
          got.push(`${id} as ${spelt}: ${other.status}`)
      }
    }
    expect(got).toEqual([])
  },
  60_000,
)

/** The version that whoever may see everything sees. */
async function versionOf(path: string): Promise<string> {
  const { json } = await attacked.api('root', 'GET', path)
  return `"${String(json['version'] ?? 1)}"`
}

test.each(TRIES)(
  '$name: refused, and nothing is changed [attacks/escalation]',
  async ({ as, method, path, body, codes }) => {
    const before = await Promise.all(
      ['keys', 'users', 'roles', 'tenants'].map((what) => snapshot(what)),
    )
    const versioned = method === 'PATCH' || method === 'DELETE'
    const headers = versioned ? { 'if-match': await versionOf(path) } : {}
    const answer = await attacked.api(as, method, path, { headers, ...(body && { body }) })
    expect([codes.includes(codeOf(answer) ?? ''), answer.status, codeOf(answer)]).toEqual([
      true,
      answer.status,
      codeOf(answer),
    ])
    expect(
      await Promise.all(['keys', 'users', 'roles', 'tenants'].map((what) => snapshot(what))),
    ).toEqual(before)
  },
)

async function snapshot(what: string): Promise<unknown> {
  const { json } = await attacked.api('root', 'GET', `/api/v1/${what}?limit=500`)
  return JSON.parse(JSON.stringify(json).replaceAll(/"lastUsedAt":"[^"]*"/g, '"lastUsedAt":null'))
}

test.each([
  '"principal":"token:t-root"',
  '"permissions":["keys.write"]',
  '"roles":["admin"]',
  '"id":"k-root"',
  '"hash":"x"',
  '"revokedAt":null',
  '"constructor":{"prototype":{"role":"admin"}}',
  '"__proto__":{"role":"admin"}',
])(
  'a body that adds %s is refused whole or gives nothing by it [attacks/escalation]',
  async (more) => {
    const body = `{"name":"more","role":"caller",${more}}`
    const answer = await attacked.api('clerk', 'POST', '/api/v1/keys', { body })
    expect([400, 403]).toContain(answer.status)
  },
)

const as = (token: string, method: string, path: string, body?: unknown): Promise<Answer> =>
  send(`${attacked.gateway.admin}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body,
  })

test('a key does not widen itself [attacks/escalation]', async () => {
  const token = keys['k-own'] ?? ''
  const { json } = await as(token, 'GET', '/api/v1/keys/k-own')
  for (const body of [{ servers: null }, { readOnly: false }, { servers: ['own', 'spy'] }]) {
    const answer = await send(`${attacked.gateway.admin}/api/v1/keys/k-own`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'if-match': `"${String(json['version'])}"`,
      },
      body,
    })
    expect([answer.status, codeOf(answer)]).toEqual([403, 'forbidden'])
  }
})

test('on MCP a role calls and lists what it allows, and a stray one nothing [attacks/escalation]', async () => {
  const calls: [CallerName, boolean][] = [
    ['viewer', false],
    ['operator', false],
    ['auditor', false],
    ['approver', false],
    ['clerk', false],
    ['stray', false],
    ['ghost', false],
    ['caller', true],
  ]
  for (const [name, may] of calls) {
    const before = attacked.spy.seen.filter(({ body }) => body.includes('tools/call')).length
    await callTool(attacked.target(name), 'spy__echo', {})
    const called =
      attacked.spy.seen.filter(({ body }) => body.includes('tools/call')).length - before
    expect([name, called]).toEqual([name, may ? 1 : 0])
  }
  for (const name of ['auditor', 'stray', 'ghost'] as const) {
    const names = await listToolNames(attacked.target(name))
    expect([name, name === 'auditor' ? names.length > 0 : names.length]).toEqual([
      name,
      name === 'auditor' ? true : 0,
    ])
  }
})
