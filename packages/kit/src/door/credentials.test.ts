import { expect, test } from 'vitest'
import { ManualClock } from '../clock.ts'
import type { Permission } from '../roles.ts'
import { Secret } from '../secret.ts'
import { createKey } from './api-key.ts'
import type { StaticToken } from './credential-holder.ts'
import { Credentials } from './credentials.ts'
import { type GrantResolver, Sights } from './grants.ts'

test('tokens are replaced: what is gone is refused and told, what stays keeps its principal [reload/tokens]', () => {
  const tokenOf = (name: string, value: string) => ({ name, values: [new Secret(value)] })
  const credentials = new Credentials(new ManualClock(0), [
    tokenOf('a', 'one'),
    tokenOf('b', 'two'),
  ])
  const kept = credentials.lookup('two')
  expect(credentials.replaceTokens([tokenOf('b', 'two'), tokenOf('c', 'three')])).toEqual({
    ...{ ended: ['token:a'], renewed: [] },
  })
  expect(credentials.lookup('one')).toBeUndefined()
  expect(credentials.lookup('two')).toBe(kept)
  expect(credentials.lookup('three')?.id).toBe('token:c')
  // Another value under the same name: whoever held the old one has lost it.
  expect(credentials.replaceTokens([tokenOf('b', 'other'), tokenOf('c', 'three')])).toEqual({
    ...{ ended: ['token:b'], renewed: [] },
  })
})

const [OLD, NEW, OTHER] = ['old-value', 'new-value', 'other-value'] as const

function tokenOf(values: readonly string[], more: Partial<StaticToken> = {}): StaticToken {
  return { name: 'ops', values: values.map((value) => new Secret(value)), ...more }
}

test('of two values both are good; taking one away keeps the principal and says that a text was lost [keys/tokens/two]', () => {
  const credentials = new Credentials(new ManualClock(0), [tokenOf([OLD])])
  const before = credentials.lookup(OLD)
  expect(credentials.replaceTokens([tokenOf([OLD, NEW])])).toMatchObject({ ended: [] })
  expect(credentials.lookup(OLD)?.id).toBe('token:ops')
  expect(credentials.lookup(NEW)).toBe(credentials.lookup(OLD))
  const { ended, renewed } = credentials.replaceTokens([tokenOf([NEW])])
  expect(ended).toEqual([])
  expect(renewed).toMatchObject([{ lostText: true, after: { id: before?.id } }])
  expect(credentials.lookup(OLD)).toBeUndefined()
  // None of its texts is left: whoever held it must come back.
  expect(credentials.replaceTokens([tokenOf([OTHER])]).ended).toEqual(['token:ops'])
})

test('a token has roles, a tenant and restrictions of its own, and may come from its addresses alone [keys/allow-from]', () => {
  const more = { roles: ['viewer'], rule: { servers: ['files'] }, allowFrom: ['10.0.0.0/8'] }
  const credentials = new Credentials(new ManualClock(0), [tokenOf([OLD], more)])
  const found = credentials.lookup(OLD, '10.1.2.3')
  expect(found).toMatchObject({ roles: ['viewer'], sight: { rules: [{ servers: ['files'] }] } })
  expect(found?.permissions.has('mcp.call')).toBe(false)
  for (const address of ['192.0.2.1', '::1', 'local', '']) {
    expect(() => credentials.lookup(OLD, address), address).toThrow(
      expect.objectContaining({ code: 'address_not_allowed' }),
    )
  }
  // A value that is wrong says nothing of addresses.
  expect(credentials.lookup(NEW, '192.0.2.1')).toBeUndefined()
})

test('only who is concerned by a changed role gets another principal', () => {
  const wider: { current: readonly Permission[] } = { current: ['mcp.list'] }
  const sights = new Sights()
  const grants: GrantResolver = {
    version: 0,
    resolve: ({ roles, tenant, rule }) => ({
      ...{ roles, tenant, sight: sights.of([rule]) },
      permissions: new Set(roles.includes('mine') ? wider.current : []),
    }),
  }
  const tokens = [tokenOf([OLD], { roles: ['mine'] }), { ...tokenOf([NEW]), name: 'other' }]
  const credentials = new Credentials(new ManualClock(0), tokens, grants)
  const [mine, other] = [credentials.lookup(OLD), credentials.lookup(NEW)]
  expect(credentials.regrant()).toEqual({ ended: [], renewed: [] })
  wider.current = ['mcp.list', 'mcp.call']
  const { renewed } = credentials.regrant()
  expect(renewed).toEqual([{ before: mine, after: credentials.lookup(OLD), lostText: false }])
  expect(credentials.lookup(OLD)?.permissions.has('mcp.call')).toBe(true)
  expect(credentials.lookup(NEW)).toBe(other)
})

test('a key whose addresses cannot be read may come from nowhere, and keeps no other from being read', () => {
  const clock = new ManualClock()
  const wanted = { role: 'caller', tenant: null, expiresAtMs: null, clock } as const
  const [bad, good] = [
    createKey({ ...wanted, name: 'bad', allowFrom: ['nonsense'] }),
    createKey({ ...wanted, name: 'good' }),
  ]
  const credentials = new Credentials(clock, [])
  credentials.replaceKeys([bad.record, good.record])
  expect(() => credentials.lookup(bad.text.reveal(), '127.0.0.1')).toThrow('may not be used')
  expect(credentials.lookup(good.text.reveal(), '127.0.0.1')?.name).toBe('good')
})
