import { expect, test } from 'vitest'
import { loadGatewayConfig } from './load-gateway-config.ts'
import { TestingFolder } from './testing-folder.ts'

const SERVERS = `mcpServers:
  a: { command: node }
  b: { command: node }
  rooted: { command: node, roots: ["file:///srv"] }
`

/** What is said of group `g`, and of an endpoint beside it. */
function told(group: string, more = ''): string[] {
  using folder = new TestingFolder()
  const file = folder.write('sallyport.yaml', `${SERVERS}groups:\n  g: ${group}\n${more}`)
  const source = { kind: 'file', file } as const
  const { problems } = loadGatewayConfig({ source, env: {}, cwd: folder.path })
  return problems.map(
    ({ path, line, severity, message }) => `${line} ${severity} ${path}: ${message}`,
  )
}

test.each([
  [
    'a member that is not there',
    '{ members: [a, c] }',
    '6 error groups.g.members[1]: there is no server `c`',
  ],
  [
    'a member that is named twice',
    '{ members: [a, { server: a }] }',
    '6 error groups.g.members[1]: server `a` is named twice',
  ],
  [
    'more healthy members than it has',
    '{ members: [a, b], minHealthy: 3 }',
    '6 error groups.g.minHealthy: the group needs 3 healthy members and has 2',
  ],
  [
    'a canary that is no member',
    '{ members: [a], canary: { member: b } }',
    '6 error groups.g.canary.member: `b` is no member of the group',
  ],
  [
    'a canary alone',
    '{ members: [a], canary: { member: a } }',
    '6 warning groups.g.canary: the canary is the only member, so everybody gets it',
  ],
  [
    'a weight that nothing reads',
    '{ members: [a, { server: b, weight: 3 }] }',
    '6 warning groups.g.members[1].weight: `weight` has no effect with the strategy `round-robin`',
  ],
  [
    'a priority that nothing reads',
    '{ members: [a, { server: b, priority: 1 }] }',
    '6 warning groups.g.members[1].priority: `priority` has no effect with the strategy `round-robin`',
  ],
  [
    'a canary for nobody',
    '{ members: [a, b], canary: { member: b } }',
    '6 warning groups.g.canary: nobody gets the canary',
  ],
  [
    'members with different roots',
    '{ members: [a, rooted] }',
    '6 error groups.g.members[1]: `rooted` is told of other `roots` than `a`',
  ],
])('%s is reported with its place [groups/rules]', (_case, group, line) => {
  expect(told(group)).toEqual([line])
})

test('a group of groups, and one with the name of a server, are refused [groups/rules]', () => {
  expect(told('{ members: [a, h] }', '  h: { members: [b] }\n')).toEqual([
    '6 error groups.g.members[1]: `h` is a group',
  ])
  expect(told('{ members: [b] }', '  a: { members: [b] }\n')).toEqual([
    '7 error groups.a: there is a server `a` as well',
  ])
})

test('an endpoint may name a group, but not a member that the group hides [groups/hidden]', () => {
  const endpoint = (servers: string): string =>
    `endpoints:\n  e: { servers: [${servers}], tools: { allow: ["g__*"] } }\n`
  expect(told('{ members: [a, b], hideMembers: true }', endpoint('g'))).toEqual([])
  expect(told('{ members: [a, b], hideMembers: true }', endpoint('g, b'))).toEqual([
    '8 error endpoints.e.servers[1]: `b` is a hidden member of group `g`',
  ])
  expect(told('{ members: [a, b] }', endpoint('g, b'))).toEqual([])
})

test.each([
  '{ members: [a, b] }',
  '{ members: [{ server: a, weight: 2 }, b], strategy: random }',
  '{ members: [{ server: a, priority: 2 }, { server: b, priority: 2 }], strategy: priority, minHealthy: 2, below: refuse }',
  '{ members: [a, b], canary: { member: b, percent: 5, principals: [alice] } }',
])('%s is a group', (group) => {
  expect(told(group)).toEqual([])
})
