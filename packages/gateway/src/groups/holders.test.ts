import { expect, test } from 'vitest'
import { listPage, openTestViews } from '../routing/testing-views.ts'
import { isUnread } from './holders.ts'
import { openGroup } from './testing-groups.ts'

type Lists = Readonly<
  Record<
    string,
    { tools?: string[]; resources?: string[]; resourceTemplates?: string[]; prompts?: string[] }
  >
>

/** The members that a call is given to, one after the other, when each fails without being sent. */
async function asked(
  lists: Lists,
  method: string,
  name: string,
  blocked?: string,
): Promise<string[]> {
  const { catalogue, read } = await openTestViews()
  for (const [server, own] of Object.entries(lists)) read(server, own)
  if (blocked !== undefined) catalogue.setHidden(blocked, true)
  const known = new Map(catalogue.list().map(({ server }) => [server, catalogue.get(server)]))
  const config = { members: ['a', 'b', 'c'], strategy: 'priority' }
  const { fleet, group } = openGroup(config, { known: known as never }) // every server is known
  if (blocked !== undefined) fleet.states.set(blocked, 'blocked')
  const principal = { id: 'key:a', name: 'a' } as never // no canary looks at it
  const tried: NonNullable<ReturnType<typeof group.choose>>[] = []
  for (;;) {
    const member = group.choose({ method, name, principal }, tried)
    if (member === undefined) return tried.map(({ server }) => server)
    tried.push(member)
  }
}

const has = (name: string) => ({ tools: [name], prompts: [name], resources: [name] })
const CALL = 'tools/call'

test.each<[string, Lists, string, string[]]>([
  ['members that list it', { a: has('x'), b: has('y'), c: has('x') }, CALL, ['a', 'c']],
  ['also one that was never read', { a: has('x'), b: has('y') }, CALL, ['a', 'c']],
  ['only the unread where nobody lists it', { a: has('y'), b: has('y') }, CALL, ['c']],
  ['everybody where nobody does', { a: has('y'), b: has('y'), c: has('y') }, CALL, ['a', 'b', 'c']],
  ['members that list the prompt', { a: has('y'), b: has('x'), c: has('y') }, 'prompts/get', ['b']],
  [
    'members that list the resource',
    { a: has('y'), b: has('x'), c: has('y') },
    'resources/read',
    ['b'],
  ],
  [
    'everybody with a resource of no template',
    { a: has('y'), b: has('y') },
    'resources/read',
    ['a', 'b', 'c'],
  ],
  [
    'members with a template that the resource fits, and to unread ones',
    { a: has('y'), b: { resourceTemplates: ['{+p}'] } },
    'resources/read',
    ['b', 'c'],
  ],
  ['everybody with an extension', { a: has('y') }, 'acme/do', ['a', 'b', 'c']],
])('a call goes to %s', async (_case, lists, method, wanted) => {
  expect(await asked(lists, method, 'x')).toEqual(wanted)
})

test('what a blocked member may have keeps nobody else from being asked', async () => {
  const lists = { a: has('x'), b: has('y'), c: has('y') }
  expect(await asked(lists, CALL, 'x', 'a')).toEqual(['b', 'c'])
})

test('where nobody lists it, members are asked that were not read since the start', async () => {
  const { catalogue, read } = await openTestViews()
  for (const server of ['a', 'b', 'c']) read(server, has('y'))
  const stale = catalogue.get('b')
  const known = new Map(catalogue.list().map((one) => [one.server, one]))
  if (stale) known.set('b', { ...stale, tools: { ...stale.tools, fresh: false } })
  const { call } = openGroup({ members: ['a', 'b', 'c'] }, { known })
  expect([await call({ name: 'x' }), await call({ name: 'x' })]).toEqual(['b', 'b'])
})

test('a server is unread until each of its lists was read', async () => {
  const { catalogue, read } = await openTestViews()
  catalogue.onList('a', 'tools', [listPage('tools', ['x'])])
  expect(['a', 'z'].map((server) => isUnread(catalogue.get(server)))).toEqual([true, true])
  read('a', {})
  expect(isUnread(catalogue.get('a'))).toBe(false)
})
