import type { ClientSession } from '@sallyport/kit/mcp'
import { CALLER, holderOf, type Principal } from '@sallyport/kit/principal'
import { expect, test } from 'vitest'
import { sessionGroup, sessionKey } from './session-key.ts'
import type { Asker } from './upstream.ts'

function asker(id: string, tenant: string | null = null, session?: string): Asker {
  const principal: Principal = {
    ...{ id, kind: 'key', name: id, ...CALLER, tenant },
  }
  // Only its id is looked at.
  return session === undefined
    ? { principal }
    : { principal, session: { id: session } as ClientSession }
}

const everybody = [
  asker('key:a'),
  asker('key:b'),
  asker('key:a', 'acme'),
  asker('key:b', 'acme'),
  asker('acme'),
  asker('key:a', null, 's1'),
  asker('key:a', null, 's2'),
  asker('key:b', null, 's1'),
]

test.each([
  ['none', 'none', ['a', 'b', 'aT', 'bT', 'acme', 'a', 'a', 'b']],
  ['tenant', 'none', ['a', 'b', 'T', 'T', 'acme', 'a', 'a', 'b']],
  ['all', 'none', ['*', '*', '*', '*', '*', '*', '*', '*']],
  ['none', ['file:///x'], ['a', 'b', 'aT', 'bT', 'acme', 'a', 'a', 'b']],
  ['none', 'client', ['a', 'b', 'aT', 'bT', 'acme', 'a1', 'a2', 'b1']],
] as const)(
  'share %s with roots %s gives each a session as it says, each tenant its own [tenancy/shared/nothing]',
  (share, roots, expected) => {
    const keys = everybody.map((one) => sessionKey({ share, roots }, one))
    const alike = (names: readonly string[]): number[] => names.map((name) => names.indexOf(name))
    expect(alike(keys)).toEqual(alike(expected))
  },
)

test('the sessions of one principal count together where it has several', () => {
  const sharing = { share: 'none', roots: 'client' } as const
  const groups = everybody.map((one) => sessionGroup(sharing, one))
  expect(groups).toEqual(everybody.map(({ principal }) => holderOf(principal)))
  expect(new Set(groups).size).toBe(5)
})
