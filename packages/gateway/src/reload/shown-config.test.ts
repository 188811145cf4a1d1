import { expect, test } from 'vitest'
import { findDifferences } from './differences.ts'
import { redactDocument } from './shown-config.ts'

const SECRET = 'hunter2hunter2'

test.each([
  ['a master key', { masterKey: SECRET }],
  ['several master keys', { masterKey: [SECRET, SECRET] }],
  ['a token', { auth: { tokens: [SECRET] } }],
  ['a named token', { auth: { tokens: [{ name: 'x', value: SECRET }] } }],
  ['a login key', { auth: { login: { key: SECRET } } }],
  ['two login keys', { auth: { login: { key: [SECRET, SECRET] } } }],
  ['a variable of a child', { mcpServers: { a: { env: { ANY: SECRET } } } }],
  ['a header', { mcpServers: { a: { headers: { 'x-any': `Bearer ${SECRET}` } } } }],
  ['a private key', { mcpServers: { a: { tls: { key: SECRET } } } }],
  ['a proxy', { mcpServers: { a: { proxy: `http://u:${SECRET}@proxy:1` } } }],
  ['a password in a URL', { store: `postgres://u:${SECRET}@db/x` }],
  ['an argument by its flag', { mcpServers: { a: { args: ['--api-key', SECRET] } } }],
  ['an argument with its flag', { mcpServers: { a: { args: [`--token=${SECRET}`] } } }],
  ['an unknown key of a telling name', { mcpServers: { a: { apiKey: SECRET } } }],
  ['a number', { auth: { tokens: [12_345_678] } }],
])('%s is never shown [reload/history]', (_what, document) => {
  const shown = JSON.stringify(redactDocument(document))
  expect(shown).not.toContain(SECRET)
  expect(shown).not.toContain('12345678')
  expect(shown).toContain('[redacted]')
})

test('references stand as they are written, with what is beside them redacted', () => {
  const headers = { one: '${env:TOKEN}', two: 'Bearer ${file:/run/x}' }
  expect(redactDocument({ mcpServers: { a: { headers } } })).toEqual({
    mcpServers: { a: { headers: { one: '${env:TOKEN}', two: '[redacted] ${file:/run/x}' } } },
  })
})

test('what is no secret stays', () => {
  const document = {
    auth: { tokens: [{ name: 'ci', value: '${env:X}' }], anonymous: false },
    mcpServers: { a: { command: 'npx', args: ['-y', 'pkg', '--verbose', 'yes'], idleAfter: '5m' } },
    limits: { requestBytes: '1MiB' },
    version: 1,
  }
  expect(redactDocument(document)).toEqual(document)
})

test('two documents are told apart value by value [reload/diff]', () => {
  const before = { a: { x: 1, gone: true }, list: ['one', 'two'], same: { deep: [1] } }
  const after = { a: { x: 2 }, list: ['one', 'two', 'three'], same: { deep: [1] }, fresh: 'yes' }
  expect(findDifferences(before, after)).toEqual([
    { path: 'a.x', kind: 'changed', before: '1', after: '2' },
    { path: 'a.gone', kind: 'removed', before: 'true', after: undefined },
    { path: 'list[2]', kind: 'added', before: undefined, after: '"three"' },
    { path: 'fresh', kind: 'added', before: undefined, after: '"yes"' },
  ])
})

test('a map in the place of a value is one difference', () => {
  expect(findDifferences({ a: 'none' }, { a: { b: 1 } })).toEqual([
    { path: 'a', kind: 'changed', before: '"none"', after: '{"b":1}' },
  ])
  expect(findDifferences({ a: [] }, { a: {} })).toHaveLength(1)
})

test('of a secret only that it differs is told, however deep it came [reload/diff]', () => {
  const server = (key: string) => ({ mcpServers: { a: { env: { KEY: key } } } })
  expect(findDifferences(server('one-secret'), server('two-secret'))).toEqual([
    {
      path: 'mcpServers.a.env.KEY',
      kind: 'changed',
      before: '"[redacted]"',
      after: '"[redacted]"',
    },
  ])
  const [added] = findDifferences({}, server('two-secret'))
  expect(added).toMatchObject({ path: 'mcpServers', kind: 'added' })
  expect(added?.after).not.toContain('two-secret')
})

test('two wholly different documents are told within bounds', () => {
  const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`k${at}`, at]))
  expect(findDifferences({}, many)).toHaveLength(1_000)
})
