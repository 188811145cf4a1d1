import { BUILT_IN_ROLES } from '@sallyport/kit/roles'
import { expect, test } from 'vitest'
import { type GrantSource, LiveGrants, NO_GRANTS } from './live-grants.ts'

function source(
  roles: Readonly<Record<string, readonly string[]>>,
  tenants: Readonly<Record<string, readonly string[]>> = {},
): GrantSource {
  return {
    roles: new Map(Object.entries(roles).map(([name, permissions]) => [name, { permissions }])),
    tenants: new Map(
      Object.entries(tenants).map(([name, servers]) => [name, { rule: { servers } }]),
    ),
  }
}

const NONE: readonly string[] = []

function permissions(grants: LiveGrants, roles: readonly string[], tenant: string | null = null) {
  return [...grants.resolve({ roles, tenant }).permissions]
}

test.each([
  ['one that nobody made', ['nobody']],
  ['a word of every object', ['constructor', '__proto__', 'toString', 'hasOwnProperty']],
  ['none at all', NONE],
  ['another case of a built-in one', ['Admin', 'ADMIN', ' admin']],
])('the role %s gives nothing [keys/roles/unknown]', (_case, roles) => {
  const grants = new LiveGrants(source({ support: ['mcp.list'] }))
  expect(permissions(grants, roles)).toEqual([])
})

test('a permission that this version does not know gives nothing [keys/roles/unknown]', () => {
  const grants = new LiveGrants(NO_GRANTS, source({ later: ['mcp.list', 'mcp.fly', '__proto__'] }))
  expect(permissions(grants, ['later'])).toEqual(['mcp.list'])
})

test('several roles allow what each of them does, and an unknown one takes nothing away', () => {
  const grants = new LiveGrants(source({ one: ['mcp.list'], two: ['mcp.call', 'mcp.list'] }))
  expect(permissions(grants, ['one', 'gone', 'two']).toSorted()).toEqual(['mcp.call', 'mcp.list'])
})

test('the file wins over the store, and nobody over a built-in role [keys/roles/file-wins]', () => {
  const file = source({ support: ['mcp.list'], admin: [] }, { acme: ['files'] })
  const grants = new LiveGrants(
    file,
    source({ support: ['keys.write'], viewer: ['keys.write'] }, { acme: ['files', 'pay'] }),
  )
  expect(permissions(grants, ['support'])).toEqual(['mcp.list'])
  expect(permissions(grants, ['viewer'])).toEqual([...BUILT_IN_ROLES.viewer.permissions])
  expect(permissions(grants, ['admin'])).toEqual([...BUILT_IN_ROLES.admin.permissions])
  expect(grants.resolve({ roles: [], tenant: 'acme' }).sight?.rules).toEqual([
    { servers: ['files'] },
  ])
  grants.file = NO_GRANTS
  expect(permissions(grants, ['support'])).toEqual(['keys.write'])
})

test.each(['gone', 'constructor', '__proto__', ''])(
  'callers of the unknown tenant "%s" may and see nothing [keys/tenants/unknown]',
  (tenant) => {
    const grants = new LiveGrants(source({}, { acme: ['files'] }))
    const granted = grants.resolve({ roles: ['admin'], tenant, rule: { servers: ['files'] } })
    expect(granted.permissions.size).toBe(0)
    expect(granted.sight?.rules).toEqual([{ servers: [] }, { servers: ['files'] }])
  },
)

test('what a tenant may see and what the credential may see both count [keys/tenants/sight]', () => {
  const grants = new LiveGrants(source({}, { acme: ['files', 'pay'] }))
  const granted = grants.resolve({
    ...{ roles: ['caller'], tenant: 'acme', rule: { servers: ['files', 'search'] } },
  })
  expect(granted.sight?.rules).toEqual([
    { servers: ['files', 'pay'] },
    { servers: ['files', 'search'] },
  ])
  expect(granted.permissions).toEqual(BUILT_IN_ROLES.caller.permissions)
})

test('who is not restricted has no sight, and equal restrictions are one object', () => {
  const grants = new LiveGrants(source({}, { acme: ['files'] }))
  expect(grants.resolve({ roles: ['caller'], tenant: null }).sight).toBeUndefined()
  const [one, two] = [0, 1].map(() => grants.resolve({ roles: ['caller'], tenant: 'acme' }).sight)
  expect(one).toBe(two)
})

test('counts up with every change of file or store', () => {
  const grants = new LiveGrants()
  grants.store = source({ a: ['mcp.list'] })
  grants.file = NO_GRANTS
  expect(grants.version).toBe(2)
})
