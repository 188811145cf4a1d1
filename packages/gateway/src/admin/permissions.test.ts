import { expect, test } from 'vitest'
import { LOCAL_ADMIN } from './entrance.ts'
import { isPermitted, methodsAt, needOf, PERMISSIONS } from './permissions.ts'

const CALLER = { ...LOCAL_ADMIN, id: 'key:a', kind: 'key', role: 'caller' } as const

test.each([
  [undefined, LOCAL_ADMIN, false],
  ['admin', undefined, false],
  ['admin', CALLER, false],
  ['admin', LOCAL_ADMIN, true],
  ['key', undefined, false],
  ['key', CALLER, true],
  ['open', undefined, true],
] as const)('a need of %s and the caller %o: %s', (need, principal, permitted) => {
  expect(isPermitted(need, principal)).toBe(permitted)
})

test('knows no route that is not in the table', () => {
  expect(needOf('PUT', '/api/v1/keys')).toBeUndefined()
  expect(needOf('GET', '')).toBeUndefined()
  expect(needOf('GET', 'toString')).toBeUndefined()
  expect(needOf('HEAD', '/metrics')).toBe('key')
})

test('asks for an admin everywhere under /api/v1 [health/admin/role]', () => {
  const weak = Object.entries(PERMISSIONS).filter(
    ([name, need]) => name.includes('/api/v1/') && need !== 'admin',
  )
  expect(weak).toEqual([])
})

test('names the methods of an address', () => {
  expect(methodsAt('/api/v1/keys')).toEqual(['GET', 'POST'])
  expect(methodsAt('/api/v1/keys/abc')).toEqual(['DELETE'])
  expect(methodsAt('/api/v1/keys/')).toEqual([])
  expect(methodsAt('/api/v1/keys/a/b')).toEqual([])
  expect(methodsAt('/nowhere')).toEqual([])
})
