import { gatewayConfig, type ServerConfig } from '@sallyport/contract/config'
import { expect, test } from 'vitest'
import { testServer } from '../call/testing-call.ts'
import { testSight } from '../routing/testing-sights.ts'
import { changesLists, changesSeen } from './seen-changes.ts'

type Listing = Parameters<typeof changesLists>[0]

/** A configuration of three servers, as it is or changed. */
function listing(
  change: {
    readonly pins?: Readonly<Record<string, ServerConfig['tools']>>
    readonly groups?: object
    readonly endpoints?: object
    readonly servers?: readonly string[]
    readonly names?: 'short'
  } = {},
): Listing {
  const { pins = {}, groups = { g: { members: ['a', 'b'] } }, endpoints = {} } = change
  const parsed = gatewayConfig.parse({ groups, endpoints, names: change.names ?? 'full' })
  const names = change.servers ?? ['a', 'b', 'c']
  const servers = names.map((name) => [name, testServer(name, { tools: pins[name] ?? {} })])
  return { ...parsed, servers: Object.fromEntries(servers) as Listing['servers'] } // as made above
}

const READ_ONLY = { x: { readOnly: true } }
const ENDPOINT = { e: { servers: ['a', 'c'] } }

test.each([
  ['nothing', listing(), ''],
  ['a pin of a', listing({ pins: { a: READ_ONLY } }), 'a g'],
  ['a pin of b', listing({ pins: { b: READ_ONLY } }), 'g'],
  ['a pin of c', listing({ pins: { c: READ_ONLY } }), 'c'],
  ['c is gone', listing({ servers: ['a', 'b'] }), 'c'],
  ['the group has other members', listing({ groups: { g: { members: ['a'] } } }), 'g'],
  ['an endpoint elsewhere', listing({ endpoints: ENDPOINT }), ''],
  ['how names are cut', listing({ names: 'short' }), 'a c g'],
] as const)(
  'with %s changed, callers of a, of c and of the group are told as it concerns them [tenancy/sight/news]',
  (_what, after, concerned) => {
    const told = ['a', 'c', 'g'].filter((server) =>
      changesSeen(listing(), after, '', testSight({ servers: [server] })),
    )
    expect(told.join(' ')).toBe(concerned)
    // Who sees something of it is told only of what changed at all.
    if (told.length > 0) expect(changesLists(listing(), after)).toBe(true)
  },
)

test('pins of tools that are left out concern nobody, an endpoint its own callers [tenancy/sight/news]', () => {
  const after = listing({ pins: { a: READ_ONLY } })
  const told = (tools: readonly string[], scope = '') =>
    changesSeen(listing(), after, scope, testSight({ tools: { allow: tools } }))
  expect([told(['a__y']), told(['a__x']), told(['g__x']), told(['a__x'], 'c')]).toEqual([
    ...[false, true, true, false],
  ])
  const sight = testSight({ servers: ['a'] })
  const others = listing({ endpoints: ENDPOINT })
  expect(
    ['', 'endpoint/e', 'a'].map((scope) => changesSeen(listing(), others, scope, sight)),
  ).toEqual([...[false, true, false]])
})
