import { expect, test } from 'vitest'
import { itemOf } from '../../test/fixtures/run.ts'
import { confinedTo, selectItems } from './select-items.ts'

const ITEMS = [
  itemOf('hangar/security/tls', ['tls/public', 'tls/expiry']),
  itemOf('hangar/security/keys', ['keys/age'], { phase: 'quarter' }),
  itemOf('system/network/tls', ['tls/public']),
  itemOf('system/data/redis', ['redis/password']),
]

function select(...only: string[]): string[] {
  return selectItems(ITEMS, { only }).map(({ id }) => id)
}

test.each([
  [['hangar/security/tls'], ['hangar/security/tls']],
  [['tls/expiry'], ['hangar/security/tls']],
  [['tls/public'], ['hangar/security/tls', 'system/network/tls']],
  [['hangar/*'], ['hangar/security/tls', 'hangar/security/keys']],
  [['*/tls'], ['hangar/security/tls', 'system/network/tls']],
  [['*security*'], ['hangar/security/tls', 'hangar/security/keys']],
  [['system/*/re*s'], ['system/data/redis']],
  [
    ['system/data/redis', 'hangar/security/tls'],
    ['hangar/security/tls', 'system/data/redis'],
  ],
  [['*'], ITEMS.map(({ id }) => id)],
  [[], ITEMS.map(({ id }) => id)],
])('%j are %j, in the order of the catalogue [check/command/only]', (only, ids) => {
  expect(select(...only)).toEqual(ids)
})

test.each([
  ['hangar/security/tsl', '`hangar/security/tls`'],
  ['redis/pasword', '`redis/password`'],
  ['hangar/security', '`hangar/security/*`'],
  ['redis', '`redis/*` or `system/data/redis`'],
  ['nothing/like/it', 'ids are like `hangar/security/tls`'],
  ['a*a*b', 'ids are like'],
])('%s is refused, and %s is meant [check/command/only]', (pattern, hint) => {
  expect(() => select(pattern)).toThrow(hint)
  expect(() => select('*', pattern)).toThrow(`--only ${pattern}: no item and no answer`)
})

test('a part of a pattern is not matched twice [check/command/only]', () => {
  expect(() => select('tls/public*public')).toThrow('no item and no answer')
})

test('a pattern of a thousand stars ends at once [check/command/only]', () => {
  expect(() => select(`${'*a'.repeat(1_000)}!`)).toThrow('no item')
})

test('control characters of a pattern do not reach the terminal [check/command/only]', () => {
  expect(() => select('x\u001b[2Jy')).toThrow('--only xy: no item')
})

test('a phase leaves what is due then [check/command/only]', () => {
  expect(selectItems(ITEMS, { only: [], phase: 'quarter' }).map(({ id }) => id)).toEqual([
    'hangar/security/keys',
  ])
  expect(() => selectItems(ITEMS, { only: ['tls/*'], phase: 'quarter' })).toThrow(
    'nothing that was named by --only is of the phase quarter',
  )
})

test('a run says what it was confined to, and nothing where it was not', () => {
  expect(confinedTo({ only: ['tls/*'], phase: 'day' })).toEqual(['tls/*', 'phase day'])
  expect(confinedTo({ only: [] })).toBeUndefined()
})
