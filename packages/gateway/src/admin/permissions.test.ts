import { ROUTES } from '@sallyport/contract/admin'
import { CALLER } from '@sallyport/kit/principal'
import { expect, test } from 'vitest'
import { LOCAL_ADMIN } from './entrance.ts'
import { isPermitted, methodsAt, specOf } from './permissions.ts'

const ALICE = { ...LOCAL_ADMIN, ...CALLER, id: 'key:a', kind: 'key' } as const
const OF_ACME = { ...LOCAL_ADMIN, tenant: 'acme' }

test.each([
  [undefined, 'own', LOCAL_ADMIN, false],
  ['keys.read', 'own', undefined, false],
  ['keys.read', 'own', ALICE, false],
  ['keys.read', 'own', LOCAL_ADMIN, true],
  ['keys.read', 'own', OF_ACME, true],
  ['config.read', 'none', OF_ACME, false],
  ['open', 'none', OF_ACME, false],
  ['credential', 'own', undefined, false],
  ['credential', 'own', ALICE, true],
  ['open', 'own', undefined, true],
] as const)(
  'a need of %s, tenants %s and the caller %o: %s',
  (need, tenants, principal, permitted) => {
    expect(isPermitted(need && { need, tenants }, principal)).toBe(permitted)
  },
)

test('knows no route that is not in the table', () => {
  expect(specOf('PUT', '/api/v1/keys')).toBeUndefined()
  expect(specOf('GET', '')).toBeUndefined()
  expect(specOf('GET', 'toString')).toBeUndefined()
  expect(specOf('HEAD', '/metrics')).toMatchObject({ need: 'credential' })
})

/** What is there for whoever has any credential, or to get one. */
const FOR_MORE = [
  'openapi.read',
  'auth.login',
  'auth.me',
  'auth.logout',
  'auth.password',
  'logins.list',
  'logins.end',
]

test('asks for a permission everywhere under /api/v1 [health/admin/role]', () => {
  const weak = Object.entries(ROUTES).filter(
    ([, { path, need }]) => path.startsWith('/api/v1/') && !need.includes('.'),
  )
  const known: readonly string[] = FOR_MORE
  expect(weak.map(([id]) => id).filter((id) => !known.includes(id))).toEqual([])
})

test('names the methods of an address', () => {
  expect(methodsAt('/api/v1/keys')).toEqual(['GET', 'POST'])
  expect(methodsAt('/api/v1/keys/abc')).toEqual(['GET', 'PATCH', 'DELETE'])
  expect(methodsAt('/api/v1/keys/')).toEqual([])
  expect(methodsAt('/api/v1/keys/a/b')).toEqual([])
  expect(methodsAt('/nowhere')).toEqual([])
})
