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
  ['nothing', listing(), false, false, false],
  ['a pin of a', listing({ pins: { a: READ_ONLY } }), true, false, true],
  ['a pin of b', listing({ pins: { b: READ_ONLY } }), false, false, true],
  ['a pin of c', listing({ pins: { c: READ_ONLY } }), false, true, false],
  ['c is gone', listing({ servers: ['a', 'b'] }), false, true, false],
  [
    'the group has other members',
    listing({ groups: { g: { members: ['a'] } } }),
    false,
    false,
    true,
  ],
  ['an endpoint elsewhere', listing({ endpoints: ENDPOINT }), false, false, false],
  ['how names are cut', listing({ names: 'short' }), true, true, true],
] as const)(
  'with %s changed, callers of a, of c and of the group are told as it concerns them [tenancy/sight/news]',
  (_what, after, ofA, ofC, ofGroup) => {
    const sights = ['a', 'c', 'g'].map((server) => testSight({ servers: [server] }))
    const told = sights.map((sight) => changesSeen(listing(), after, '', sight))
    expect(told).toEqual([ofA, ofC, ofGroup])
    // Who sees something of it is told only of what changed at all.
    if (told.includes(true)) expect(changesLists(listing(), after)).toBe(true)
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
