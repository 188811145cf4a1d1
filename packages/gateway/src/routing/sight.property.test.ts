import type { SightRule } from '@sallyport/kit/principal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testPrincipal } from '../call/testing-call.ts'
import { testSight } from './testing-sights.ts'
import { openTestViews } from './testing-views.ts'

const SERVERS = ['a', 'b', 'c', 'g']
const NAMES = ['read', 'write', 'b__read', 'x']
const URIS = ['f:read', 'f:write', 'ui://x', 'b+f:read']

const glob = fc.oneof(
  fc
    .tuple(fc.constantFrom('*', ...SERVERS), fc.constantFrom('*', '*e*', ...NAMES))
    .map(([server, name]) => `${server}__${name}`),
  fc.constantFrom('*', '?__*', 'f:*', '*d', ...URIS),
)
const selection = fc.record(
  { allow: fc.array(glob, { maxLength: 3 }), deny: fc.array(glob, { maxLength: 2 }) },
  { requiredKeys: [] },
)
const rule: fc.Arbitrary<SightRule> = fc.record(
  {
    servers: fc.uniqueArray(fc.constantFrom(...SERVERS, 'none')),
    tools: selection,
    resources: selection,
    prompts: selection,
    readOnly: fc.boolean(),
  },
  { requiredKeys: [] },
)
const tool = fc
  .tuple(fc.constantFrom(...NAMES), fc.boolean(), fc.boolean())
  .map(([name, readOnlyHint, ui]) => ({
    name,
    annotations: { readOnlyHint },
    ...(ui ? { _meta: { ui: { resourceUri: 'ui://x' } } } : {}),
  }))
const lists = fc.record({
  tools: fc.uniqueArray(tool, { selector: ({ name }) => name, maxLength: 4 }),
  prompts: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 }),
  resources: fc.uniqueArray(fc.constantFrom(...URIS), { maxLength: 4 }),
})

test('whatever the sight, what is listed is exactly what leads somewhere [tenancy/sight/agrees]', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(rule, { minLength: 1, maxLength: 3 }),
      fc.tuple(lists, lists, lists),
      fc.constantFrom('', 'a', 'g', 'endpoint/e'),
      fc.boolean(),
      async (rules, served, scope, drop) => {
        const opened = await openTestViews({
          groups: { g: { members: ['a', 'b'] } },
          endpoint: { servers: ['a', 'c', 'g'], ...(drop ? { dropPrefix: true } : {}) },
          configs: {
            a: { tools: { read: { readOnly: true } } },
            b: { trustAnnotations: true },
          },
        })
        for (const [index, server] of ['a', 'b', 'c'].entries()) {
          opened.read(server, served[index] ?? {})
        }
        const sight = testSight(...rules)
        const { views, page } = opened
        if (!views.has(scope, sight)) return
        const view = views.get(scope, sight)
        const exchange = { scope, principal: testPrincipal('p', { sight }) }
        const all = { scope, principal: testPrincipal('q') }
        const shown = (kind: 'tools' | 'prompts' | 'resources') =>
          page(kind, undefined, exchange).names
        const full = SERVERS.flatMap((server) => NAMES.map((name) => `${server}__${name}`))
        const guesses = [...new Set([...NAMES, ...full])]
        for (const [kind, lead] of [
          ['tools', (name: string) => view.tool(name)],
          ['prompts', (name: string) => view.prompt(name)],
        ] as const) {
          const callable = guesses.filter((name) => lead(name) !== undefined)
          expect(callable.toSorted()).toEqual(shown(kind).toSorted())
          // A sight only takes away: what it leaves is there without it, whatever it is called.
          const whole = new Set(
            page(kind, undefined, all).names.map((name) => name.split('__').at(-1)),
          )
          for (const name of shown(kind)) expect(whole).toContain(name.split('__').at(-1))
        }
        for (const uri of shown('resources')) expect(view.resource(uri, 'key:p')).toBeDefined()
        for (const name of callableTools(view.servers, guesses, (one) => view.tool(one))) {
          for (const { servers, tools } of rules) {
            const target = view.tool(name)
            expect(servers === undefined || servers.includes(target?.server ?? '')).toBe(true)
            expect(tools?.deny ?? []).not.toContain(`${target?.server}__${target?.name}`)
          }
        }
      },
    ),
    { numRuns: 150 },
  )
})

/** Names of tools that lead to one of the servers. */
function callableTools(
  servers: readonly string[],
  names: readonly string[],
  lead: (name: string) => { readonly server: string } | undefined,
): readonly string[] {
  const found = names.filter((name) => lead(name) !== undefined)
  for (const name of found) expect(servers).toContain(lead(name)?.server)
  return found
}
