import { expect, test } from 'vitest'
import { loadGatewayConfig } from './load-gateway-config.ts'
import { TestingFolder } from './testing-folder.ts'

const SERVERS = 'mcpServers: { a: { command: node }, b: { command: node } }\n'

function told(endpoint: string, name = 'support'): string[] {
  using folder = new TestingFolder()
  const file = folder.write('sallyport.yaml', `${SERVERS}endpoints:\n  ${name}: ${endpoint}\n`)
  const source = { kind: 'file', file } as const
  const { problems } = loadGatewayConfig({ source, env: {}, cwd: folder.path })
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
