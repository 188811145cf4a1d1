import { expect, test } from 'vitest'
import { loadGatewayConfig } from './load-gateway-config.ts'
import { TestingFolder } from './testing-folder.ts'

const SERVERS = 'mcpServers: { a: { command: node }, b: { command: node } }\n'

function told(
  endpoint: string,
  name = 'support',
  wanted: 'error' | 'warning' | undefined = undefined,
): string[] {
  using folder = new TestingFolder()
  const file = folder.write('sallyport.yaml', `${SERVERS}endpoints:\n  ${name}: ${endpoint}\n`)
  const source = { kind: 'file', file } as const
  const { problems } = loadGatewayConfig({ source, env: {}, cwd: folder.path })
  if (wanted !== undefined) expect(problems.map(({ severity }) => severity)).toEqual([wanted])
  return problems.map(({ path, line, message }) => `${line} ${path}: ${message}`)
}

test.each([
  [
    'a server that is not there',
    '{ servers: [a, c] }',
    ['3 endpoints.support.servers[1]: there is no server `c`'],
  ],
  [
    'two names that become one',
    '{ servers: [a, b], rename: { a__x: look, b__y: look } }',
    ['3 endpoints.support.rename.b__y: `a__x` and `b__y` would both be called `look`'],
  ],
  [
    'a name in the name space of a server',
    '{ servers: [a, b], rename: { a__x: b__y } }',
    ['3 endpoints.support.rename.a__x: `a__x` would be called `b__y`, which belongs to server `b`'],
  ],
  [
    'two allowed tools of one plain name without prefix',
    '{ servers: [a, b], dropPrefix: true, tools: { allow: [a__x, "a__*", b__x] } }',
    [
      '3 endpoints.support.tools.allow[2]: `a__x` and `b__x` would both be called `x` without their prefix',
    ],
  ],
  [
    'a new name that is the plain name of another tool',
    '{ servers: [a, b], dropPrefix: true, tools: { allow: [a__x, b__look] }, rename: { a__x: look } }',
    [
      '3 endpoints.support.tools.allow[1]: `a__x` and `b__look` would both be called `look` without their prefix',
    ],
  ],
  [
    'a new name for a tool that is denied',
    '{ servers: [a], tools: { deny: ["a__x*"] }, rename: { a__xy: look } }',
    ['3 endpoints.support.rename.a__xy: `a__xy` is not among the tools that the endpoint allows'],
  ],
  [
    'a description for a tool that is not allowed',
    '{ servers: [a], tools: { allow: [a__y] }, describe: { a__x: text } }',
    ['3 endpoints.support.describe.a__x: `a__x` is not among the tools that the endpoint allows'],
  ],
  [
    'hints for a tool of another server',
    '{ servers: [a], annotations: { b__x: { readOnly: true } } }',
    ['3 endpoints.support.annotations.b__x: the endpoint has no server `b`'],
  ],
])('%s is refused, naming both sides [endpoints/refuse]', (_case, endpoint, expected) => {
  expect(told(endpoint)).toEqual(expected)
})

test.each([
  ['a server named twice', '{ servers: [a, b, a] }', 'servers[2]: server `a` is named twice'],
  [
    'a glob over tools without prefix',
    '{ servers: [a], tools: { allow: ["a__*", read] } }',
    'tools.allow[1]: `read` can fit no tool of the servers of this endpoint',
  ],
  [
    'a glob over tools of a server it does not have',
    '{ servers: [a], tools: { allow: ["b__*"] } }',
    'tools.allow[0]: `b__*` can fit no tool of the servers of this endpoint',
  ],
  [
    'a prefix and no name after it',
    '{ servers: [a], prompts: { allow: ["?__"] } }',
    'prompts.allow[0]: `?__` can fit no prompt of the servers of this endpoint',
  ],
  [
    'a denied tool without prefix, which would be shown',
    '{ servers: [a], tools: { deny: [delete_file] } }',
    'tools.deny[0]: `delete_file` can fit no tool of the servers of this endpoint',
  ],
  [
    'a resource that is no URI',
    '{ servers: [a], resources: { allow: ["file:///*", "{+uri}", docs/x] } }',
    'resources.allow[2]: `docs/x` can fit no resource, because it is no URI',
  ],
])('%s is refused at its item [endpoints/reach]', (_case, endpoint, expected) => {
  expect(told(endpoint, 'support', 'error')).toEqual([`3 endpoints.support.${expected}`])
})

test.each([
  [
    'a glob of a shared list for tools of another server',
    '{ servers: [a], tools: { deny: ["b__*"] } }',
    'tools.deny[0]: `b__*` can fit no tool of the servers of this endpoint',
  ],
  [
    'a tool both allowed and denied',
    '{ servers: [a], tools: { allow: ["a__*", a__x], deny: ["*x"] } }',
    'tools.allow[1]: `a__x` is denied here as well, so it is not shown',
  ],
  [
    'a resource both allowed and denied',
    '{ servers: [a], resources: { allow: ["x:y"], deny: ["x:*"] } }',
    'resources.allow[0]: `x:y` is denied here as well, so it is not shown',
  ],
])('%s is only warned of [endpoints/reach]', (_case, endpoint, expected) => {
  expect(told(endpoint, 'support', 'warning')).toEqual([`3 endpoints.support.${expected}`])
})

test.each(['*', '?__*', 'a*', '*read', 'a__x', '?_*', '**?', '*__read_*'])(
  'the glob %s may fit a tool of a server [endpoints/reach]',
  (glob) => {
    expect(told(`{ servers: [b, a], tools: { allow: ["${glob}"], deny: ["${glob}!"] } }`)).toEqual(
      [],
    )
  },
)

test('an override of what is no tool is told the form', () => {
  expect(told('{ servers: [a], rename: { x: y }, describe: { a_x: text } }')).toEqual([
    '3 endpoints.support.rename.x: expected a tool as `<server>__<tool>`, got text of 1 character',
    '3 endpoints.support.describe.a_x: expected a tool as `<server>__<tool>`, got text of 3 characters',
  ])
})

test.each([
  ['one server', '{ servers: [a] }'],
  ['a tool allowed twice', '{ servers: [a], dropPrefix: true, tools: { allow: [a__x, a__x] } }'],
  [
    'a rename that resolves a collision',
    '{ servers: [a, b], dropPrefix: true, tools: { allow: [a__x, b__x] }, rename: { b__x: other } }',
  ],
  ['the prefix of a server it does not have', '{ servers: [a], rename: { a__x: b__x } }'],
  ['the same plain name with prefixes', '{ servers: [a, b], tools: { allow: [a__x, b__x] } }'],
])('%s is fine', (_case, endpoint) => {
  expect(told(endpoint)).toEqual([])
})

test.each(['sallyport', 'operator', 'Support', '-x', 'x'.repeat(33)])(
  'an endpoint cannot be called %s [endpoints/refuse]',
  (name) => {
    expect(told('{ servers: [a] }', name)).toEqual([expect.stringContaining('endpoints.')])
  },
)

test.each([
  ['no server', '{ servers: [] }'],
  ['an unknown key', '{ servers: [a], tool: {} }'],
  ['an override of what is no tool', '{ servers: [a], rename: { x: y } }'],
  ['a name with a space', '{ servers: [a], rename: { a__x: "y z" } }'],
  ['a name that model APIs refuse', `{ servers: [a], rename: { a__x: ${'y'.repeat(65)} } }`],
  ['an empty glob', '{ servers: [a], tools: { allow: [""] } }'],
  [
    'a tool both read-only and destructive',
    '{ servers: [a], annotations: { a__x: { readOnly: true, destructive: true } } }',
  ],
])('%s is refused [endpoints/refuse]', (_case, endpoint) => {
  expect(told(endpoint)).toHaveLength(1)
})
